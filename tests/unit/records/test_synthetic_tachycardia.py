"""Synthetic tachycardia, fibrillation and flutter: rates, widths, axes, spectra over forty seeds."""

from itertools import pairwise

import numpy as np
import pytest
from synthetic_kinds import (
    DURATION,
    RATE,
    event,
    forty,
    inside,
    kinds,
    peak_to_peak,
    rate_of,
    value,
    waves,
    width,
)

from ecgapp.records import LEADS, SyntheticConfig, synthesise
from ecgapp.records.synthetic.catalogue import ORIGINS


def run_of(ecg):
    """The broad complexes that lie in the event as a whole."""
    span = event(ecg, "broad_complex_tachycardia")
    return inside(ecg, "QRS", span.start, span.end)


def net(ecg, lead, wave):
    """The area of a wave in a lead, mV s."""
    part = ecg.record.signal[LEADS.index(lead)][round(wave.onset * RATE) : round(wave.offset * RATE) + 1]
    return float(part.sum()) / RATE


@pytest.mark.parametrize("rhythm", ["VT", "NSVT", "torsade"])
def test_ventricular_tachycardia_is_broad_fast_and_as_long_as_its_event(rhythm):
    for ecg in forty(rhythm):
        beats, span = run_of(ecg), event(ecg, "broad_complex_tachycardia")
        assert len(beats) >= 5
        assert all(0.13 <= width(beat) <= 0.22 for beat in beats)
        assert 120 < rate_of(beats) <= 256
        gap = 1.25 * 60 / rate_of(beats)  # torsade is irregular, and edges cut a complex
        assert beats[0].onset - gap < span.start <= beats[0].onset
        assert beats[-1].offset <= span.end < beats[-1].offset + gap


def test_a_run_of_tachycardia_has_sinus_rhythm_on_both_sides():
    for ecg in forty("NSVT"):
        beats, span = run_of(ecg), event(ecg, "broad_complex_tachycardia")
        assert 5 <= len(beats) <= 12
        around = [qrs for qrs in waves(ecg, "QRS") if qrs not in beats]
        assert all(width(qrs) < 0.11 for qrs in around)
        assert min(qrs.peak for qrs in around) < span.start < span.end < max(qrs.peak for qrs in around)
        assert not [p for p in waves(ecg, "P") if span.start < p.peak < span.end]


def test_tachycardia_is_regular_and_alike_from_beat_to_beat_and_torsade_is_not():
    for ecg in forty("VT"):
        beats = run_of(ecg)
        rr = np.diff([beat.peak for beat in beats])
        assert rr.std() / rr.mean() < 0.03
        sizes = [peak_to_peak(ecg, "V2", beat.onset, beat.offset) for beat in beats]
        assert np.std(sizes) < 0.15 * np.mean(sizes) + 0.03
    for ecg in forty("torsade"):
        areas = np.array([[net(ecg, lead, beat) for lead in ("II", "V2")] for beat in run_of(ecg)])
        turned = [column for column in areas.T if np.abs(column).max() > 0.05]
        assert any(min(column.max(), -column.min()) > 0.3 * np.abs(column).max() for column in turned)


@pytest.mark.parametrize(
    ("origin", "signs"),
    [
        (ORIGINS[0], {"V1": -1, "II": 1, "III": 1}),
        (ORIGINS[1], {"V1": -1, "II": -1, "I": 1}),
        (ORIGINS[2], {"V1": 1, "II": -1, "aVL": 1}),
        (ORIGINS[3], {"V1": 1, "I": -1, "III": 1}),
        (ORIGINS[4], {"V1": 1, "II": -1, "aVR": 1}),
        (ORIGINS[5], {f"V{n}": -1 for n in range(2, 6)}),
        (ORIGINS[6], {f"V{n}": 1 for n in range(1, 5)}),
    ],
)
def test_the_origin_decides_the_axis_and_repolarisation_runs_against_it(origin, signs):
    for seed in range(12):
        ecg = synthesise(SyntheticConfig("VT", 150, seed=seed, sampling_rate=RATE, variant=origin, onset=0))
        qrs = run_of(ecg)[3]
        t_wave = next(wave for wave in waves(ecg, "T") if wave.peak > qrs.offset)
        largest = max(signs, key=lambda lead: abs(net(ecg, lead, qrs)))
        for lead, sign in signs.items():
            assert sign * net(ecg, lead, qrs) > -0.01, (lead, seed)
        assert signs[largest] * value(ecg, largest, t_wave.peak) < 0


def test_dissociated_p_waves_show_in_some_tachycardias_at_their_own_pace():
    shown = [ecg for ecg in forty("VT") if len(inside(ecg, "P", event(ecg, ecg.events[0].kind).start)) > 3]
    assert 8 <= len(shown) <= 32
    for ecg in shown:
        start = event(ecg, "broad_complex_tachycardia").start
        pace = np.diff([p.peak for p in inside(ecg, "P", start)])
        assert 60 / pace.min() < 110


def test_torsade_follows_a_long_qt_interval():
    for ecg in forty("torsade"):
        span = event(ecg, "broad_complex_tachycardia")
        assert event(ecg, "long_qt").end == pytest.approx(span.start, abs=1e-6)
        sinus = [qrs for qrs in waves(ecg, "QRS") if qrs.offset < span.start]
        assert all(width(qrs) < 0.11 for qrs in sinus)


def spectrum_of(ecg):
    """Power of all leads by frequency in the fibrillation of a record: frequencies, shares."""
    span = event(ecg, "ventricular_fibrillation")
    part = ecg.record.signal[:, round((span.start + 0.3) * RATE) : round(span.end * RATE)]
    power = (np.abs(np.fft.rfft((part - part.mean(axis=1)[:, None]) * np.hanning(part.shape[1]))) ** 2).sum(0)
    return np.fft.rfftfreq(part.shape[1], 1 / RATE), power / power.sum()


def test_fibrillation_has_its_power_between_3_and_9_hz_and_is_not_one_sine():
    for ecg in forty("VF"):
        frequency, power = spectrum_of(ecg)
        assert 3 <= frequency[power.argmax()] <= 9
        assert power[(frequency > 2.5) & (frequency < 10)].sum() > 0.75
        peak = frequency[power.argmax()]
        assert power[np.abs(frequency - peak) < 0.35].sum() < 0.75


def test_fibrillation_has_no_waves_and_between_a_tenth_and_one_millivolt():
    for ecg in forty("VF"):
        span = event(ecg, "ventricular_fibrillation")
        assert span.end == DURATION
        assert not [wave for wave in ecg.waves if wave.offset > span.start + 0.05]
        part = np.abs(ecg.record.signal[:, round((span.start + 0.3) * RATE) :])
        assert 0.08 < np.quantile(part, 0.99, axis=1).max() < 1.3


def test_fibrillation_begins_with_a_broad_beat_on_the_t_wave():
    begun = [ecg for ecg in forty("VF") if event(ecg, "ventricular_fibrillation").start > 0]
    assert 8 <= len(begun) <= 26
    for ecg in begun:
        before, last = waves(ecg, "QRS")[-2:]
        t_wave = next(wave for wave in waves(ecg, "T") if wave.peak > before.peak)
        assert width(before) < 0.11 < 0.14 < width(last)
        assert t_wave.onset < last.onset < t_wave.offset
        assert event(ecg, "ventricular_fibrillation").start == pytest.approx(last.offset, abs=0.05)


def test_ventricular_flutter_is_nearly_one_sine_of_200_to_300_per_minute():
    for ecg in forty("VFL"):
        frequency, power = spectrum_of(ecg)
        peak = frequency[power.argmax()]
        assert 200 - 6 <= 60 * peak <= 300 + 6  # a spectrum of 10 s tells 6/min apart
        assert power[np.abs(frequency - peak) < 0.35].sum() > 0.75
        assert (ecg.waves, kinds(ecg)) == ((), ["ventricular_fibrillation"])


def test_supraventricular_tachycardia_is_narrow_and_regular_with_p_waves_behind_or_none():
    for ecg in forty("SVT"):
        start = event(ecg, "tachycardia").start
        beats = inside(ecg, "QRS", start)
        rr = np.diff([beat.peak for beat in beats])
        assert 150 < rate_of(beats) < 232
        assert rr.std() / rr.mean() < 0.02
        atria = inside(ecg, "P", start)
        assert (len(atria) > 10) == (ecg.variant == "retrograde P")
        for p in atria:
            before = max(
                (qrs for qrs in beats if qrs.onset < p.onset), key=lambda qrs: qrs.onset, default=None
            )
            assert before is None or 0.05 < p.peak - before.peak < 0.14


def test_atrial_flutter_conducts_in_its_ratio_over_a_saw_tooth_of_250_to_330():
    for ecg in forty("AFL"):
        assert waves(ecg, "P") == []
        rr = np.diff([qrs.peak for qrs in waves(ecg, "QRS")])
        if ecg.variant == "variable":
            assert rr.std() / rr.mean() > 0.08
            continue
        assert rr.std() / rr.mean() < 0.02
        atrial = 60 / rr.mean() * int(ecg.variant[0])
        assert 248 <= atrial <= 332
        lead = ecg.record.signal[LEADS.index("III")]
        power = np.abs(np.fft.rfft(lead - lead.mean())) ** 2
        frequency = np.fft.rfftfreq(len(lead), 1 / RATE)
        near = np.abs(frequency - atrial / 60) < 0.15
        aside = (np.abs(frequency - atrial / 60) > 0.3) & (np.abs(frequency - atrial / 60) < 0.5)
        assert power[near].max() > 5 * power[aside].max()


def test_atrial_tachycardia_has_a_p_wave_before_every_complex():
    for ecg in forty("AT"):
        beats = waves(ecg, "QRS")
        assert 113 < rate_of(beats) < 192
        for before, qrs in pairwise(beats):
            (p,) = inside(ecg, "P", before.peak, qrs.peak)
            assert 0.08 < qrs.onset - p.onset < 0.16


def test_pre_excitation_has_a_short_pr_interval_and_a_broad_complex():
    for ecg in forty("WPW"):
        for qrs in waves(ecg, "QRS"):
            p = [wave for wave in waves(ecg, "P") if qrs.onset - 0.2 < wave.onset < qrs.onset]
            assert all(0.07 < qrs.onset - each.onset < 0.12 for each in p)
        assert 54 < rate_of(waves(ecg, "QRS")) < 102


def test_bundle_branch_block_is_a_broad_complex_tachycardia_by_its_rate_only():
    for rhythm in ("BBB tachycardia", "AF with LBBB"):
        for ecg in forty(rhythm):
            beats = waves(ecg, "QRS")
            mean_rate = 60 * (len(beats) - 1) / (beats[-1].peak - beats[0].peak)
            assert ("broad_complex_tachycardia" in kinds(ecg)) == (mean_rate > 120), ecg.variant
            assert abs(mean_rate - 120) > 1
    assert all(bool(ecg.events) == ("above" in ecg.variant) for ecg in forty("BBB tachycardia"))
