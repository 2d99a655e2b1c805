"""Changes between two ECGs: none in one and the same, the opposite when swapped, blanks stay blank."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import tiny_models

from ecgapp import analysis
from ecgapp.analysis import Measurement, change_tables, ecg_comparison
from ecgapp.analysis.ecg_comparison import Change, finding_changes, level_changes, measured_changes
from ecgapp.config import PROJECT
from ecgapp.errors import ModelError
from ecgapp.models import load_model
from ecgapp.records import SyntheticConfig, synthesise
from ecgapp.signals import qt_and_axes
from ecgapp.ui.compare import paired_beats


@cache
def delineator():
    return load_model([PROJECT / "weights"], "delineator")


def ecg(rhythm="sinus", rate=70.0, **settings):
    return synthesise(SyntheticConfig(rhythm, rate, noise=0.005, seed=11, **settings)).record


@cache
def measured(rhythm="sinus", rate=70.0, sampling_rate=500.0):
    return analysis.measure(ecg(rhythm, rate, sampling_rate=sampling_rate), delineator())


@cache
def found(rhythm="sinus", threshold=0.5):
    model, _ = tiny_models.classifier(thresholds=(threshold,) * 9)
    return analysis.find(ecg(rhythm), model)


def changes(earlier, later):
    return {change.name: change for change in measured_changes(earlier, later, delineator().card)}


@pytest.mark.parametrize("rhythm", ["sinus", "AF", "LBBB"])
def test_a_record_compared_with_itself_has_not_changed(rhythm):
    one = measured(rhythm)
    for change in changes(one, one).values():
        assert change.value in (0.0, None)
        assert not change.beyond
    assert {change.value for change in level_changes(one, one)} <= {0.0, None}
    assert {change.verdict for change in finding_changes(found(rhythm), found(rhythm))} == {"unchanged"}


def test_swapping_the_two_negates_every_change():
    there, back = (
        changes(*pair) for pair in ((measured(), measured("LBBB")), (measured("LBBB"), measured()))
    )
    for name, change in there.items():
        assert (change.value is None) == (back[name].value is None)
        if change.value is not None:
            assert change.value == pytest.approx(-back[name].value)
            assert change.error == pytest.approx(back[name].error) if change.error else not back[name].error
    levels = zip(
        level_changes(measured(), measured("LBBB")), level_changes(measured("LBBB"), measured()), strict=True
    )
    assert all(one.value == pytest.approx(-other.value) for one, other in levels)
    words = {"new": "gone", "gone": "new", "unchanged": "unchanged"}
    verdicts = {change.label: change.verdict for change in finding_changes(found(), found("LBBB"))}
    for change in finding_changes(found("LBBB"), found()):
        assert verdicts[change.label] == words[change.verdict]


@pytest.mark.parametrize("sampling_rate", [250.0, 1000.0])
def test_one_heart_recorded_at_two_rates_changes_by_no_more_than_a_sample(sampling_rate):
    compared = changes(measured(), measured(sampling_rate=sampling_rate))
    assert abs(compared["Heart rate"].value) < 0.5
    for name in ("PR", "QRS", "QT"):
        assert abs(compared[name].value) <= 1000 * (1 / 500 + 1 / min(sampling_rate, 500.0)), name
        assert not compared[name].beyond
    for change in level_changes(measured(), measured(sampling_rate=sampling_rate)):
        assert abs(change.value) < 0.2


def test_a_block_that_came_is_beyond_the_error_and_atrial_fibrillation_leaves_pr_blank():
    qrs = changes(measured(), measured("LBBB"))["QRS"]
    assert qrs.beyond
    assert "beyond the error; normal, now above normal" in change_tables.remark(qrs)
    fibrillating = changes(measured(), measured("AF"))
    assert fibrillating["PR"].value is None
    assert change_tables.remark(fibrillating["PR"]) == "blank later"
    assert fibrillating["QRS"].repeated == ecg_comparison.REPEATED["QRS"]
    (sentence,) = (one for one in change_tables.blanks(list(fibrillating.values())) if "PR" in one)
    assert sentence.startswith("Blank in the later ECG")
    assert "No P wave" in sentence


def test_the_error_is_that_of_both_boundaries_of_both_readings():
    card = delineator().card
    deviations = {(one.wave, one.edge): one.deviation.value for one in card.delineation.boundaries}
    onset, offset = deviations["QRS", "onset"], deviations["QRS", "offset"]
    assert ecg_comparison.reading_error("QRS", card) == pytest.approx(
        1.96 * np.sqrt(2 * (onset**2 + offset**2))
    )
    qt = ecg_comparison.reading_error("QT", card)
    assert ecg_comparison.reading_error("QTc Bazett", card, (0.25, 0.25)) == pytest.approx(2 * qt)
    assert ecg_comparison.reading_error("QTc Hodges", card, (0.25, 0.25)) == pytest.approx(qt)
    assert ecg_comparison.reading_error("QRS axis", card) is None
    assert ecg_comparison.reading_error("QRS", replace(card, delineation=None)) is None


@pytest.mark.parametrize("rr", [0.4, 0.8, 1.3])
def test_an_error_of_qt_is_stretched_as_each_correction_stretches_qt(rr):
    for formula in (qt_and_axes.bazett, qt_and_axes.fridericia, qt_and_axes.framingham, qt_and_axes.hodges):
        stretched = formula(401.0, rr) - formula(400.0, rr)
        assert rr ** ecg_comparison.STRETCH[f"QTc {formula.__name__.title()}"] == pytest.approx(stretched)


def test_between_repeats_and_error_a_change_is_told_as_such():
    narrow = Measurement("QRS", 90.0, "ms", (70, 110), "")
    for wider, words in (
        (93.0, "as in repeats"),
        (105.0, "△ more than repeats"),
        (140.0, "▲ beyond the error"),
    ):
        change = Change(narrow, replace(narrow, value=wider), 36.0, 7.8)
        assert change_tables.remark(change).startswith(words)
    assert ecg_comparison.repeated("QTc Bazett", (0.25, 0.25)) == pytest.approx(
        2 * ecg_comparison.REPEATED["QT"]
    )
    assert ecg_comparison.repeated("Heart rate") is None


@pytest.mark.parametrize(
    ("earlier", "later", "change"), [(170, -170, 20), (-170, 170, -20), (10, 40, 30), (0, 180, 180)]
)
def test_an_axis_turns_by_the_shorter_way(earlier, later, change):
    rows = [Measurement("QRS axis", value, "°", (-30, 90), "") for value in (earlier, later)]
    assert Change(*rows, None).value == pytest.approx(change)


def test_a_finding_is_new_or_gone_only_when_it_crosses_its_threshold():
    rows = found().rows
    above = replace(rows[0], probability=0.9, threshold=0.5)
    below = replace(above, probability=0.4)
    for pair, verdict in (((below, above), "new"), ((above, below), "gone"), ((above, above), "unchanged")):
        assert ecg_comparison.FindingChange(*pair).verdict == verdict


def test_a_class_without_enough_validation_says_so_wherever_it_is_told():
    last = found().rows[-1]
    crossing = ecg_comparison.FindingChange(
        replace(last, probability=0.1, threshold=0.5), replace(last, probability=0.9, threshold=0.5)
    )
    assert "insufficient validation data (n = 2)" in change_tables.summary([crossing], [])
    assert change_tables.findings([crossing])["Remark"][0] == "insufficient validation data (n = 2)"


def test_findings_of_different_models_are_not_compared():
    with pytest.raises(ModelError, match="different models"):
        finding_changes(found(threshold=0.5), found(threshold=0.4))


def test_the_same_samples_are_the_same_recording_and_others_are_not():
    assert ecg_comparison.same_recording(ecg(), replace(ecg(), record_id="other"))
    assert not ecg_comparison.same_recording(ecg(), ecg(sampling_rate=250.0))
    assert not ecg_comparison.same_recording(ecg(), ecg(rate=71.0))


def test_beats_lie_over_each_other_at_r_in_mv_whatever_their_rates():
    one, other = measured().beat, measured(sampling_rate=250.0).beat
    figure = paired_beats.overlay(one, other)
    assert len(figure.data) == 24
    for earlier, later in zip(figure.data[::2], figure.data[1::2], strict=True):
        times = [trace.x0 + trace.dx * np.arange(len(trace.y)) for trace in (earlier, later)]
        np.testing.assert_allclose(np.interp(times[1], times[0], earlier.y), later.y, atol=0.12)
        assert earlier.line.dash != later.line.dash


def test_a_lead_that_only_one_beat_has_is_drawn_and_named():
    whole = measured().beat
    part = replace(whole, leads=whole.leads[:-1], signal=whole.signal[:-1])
    figure = paired_beats.overlay(part, whole)
    assert len(figure.data) == 23
    assert "V6</b> (later only)" in str(figure.layout.annotations)
    table = change_tables.wave_heights(part, whole, paired_beats.leads_of(part, whole)).set_index("Lead")
    assert table.loc["V6", "T, earlier"] == "-"
    assert table.loc["V6", "T, later"] != "-"


def test_heights_are_those_of_the_beat_in_millivolts():
    beat = measured().beat
    tall = ecg_comparison.heights(beat, "V5")
    assert tall.highest == pytest.approx(float(beat.between("V5", *beat.spans["QRS"]).max()))
    assert tall.lowest < 0 < tall.t < tall.highest
