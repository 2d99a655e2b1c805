"""The textbook's rules: right on hearts of known truth, silent where they cannot know, words with figures."""

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ecgapp import analysis
from ecgapp.analysis.doubts import PACED, doubts, doubts_all
from ecgapp.analysis.measurement.beat_timing import Beat, Rhythm, rhythm_at
from ecgapp.analysis.measurement.measured_rows import NO_P
from ecgapp.analysis.rules import (
    RULES,
    Facts,
    Presence,
    Verdict,
    check,
    st_elevation,
    verdict,
    verdicts,
)
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


def levels(later=None, **shifted):
    """A healthy heart's facts with these ST levels at J, and ``later`` ones at J+60."""
    known = facts()
    at_j = dict.fromkeys(LEADS, 0.0) | shifted
    return replace(known, measured=replace(known.measured, j_levels=at_j, st_levels=at_j | (later or {})))


@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_every_rule_finds_its_own_heart_and_contradicts_a_network_that_does_not(rhythm):
    found = verdict(RHYTHMS[rhythm], facts(rhythm))
    assert found.presence is Presence.PRESENT, found.words
    assert found.description == f"present: {found.words}"
    assert found.contradicts(positive=False)
    assert not found.contradicts(positive=True)


@pytest.mark.parametrize("presence", [Presence.BORDERLINE, Presence.CANNOT_TELL])
def test_what_is_borderline_or_unknown_contradicts_nothing(presence):
    found = Verdict("LBBB", presence, "")
    assert not found.contradicts(positive=True)
    assert not found.contradicts(positive=False)
    assert Verdict("LBBB", Presence.ABSENT, "").contradicts(positive=True)


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


def test_bigeminy_without_p_waves_is_no_fibrillation():
    rhythm = rhythm_at(np.cumsum([0.4, *np.tile([0.5, 1.1], 10)]))
    assert rhythm.irregularity > 0.7
    assert rhythm.alternates
    known = facts("AF")
    bigeminy = replace(known, measured=replace(known.measured, rhythm=rhythm))
    assert not known.measured.rhythm.alternates
    assert check("AF", bigeminy).presence is Presence.ABSENT
    assert "as in bigeminy" in check("AF", bigeminy).words


def test_a_beat_behind_an_interpolated_one_is_not_early():
    times = [0.0, 0.9, 1.8, 2.7, 3.15, 3.6, 4.5, 5.4, 6.3]
    early = [beat.time for beat in rhythm_at(np.array(times)).beats if beat.premature]
    assert early == [3.15]


def test_irregularity_of_fibrillation_counts_every_beat():
    rng = np.random.default_rng(0)
    rhythm = rhythm_at(np.cumsum(0.4 + rng.gamma(2.2, 0.2, 40)))
    rr = rhythm.intervals
    assert sum(beat.premature for beat in rhythm.beats) > 5
    assert rhythm.irregularity == pytest.approx(np.median(np.abs(np.diff(rr))) / np.median(rr))


def test_words_name_the_figure_and_the_limit():
    assert check("I-AVB", changed("PR", 232.0)).words == "PR 232 ms, over 200 ms"
    assert check("LBBB", changed("QRS", 96.0)).words == "QRS 96 ms, under 120 ms"
    assert check("CD", changed("QRS", 116.0)).words == "QRS 116 ms, limit 120, error about 20 ms"
    assert "P waves precede" in check("AF", facts("AF")).words
    assert "in V" not in check("STD", facts("STD")).words.split(";")[1]
    assert "V5 -" in check("STD", facts("STD")).words


def test_the_limits_are_those_of_the_textbook():
    def found(label, name, value):
        return check(label, changed(name, value)).presence

    assert found("I-AVB", "PR", 171.0) is Presence.ABSENT
    assert {found("I-AVB", "PR", value) for value in (173.0, 205.0, 227.0)} == {Presence.BORDERLINE}
    assert found("I-AVB", "PR", 229.0) is Presence.PRESENT
    assert found("CD", "QRS", 99.0) is Presence.ABSENT
    assert {found("CD", "QRS", value) for value in (101.0, 116.0, 139.0)} == {Presence.BORDERLINE}
    assert found("CD", "QRS", 141.0) is Presence.PRESENT
    assert found("CD", "QRS axis", -60.0) is Presence.PRESENT
    assert found("CD", "QRS axis", -50.0) is Presence.BORDERLINE


def test_a_figure_just_out_of_its_normal_range_is_borderline_and_one_within_is_normal():
    def found(name, value):
        return check("Normal", changed(name, value)).presence

    assert found("Heart rate", 55.0) is Presence.PRESENT
    assert found("Heart rate", 45.0) is Presence.ABSENT
    assert found("QRS", 108.0) is Presence.PRESENT
    assert found("QRS", 118.0) is Presence.BORDERLINE
    assert found("QRS", 135.0) is Presence.ABSENT
    assert found("QTc Fridericia", 530.0) is Presence.ABSENT


def test_the_rule_and_the_table_have_one_range_of_heart_rate():
    row = facts().row("Heart rate")
    words = check("Normal", changed("Heart rate", 45.0)).words
    assert row.normal == (50, 100)
    assert "normal 50 to 100" in words


def test_a_normal_ecg_is_told_in_figures_with_their_units():
    words = check("Normal", facts()).words
    assert re.search(
        r"Heart rate \d+ bpm, PR \d+ ms, QRS \d+ ms, QTc Fridericia \d+ ms, QRS axis \d+°", words
    )


def test_a_blank_measurement_is_no_answer_and_says_why():
    found = verdict("I-AVB", facts("AF"))
    assert found.presence is Presence.CANNOT_TELL
    assert found.words.startswith(f"PR is blank. {NO_P.removesuffix('.')}")


def test_at_a_very_low_rate_the_error_is_a_sample():
    coarse = replace(changed("QRS", 90.0), sampling_rate=30.0)
    assert check("CD", coarse).presence is Presence.BORDERLINE
    assert "error about 33 ms" in check("CD", coarse).words
    assert check("CD", changed("QRS", 90.0)).presence is Presence.ABSENT


def test_a_rule_names_the_span_where_the_record_is_longer():
    config = SyntheticConfig("PVC", 70, duration=60, sampling_rate=250.0, noise=0.008, seed=3)
    known = Facts(analysis.measure(synthesise(config).record, delineator(), 30.0), 250.0)
    assert "beats in 30 to 60 s come early" in check("PVC", known).words
    assert check("AF", known).words.endswith("in 30 to 60 s")
    assert " s" not in check("PVC", facts("PVC")).words.replace(" ms", "")


def test_with_a_wide_qrs_the_limits_of_st_do_not_hold():
    found = check("STD", facts("LBBB"))
    assert found.presence is Presence.CANNOT_TELL
    assert "shifts ST by itself" in found.words


def test_st_counts_in_two_neighbouring_leads_only():
    assert not check("STD", levels(V5=-0.9)).present
    assert check("STD", levels(V5=-0.9, V6=-0.5)).present
    assert not check("STD", levels(V1=-0.9, V6=-0.9)).present
    assert not check("STE", levels(V2=1.5, V3=1.5)).present
    assert check("STE", levels(V2=2.0, V3=2.0)).present
    assert check("STE", levels(II=1.0, aVF=1.1)).present
    assert check("STD", levels(I=-0.6, aVR=0.6)).present
    assert check("STD", levels(**dict.fromkeys(LEADS))).presence is Presence.CANNOT_TELL
    assert check("STE", levels(V2=1.9, V3=2.0)).presence is Presence.BORDERLINE
    assert check("STD", levels(V5=-0.6, V6=-0.4)).presence is Presence.BORDERLINE


@pytest.mark.parametrize(
    ("age", "sex", "least"), [(None, "", 2.0), (35, "male", 2.5), (60, "male", 2.0), (60, "female", 1.5)]
)
def test_the_limit_in_v2_and_v3_depends_on_age_and_sex(age, sex, least):
    for level, present in ((least, True), (least - 0.3, False)):
        known = replace(levels(V2=level, V3=level), age=age, sex=sex)
        assert check("STE", known).present is present
        assert f"{least:g} mm" in check("STE", known).words
    assert ("not known" in check("STE", levels(V2=3.0, V3=3.0)).words) is True


def test_elevation_is_returned_with_its_leads_levels_and_reciprocal_depression():
    found = st_elevation(levels(II=1.5, III=2.5, aVF=2.0, I=-0.8, aVL=-1.5, V1=-0.2))
    assert set(found.leads) == {"II", "III", "aVF"}
    assert found.levels["III"] == 2.5
    assert found.reciprocal == {"I": -0.8, "aVL": -1.5}
    assert st_elevation(levels(II=0.9, aVF=0.9)) is None


def test_a_rising_st_counts_from_half_of_the_limit_at_j():
    assert st_elevation(levels(V2=1.0, V3=1.0, later={"V2": 3.0, "V3": 3.1})).leads == ("V2", "V3")
    assert st_elevation(levels(V2=0.8, V3=0.8, later={"V2": 3.0, "V3": 3.1})) is None


def test_in_a_wide_qrs_elevation_counts_only_where_it_is_concordant_or_large_for_s():
    block = facts("LBBB")
    assert check("STE", block).presence is not Presence.PRESENT
    concordant = dict.fromkeys(LEADS, 0.0) | {"V5": 1.5, "V6": 1.5}
    discordant = dict.fromkeys(LEADS, 0.0) | {"V1": 1.2, "V2": 2.2}
    for known, present in ((concordant, True), (discordant, False)):
        measured = replace(block.measured, j_levels=known, st_levels=known)
        assert (st_elevation(replace(block, measured=measured)) is not None) is present


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
    assert "it is about as wide as the others (164 ms)" in check("PVC", beats).words
    assert "is about as wide as the others (164 ms)" in check("PAC", beats).words


def test_in_fibrillation_no_beat_is_called_early():
    assert check("PVC", facts("AF")).presence is Presence.CANNOT_TELL


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
    for label in sorted(RULES):
        assert check(label, known).presence is Presence.CANNOT_TELL
        assert check(label, known).words


def test_labels_without_a_rule_have_no_verdict():
    assert verdict("MI", facts()) is None
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
    assert doubts("LBBB", spoilt) == "It depends on I, V1 and V6, of which one is faulty: V1 (no signal)."
    assert (
        doubts("STD", spoilt) == "It may depend on any lead, and 2 are faulty: V1 (no signal), V3 (clipped)."
    )
    assert doubts("AF", quality(*leads[:6])) == ""
    clean = quality(*(lead(name) for name in LEADS))
    assert all(doubts(label, clean) == "" for label in task("nine_class").label_names)


def test_a_finding_that_hangs_on_limb_leads_is_doubted_where_electrodes_look_swapped():
    swapped = quality(*(lead(name) for name in LEADS), reversal="RA/LA")
    assert doubts("LBBB", swapped) == "It depends on limb leads too, and the electrodes RA/LA look swapped."
    assert doubts_all(swapped) == "Doubtful: the electrodes RA/LA look swapped."
    assert doubts_all(quality()) == ""
    assert doubts("STD", swapped) == "It may depend on limb leads, and the electrodes RA/LA look swapped."
    assert doubts("AF", quality(einthoven=0.5)) == "It depends on limb leads too, and I + III is not II."


def test_every_finding_is_doubted_where_a_pacemaker_is_seen():
    paced = quality(*(lead(name) for name in LEADS), pacing=(0.5, 1.5))
    assert {doubts(label, paced) for label in task("nine_class").label_names} == {PACED}
