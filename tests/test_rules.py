"""The textbook's rules: right on hearts of known truth, silent where they cannot know, words with figures."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ecgapp import analysis
from ecgapp.analysis.doubts import PACED, doubts, doubts_all
from ecgapp.analysis.rhythm import Beat, Rhythm, rhythm_at
from ecgapp.analysis.rules import Facts, Says, check, rule_labels, verdict, verdicts
from ecgapp.config import Settings
from ecgapp.errors import ConfigError
from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.signals import LeadQuality, RecordQuality
from ecgapp.tasks import task

RHYTHMS = {"sinus": "Normal", "AF": "AF", "I-AVB": "I-AVB", "LBBB": "LBBB", "RBBB": "RBBB"}
RHYTHMS |= {"PAC": "PAC", "PVC": "PVC", "STD": "STD", "STE": "STE"}


@cache
def delineator():
    return analysis.open_model("delineator", Settings.from_environment())


@cache
def facts(rhythm="sinus", rate=72.0, seed=3, sampling_rate=500.0):
    config = SyntheticConfig(rhythm, rate, sampling_rate=sampling_rate, noise=0.008, wander=0.03, seed=seed)
    return Facts(analysis.measure(synthesise(config).record, delineator()), sampling_rate)


def changed(name, value):
    """A healthy heart's facts with one measurement set."""
    known = facts()
    rows = tuple(replace(row, value=value) if row.name == name else row for row in known.measured.rows)
    return replace(known, measured=replace(known.measured, rows=rows))


def with_beats(*beats):
    known = facts()
    return replace(known, measured=replace(known.measured, rhythm=Rhythm(beats)))


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_every_rule_finds_its_own_heart_and_agrees_with_a_network_that_does(rhythm):
    found = verdict(RHYTHMS[rhythm], True, facts(rhythm))
    assert found.says == Says.AGREES, found.words
    assert verdict(RHYTHMS[rhythm], False, facts(rhythm)).says == Says.DISAGREES


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_no_rule_finds_what_is_not_there(rhythm):
    for label in RHYTHMS.values():
        if label not in (RHYTHMS[rhythm], "I-AVB") and (rhythm, label) != ("STE", "STD"):  # reciprocal
            found = check(label, facts(rhythm))
            assert not found.present, f"{label} in {rhythm}: {found.words}"


def test_irregular_beats_behind_p_waves_are_no_fibrillation_and_regular_ones_without_p_neither():
    fibrillating, sinus = facts("AF").measured, facts().measured
    assert check("AF", Facts(fibrillating, 500.0)).present
    irregular_with_p = replace(sinus, rhythm=fibrillating.rhythm)
    regular_without_p = replace(fibrillating, rhythm=sinus.rhythm)
    assert not check("AF", Facts(irregular_with_p, 500.0)).present
    assert not check("AF", Facts(regular_without_p, 500.0)).present


def test_early_beats_and_the_pauses_behind_them_make_no_rhythm_irregular():
    intervals = np.tile([0.8, 0.8, 0.5, 1.1], 6)[1:]
    rhythm = rhythm_at(np.cumsum([0.4, *intervals]))
    assert sum(beat.premature for beat in rhythm.beats) == 6
    assert rhythm.irregularity == pytest.approx(0, abs=1e-9)
    assert rhythm.variation > 0.2


def test_words_name_the_figure_and_the_limit():
    assert check("I-AVB", changed("PR", 232.0)).words == "PR 232 ms, over 200 ms"
    assert (
        check("LBBB", changed("QRS", 96.0)).words
        == "QRS 96 ms, under 120 ms: no bundle branch block by width"
    )
    assert "P waves stand before" in check("AF", facts("AF")).words
    assert "in V" not in check("STD", facts("STD")).words.split(";")[1]
    assert "V5 -" in check("STD", facts("STD")).words


def test_the_limits_are_those_of_the_textbook():
    assert not check("I-AVB", changed("PR", 200.0)).present
    assert check("I-AVB", changed("PR", 201.0)).present
    assert not check("CD", changed("QRS", 119.0)).present
    assert check("CD", changed("QRS", 120.0)).present
    assert check("CD", changed("QRS axis", -60.0)).present


def test_a_blank_measurement_is_no_answer_and_says_why():
    found = verdict("I-AVB", False, facts("AF"))
    assert found.says == Says.CANNOT_TELL
    assert "PR is blank. No P wave is found" in found.words


def test_at_a_low_rate_a_figure_within_a_sample_of_the_limit_is_no_answer():
    coarse = replace(changed("QRS", 117.0), sampling_rate=100.0)
    assert check("RBBB", coarse).present is None
    assert "too close to 120 ms to tell at 100 samples/s" in check("RBBB", coarse).words
    assert check("RBBB", changed("QRS", 117.0)).present is False
    assert check("I-AVB", replace(changed("PR", 206.0), sampling_rate=100.0)).present is None


def test_with_a_wide_qrs_the_limits_of_st_do_not_hold():
    found = check("STD", facts("LBBB"))
    assert found.present is None
    assert "shifts ST by itself" in found.words


def test_st_counts_in_two_neighbouring_leads_only():
    def levels(**shifted):
        known = facts()
        st = dict.fromkeys(LEADS, 0.0) | shifted
        return replace(known, measured=replace(known.measured, st_levels=st))

    assert not check("STD", levels(V5=-0.9)).present
    assert check("STD", levels(V5=-0.9, V6=-0.5)).present
    assert not check("STD", levels(V1=-0.9, V6=-0.9)).present
    assert not check("STE", levels(V2=1.5, V3=1.5)).present
    assert check("STE", levels(V2=2.0, V3=2.0)).present
    assert check("STE", levels(II=1.0, aVF=1.1)).present
    assert check("STD", levels(I=-0.6, aVR=0.6)).present
    assert check("STD", levels(**dict.fromkeys(LEADS))).present is None


def test_premature_beats_are_told_apart_by_their_width():
    usual = [Beat(0.9 * k, 0.9, 0.0, 92.0) for k in range(8)]
    narrow, wide = Beat(8.0, 0.6, 0.33, 94.0), Beat(8.0, 0.6, 0.33, 160.0)
    assert check("PAC", with_beats(*usual, narrow)).present
    assert not check("PVC", with_beats(*usual, narrow)).present
    assert check("PVC", with_beats(*usual, wide)).present
    assert not check("PAC", with_beats(*usual, wide)).present
    assert "1 of 9 beats comes early by 33 % and is wide" in check("PVC", with_beats(*usual, wide)).words


def test_in_a_wide_rhythm_a_beat_as_wide_as_the_others_is_no_ventricular_one():
    usual = [Beat(0.9 * k, 0.9, 0.0, 160.0) for k in range(8)]
    beats = with_beats(*usual, Beat(8.0, 0.6, 0.33, 164.0))
    assert not check("PVC", beats).present
    assert "are about as wide as the others (164 ms)" in check("PVC", beats).words
    assert "is about as wide as the others (164 ms)" in check("PAC", beats).words


def test_in_fibrillation_no_beat_is_called_early():
    assert check("PVC", facts("AF")).present is None


def test_one_early_beat_does_not_make_a_rhythm_irregular():
    def rhythm(*intervals):
        return Rhythm(tuple(Beat(0.0, rr, None, 90.0) for rr in (None, *intervals)))

    assert rhythm(0.8, 0.8, 0.8, 0.5, 1.1, 0.8, 0.8, 0.8, 0.8).irregularity < 0.01
    assert rhythm(0.8, 0.6, 0.9, 0.5, 1.1, 0.7, 0.95, 0.6).irregularity > 0.2
    assert rhythm(0.8, 0.8).irregularity is None


def test_without_beats_that_look_alike_no_rule_answers():
    noise = replace(
        synthesise(SyntheticConfig()).record,
        signal=np.random.default_rng(0).normal(0, 0.3, (12, 5000)).astype(np.float32),
    )
    known = Facts(analysis.measure(noise, delineator()), 500.0)
    for label in rule_labels():
        assert check(label, known).present is None
        assert check(label, known).words


def test_labels_without_a_rule_have_no_verdict():
    assert verdict("MI", True, facts()) is None
    model = analysis.open_model("ptbxl_superclass", Settings.from_environment())
    record = synthesise(SyntheticConfig()).record
    found = verdicts(analysis.find(record, model), analysis.measure(record, delineator()), 500.0)
    assert set(found) == {"NORM", "CD"}


def test_two_rules_for_one_label_are_an_error():
    from ecgapp.analysis.rules.verdict import rule

    with pytest.raises(ConfigError, match="two rules"):
        rule("AF")(lambda facts: None)


def lead(name, **faults):
    return LeadQuality(name, **({"flat": False, "missing_samples": 0, "clipped": False} | faults))


def quality(*leads, reversal="", pacing=(), einthoven=0.0):
    return RecordQuality(tuple(leads), reversal, pacing, einthoven)


def test_a_finding_that_hangs_on_a_faulty_lead_says_so():
    leads = [lead(name, flat=name == "V1", clipped=name == "V3") for name in LEADS]
    spoilt = quality(*leads)
    assert doubts("LBBB", spoilt) == "It hangs on I, V1 and V6, of which one is faulty: V1 (no signal)."
    assert doubts("STD", spoilt) == "It may hang on any lead, and 2 are faulty: V1 (no signal), V3 (clipped)."
    assert doubts("AF", quality(*leads[:6])) == ""
    clean = quality(*(lead(name) for name in LEADS))
    assert all(doubts(label, clean) == "" for label in task("nine_class").label_names)


def test_a_finding_that_hangs_on_limb_leads_is_doubted_where_electrodes_look_swapped():
    swapped = quality(*(lead(name) for name in LEADS), reversal="RA/LA")
    assert doubts("LBBB", swapped) == "It hangs on limb leads too, and the electrodes RA/LA look swapped."
    assert doubts_all(swapped) == "Doubtful: the electrodes RA/LA look swapped."
    assert doubts_all(quality()) == ""
    assert doubts("STD", swapped) == "It may hang on limb leads, and the electrodes RA/LA look swapped."
    assert doubts("AF", quality(einthoven=0.5)) == "It hangs on limb leads too, and I + III is not II."


def test_every_finding_is_doubted_where_a_pacemaker_is_seen():
    paced = quality(*(lead(name) for name in LEADS), pacing=(0.5, 1.5))
    assert {doubts(label, paced) for label in task("nine_class").label_names} == {PACED}
