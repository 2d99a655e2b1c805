"""The beats of a record: from sound leads, with one rate in all places."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from broad_waves import broad_waves
from only_models import open_with

from ecgapp.analysis import InstalledModels, OpenedECG
from ecgapp.analysis.outcomes import described
from ecgapp.config import Settings
from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, read_record, synthesise
from ecgapp.report import Contents
from ecgapp.report.bundle import bundle
from ecgapp.report.summary import figures
from ecgapp.signals import beat_list, r_peaks, record_quality
from ecgapp.signals.beat_list import leads_for_beats


def heart(rhythm="sinus", rate=87.0, **settings):
    return synthesise(SyntheticConfig(rhythm, rate, noise=0.008, **settings))


def with_false_beats(record):
    """V6 quiet but for tall steep deflections where no other lead has any: a loose electrode."""
    signal = record.signal.copy()
    between = (beat_list(record).times[2:9:3] + 0.35) * record.sampling_rate
    signal[11] = 0.002 * np.random.default_rng(0).normal(size=signal.shape[1])
    for place in between.astype(int):
        signal[11, place : place + 30] += 12.0 * np.hanning(30)
    return replace(record, signal=signal.astype(np.float32))


def truth(ecg):
    return ecg.peaks("QRS")


def agrees(found, times, tolerance=0.06):
    return len(found) == len(times) and np.abs(found - times).max() < tolerance


def test_a_faulty_lead_adds_no_beats():
    ecg = heart()
    spoilt = with_false_beats(ecg.record)
    assert len(r_peaks(spoilt.signal, 500)) > len(truth(ecg))
    found = beat_list(spoilt)
    assert "V6" not in found.leads
    assert agrees(found.times, truth(ecg))


def test_rate_and_count_are_those_of_the_same_beats_everywhere():
    spoilt = with_false_beats(heart().record)
    rate = beat_list(spoilt).rate
    assert described(OpenedECG(spoilt, InstalledModels(Settings.from_environment()))).heart_rate == rate
    contents = Contents(open_with(spoilt), "Uploaded ECG", datetime(2026, 3, 1, tzinfo=UTC))
    assert bundle(contents).record.heart_rate == rate
    printed = figures(contents)
    assert printed.startswith(f"Heart rate {rate:.0f}/min")


def test_leads_with_harmless_faults_help_only_where_few_are_sound():
    def judged(*faults):
        leads = record_quality(heart().record).leads
        return tuple(replace(lead, **fault) for lead, fault in zip(leads, faults, strict=False))

    wander, hum, noise, off = {"wandering": True}, {"mains": 50}, {"noisy": True}, {"electrode_off": True}
    flat = {"flat": True}
    assert leads_for_beats(judged({}, {}, {}, wander)) == ("I", "II", "III")
    assert leads_for_beats(judged({}, wander, hum, noise)) == ("I", "II", "III")
    assert leads_for_beats(judged(noise, off, flat)) == ("I",)
    assert leads_for_beats(judged(off, flat)) == ("I",)
    assert leads_for_beats(judged(flat, flat)) == ()


def test_a_known_quality_changes_nothing():
    record = with_false_beats(heart().record)
    np.testing.assert_array_equal(beat_list(record).peaks, beat_list(record, record_quality(record)).peaks)


def test_noise_has_no_beats_and_no_rate():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        for shape, rate in (((12, 5000), 500.0), ((1, 2500), 250.0)):
            noise = rng.normal(size=shape).astype(np.float32)
            leads = heart().record.leads[: shape[0]]
            assert beat_list(ECGRecord("noise", noise, rate, leads)).rate is None


def test_beats_under_noise_keep_their_rate():
    ecg = synthesise(SyntheticConfig("sinus", 70, noise=0.15, seed=3))
    assert all(lead.noisy for lead in record_quality(ecg.record).leads)
    assert beat_list(ecg.record).rate == pytest.approx(70, abs=2)


def test_a_stretch_is_counted_from_its_own_beginning():
    beats = beat_list(heart(duration=60).record)
    part = beats.between(30.0, 60.0)
    assert part.duration == 30.0
    np.testing.assert_allclose(part.times, beats.times[beats.times >= 30.0] - 30.0)
    np.testing.assert_allclose(np.diff(part.times), part.intervals)


def test_tall_t_waves_are_not_counted():
    ecg = heart(rate=70)
    times = np.arange(ecg.record.n_samples) / 500
    tall = sum(np.exp(-0.5 * ((times - peak) / 0.04) ** 2) for peak in ecg.peaks("T"))
    taller = replace(ecg.record, signal=(ecg.record.signal + tall).astype(np.float32))
    assert agrees(beat_list(taller).times, truth(ecg))


@pytest.mark.parametrize("before", [0.02, 0.16])
def test_pacing_spikes_are_not_counted_as_beats(before):
    """Spikes of the ventricle, 20 ms before QRS, and of the atrium, 160 ms before it."""
    ecg = heart("LBBB", 70, seed=2)
    signal = ecg.record.signal.copy()
    onsets = np.array([wave.onset for wave in ecg.waves if wave.kind == "QRS" and wave.onset > before])
    for place in ((onsets - before) * 500).astype(int):
        signal[:, place] += 2.0
    paced = replace(ecg.record, signal=signal)
    assert record_quality(paced).pacing
    assert agrees(beat_list(paced).times, truth(ecg), 0.08)


@pytest.mark.parametrize("n_leads", [1, 12])
@pytest.mark.parametrize("rate", [100, 130, 160, 190, 220, 250])
def test_every_beat_of_a_broad_complex_tachycardia_is_counted(rate, n_leads):
    leads = ("ECG",) if n_leads == 1 else LEADS
    for seed in range(4):
        signal = broad_waves(rate, n_leads, seed=seed)
        found = beat_list(ECGRecord("broad", signal, 250.0, leads)).between(0.2, 11.8)
        assert found.rate == pytest.approx(rate, rel=0.03), seed


@pytest.mark.parametrize("rate", [180, 240, 300, 340])
def test_every_wave_of_a_flutter_is_counted(rate):
    times = np.arange(3000) / 250
    rng = np.random.default_rng(rate)
    signal = 0.8 * np.sin(2 * np.pi * rate / 60 * times) + 0.02 * rng.normal(size=times.size)
    record = ECGRecord("flutter", signal[None].astype(np.float32), 250.0, ("ECG",))
    assert beat_list(record).rate == pytest.approx(rate, rel=0.02)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb on pandas 3
def test_flutter_waves_of_the_mit_bih_database_are_counted(real_data):
    import wfdb

    path = real_data / "mitdb" / "207"
    marks = wfdb.rdann(str(path), "atr")
    waves = np.array([s for s, kind in zip(marks.sample, marks.symbol, strict=True) if kind == "!"]) / 360
    found = beat_list(read_record([path.with_suffix(".hea")])).times
    near = np.array([np.abs(found - wave).min() <= 0.15 for wave in waves])
    assert len(waves) == 472
    assert near.mean() > 0.90
