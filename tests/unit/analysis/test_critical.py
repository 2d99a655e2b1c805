"""Critical findings: what each rule calls, what it leaves alone, and where its evidence lies."""

from dataclasses import replace

import numpy as np
import pytest
from one_lead import one_lead

from ecgapp.analysis.critical import (
    ORDER,
    CriticalFacts,
    CriticalFinding,
    CriticalKind,
    critical_findings,
    worst_first,
)
from ecgapp.analysis.critical.pacing_failure import captured
from ecgapp.analysis.critical.rate import rates, standstill
from ecgapp.analysis.critical.ventricular_arrhythmia import broad_tachycardia, fibrillation
from ecgapp.analysis.measurement.beat_timing import Beat, Rhythm
from ecgapp.evaluate.detectors.ventricular_decision import VentricularRhythm
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals import BeatList, beat_list, record_quality

FRAMES_A_SECOND = 31.25


def facts_of(record, ventricular=None, beats=None):
    quality = record_quality(record)
    return CriticalFacts(record, quality, beats or beat_list(record, quality), None, ventricular)


def network(record, spans=()):
    """Answers of a network that knows the truth: ``spans`` are (start, end, whether it fibrillates)."""
    n = round(record.duration * FRAMES_A_SECOND)
    probabilities = np.zeros((1, 4, n), np.float32)
    probabilities[0, 0] = 1.0
    for start, end, fibrillates in spans:
        frames = slice(round(start * FRAMES_A_SECOND), round(end * FRAMES_A_SECOND))
        probabilities[0, :, frames] = np.array([0, 0, 1, 0] if fibrillates else [0, 1, 0, 0])[:, None]
    return VentricularRhythm(("II",), probabilities, FRAMES_A_SECOND)


def beats_at(times, duration, rate=500.0):
    return BeatList(np.rint(np.asarray(times) * rate).astype(np.int64), rate, ("II",), duration)


def kinds(findings):
    return [finding.kind for finding in findings]


def test_the_most_dangerous_kind_stands_first_and_of_one_kind_the_earliest():
    def at(kind, start):
        return CriticalFinding(kind, "x", ("II",), start, start + 1, "", "", "")

    found = worst_first([at(CriticalKind.LONG_QT, 0), at(CriticalKind.PAUSE, 5), at(CriticalKind.PAUSE, 1)])
    assert [(one.kind, one.start) for one in found] == [("pause", 1), ("pause", 5), ("long_qt", 0)]
    assert next(iter(ORDER)) is CriticalKind.VENTRICULAR_FIBRILLATION


def test_an_alarm_is_a_sentence():
    found = CriticalFinding(CriticalKind.TACHYCARDIA, "tachycardia, 170/min", ("II",), 0, 1, "", "", "")
    assert found.sentence == "Read this ECG now: tachycardia, 170/min."


def test_a_normal_ecg_has_no_critical_finding():
    record = synthesise(SyntheticConfig("sinus", noise=0.01)).record
    assert critical_findings(facts_of(record, network(record))) == ()


@pytest.mark.parametrize("name", ["VF", "VFL"])
def test_fibrillation_and_flutter_are_called_where_the_network_finds_them(name):
    made = synthesise(SyntheticConfig(name, seed=3, noise=0.01))
    (event,) = [event for event in made.events if event.kind == "ventricular_fibrillation"]
    (found,) = fibrillation(facts_of(made.record, network(made.record, [(event.start, event.end, True)])))
    assert abs(found.start - event.start) < 0.1
    assert abs(found.end - event.end) < 0.1
    assert "oscillates at" in found.evidence


def test_a_wire_with_little_noise_is_no_fibrillation_whatever_the_network_says():
    rng = np.random.default_rng(0)
    record = ECGRecord("r", (0.01 * rng.normal(size=(1, 5000))).astype(np.float32), 500.0, ("ECG",))
    assert fibrillation(facts_of(record, network(record, [(0, 10, True)]))) == []


def test_a_slow_ventricular_rhythm_is_no_tachycardia():
    record = synthesise(SyntheticConfig("AIVR", heart_rate=70, seed=1)).record
    assert broad_tachycardia(facts_of(record, network(record, [(0, 10, False)]))) == []


def test_a_run_of_ventricular_tachycardia_is_limited_by_its_own_beats():
    made = synthesise(SyntheticConfig("NSVT", seed=2, noise=0.01))
    (event,) = [event for event in made.events if event.kind == "broad_complex_tachycardia"]
    spans = [(event.start + 0.1, event.end - 0.1, False)]
    (found,) = broad_tachycardia(facts_of(made.record, network(made.record, spans)))
    assert abs(found.start - event.start) < 0.2
    assert abs(found.end - event.end) < 0.2
    assert "/min" in found.name


class _Measured:
    """Measurements with beats of given times and widths, as far as the rules read them."""

    def __init__(self, times, widths):
        intervals = [None, *np.diff(times)]
        self.rhythm = Rhythm(
            tuple(Beat(t, rr, None, w) for t, rr, w in zip(times, intervals, widths, strict=True))
        )

    def value(self, name):
        return None


def by_width(times, widths, leads=LEADS):
    record = synthesise(SyntheticConfig("sinus", noise=0.01)).record
    facts = facts_of(record, network(record), replace(beats_at(times, 10.0), leads=leads))
    return broad_tachycardia(replace(facts, measurements=_Measured(times, widths)))


def test_fast_broad_beats_are_called_by_rule_alone_and_narrow_or_slow_ones_are_not():
    fast, slow = np.arange(0.5, 9.5, 0.42), np.arange(0.5, 9.5, 0.55)
    (found,) = by_width(fast, [140.0] * len(fast))
    assert found.found_by == "rule"
    assert found.name == "broad complex tachycardia, 143/min"
    assert by_width(fast, [90.0] * len(fast)) == []
    assert by_width(slow, [140.0] * len(slow)) == []
    assert by_width(fast, [140.0] * len(fast), ("II",)) == []  # one lead measures widths badly


def test_two_broad_beats_are_a_couplet_and_three_a_run():
    times = np.array([0.5, 1.3, 2.1, 2.5, 3.3, 4.1, 4.5, 4.9, 5.7, 6.5])
    widths = [90, 90, 140, 140, 90, 140, 140, 140, 90, 90]
    (found,) = by_width(times, widths)
    assert (round(found.start, 2), round(found.end, 2)) == (4.03, 4.97)


def test_a_pause_is_told_from_beat_to_beat():
    made = synthesise(SyntheticConfig("sinus pause", seed=4, noise=0.01))
    (event,) = [event for event in made.events if event.kind == "pause"]
    (found,) = standstill(facts_of(made.record, network(made.record)))
    assert found.kind == "pause"
    assert abs(found.start - event.start) < 0.2
    assert abs(found.end - event.end) < 0.2


@pytest.mark.parametrize("variant", ["without P waves", "with P waves"])
def test_asystole_lasts_to_the_records_end(variant):
    made = synthesise(SyntheticConfig("asystole", seed=1, noise=0.01, variant=variant))
    (event,) = [event for event in made.events if event.kind == "asystole"]
    found = standstill(facts_of(made.record, network(made.record)))
    assert kinds(found) == ["asystole"]
    assert abs(found[0].start - event.start) < 0.2
    assert found[0].end == pytest.approx(event.end, abs=0.2)


def test_beats_that_were_missed_are_no_pause():
    record = synthesise(SyntheticConfig("sinus", noise=0.01)).record
    found = beat_list(record).times
    without = np.concatenate([found[:4], found[8:]])
    assert standstill(facts_of(record, network(record), beats_at(without, 10.0))) == []


def test_fibrillation_is_no_pause_and_has_no_rate():
    made = synthesise(SyntheticConfig("VF", seed=5, onset=3.0))
    facts = facts_of(made.record, network(made.record, [(3.0, 10.0, True)]))
    assert standstill(facts) == []
    assert all(finding.end <= 3.1 for finding in rates(facts))


@pytest.mark.parametrize(
    ("rate", "kind"), [(36, "bradycardia"), (44, None), (70, None), (146, None), (158, "tachycardia")]
)
def test_a_rate_is_critical_below_40_and_above_150(rate, kind):
    record = synthesise(SyntheticConfig("sinus")).record
    found = rates(facts_of(record, network(record), beats_at(np.arange(0.2, 10, 60 / rate), 10.0)))
    assert kinds(found) == ([kind] if kind else [])
    if kind:
        assert f"{rate}/min" in found[0].name
        assert (found[0].start, found[0].end) == (0.0, 10.0)


def test_a_fast_stretch_of_a_long_record_is_found_where_it_lies():
    record = synthesise(SyntheticConfig("sinus", duration=60)).record
    times = np.concatenate([np.arange(0.3, 20, 0.8), np.arange(20, 40, 0.35), np.arange(40.4, 60, 0.8)])
    (found,) = rates(facts_of(record, network(record), beats_at(times, 60.0)))
    assert found.start == pytest.approx(20, abs=0.5)
    assert found.end == pytest.approx(40, abs=0.5)


def test_missing_samples_are_no_pause_and_slow_no_rate():
    record = synthesise(SyntheticConfig("sinus", noise=0.01)).record
    signal = record.signal.copy()
    signal[:, 1500:3500] = np.nan
    facts = facts_of(replace(record, signal=signal))
    assert standstill(facts) == []
    assert facts.beats.rate == pytest.approx(beat_list(record).rate, abs=3)


def test_a_slow_or_very_small_ventricular_rhythm_silences_no_other_rule():
    slow = synthesise(SyntheticConfig("sinus bradycardia", noise=0.01)).record
    heard = network(slow, [(0, 10, False)])
    assert CriticalKind.BRADYCARDIA in kinds(critical_findings(facts_of(slow, heard)))
    coarse = synthesise(SyntheticConfig("VF", noise=0.01, seed=103)).record
    fine = replace(coarse, signal=0.1 * coarse.signal)
    facts = facts_of(fine, network(fine, [(0, 10, True)]))
    assert kinds(critical_findings(facts)) == [CriticalKind.ASYSTOLE]


def test_noise_has_neither_a_rate_nor_a_pause():
    record = synthesise(SyntheticConfig("sinus")).record
    answers = network(record)
    answers.probabilities[0] = np.array([0, 0, 0, 1.0])[:, None]
    times = np.arange(0.2, 10, 0.3)
    assert rates(facts_of(record, answers, beats_at(times, 10.0))) == []


def test_spikes_with_a_constant_delay_are_captured_and_others_are_lost():
    beats = np.arange(0.5, 10, 0.9)
    assert captured(beats - 0.06, beats, 10.0).all()
    assert captured(np.sort(np.concatenate([beats - 0.06, beats - 0.22])), beats, 10.0).all()
    escape = np.array([1.0, 2.9, 4.8, 6.7, 8.6])
    spikes = np.arange(0.35, 9.0, 0.83)
    assert captured(spikes, escape, 10.0).mean() < 0.3


def test_a_lead_of_any_name_is_enough_for_rhythms():
    made = synthesise(SyntheticConfig("VF", seed=2, noise=0.01))
    record = one_lead(made.record, "V2", "ECG")
    (found,) = fibrillation(facts_of(record, network(record, [(0, 10, True)])))
    assert found.leads == ("II",)  # as the network of the test names it
    assert found.kind == "ventricular_fibrillation"
