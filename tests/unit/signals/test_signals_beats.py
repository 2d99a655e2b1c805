"""R peaks and heart rate against the synthetic truth and against cardiologists' annotations."""

import numpy as np
import pytest

from ecgapp.records import LEADS, ECGRecord, read_record
from ecgapp.records.synthetic import RHYTHMS, SyntheticConfig, synthesise
from ecgapp.signals import beat_list, r_peaks

TOLERANCE = 0.15  # s, as in ANSI/AAMI EC57


def matched(truth, found, tolerance=TOLERANCE):
    """The number of true beats that have a detected one of their own within ``tolerance`` s."""
    truth, found = np.sort(truth), list(np.sort(found))
    hits = 0
    for beat in truth:
        near = [other for other in found if abs(other - beat) <= tolerance]
        if near:
            found.remove(min(near, key=lambda other: abs(other - beat)))
            hits += 1
    return hits


def inside(times, duration, margin=0.2):
    return times[(times > margin) & (times < duration - margin)]


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("rhythm", RHYTHMS)
def test_every_beat_of_every_synthetic_rhythm_is_found_and_nothing_else(rhythm, noise):
    for seed, rate in enumerate((52, 75, 110)):
        ecg = synthesise(SyntheticConfig(rhythm, rate, 20, noise=noise, wander=0.2, mains=noise, seed=seed))
        truth = inside(ecg.peaks("QRS"), 20)
        found = inside(r_peaks(ecg.record.signal, 500) / 500, 20)
        assert matched(truth, found, 0.06) == len(truth) == len(found)


@pytest.mark.parametrize("rate", [40, 60, 90, 130, 170])
def test_the_heart_rate_is_right_within_one_beat_per_minute(rate):
    ecg = synthesise(SyntheticConfig("sinus", rate, 30, seed=rate))
    beats = ecg.peaks("QRS")
    truth = 60 * (len(beats) - 1) / (beats[-1] - beats[0])
    assert beat_list(ecg.record).rate == pytest.approx(truth, abs=1)
    assert truth == pytest.approx(rate, abs=2)


@pytest.mark.parametrize("sampling_rate", [100, 250, 360, 1000])
def test_the_sampling_rate_does_not_matter(sampling_rate):
    ecg = synthesise(SyntheticConfig("PVC", 70, 20, sampling_rate))
    truth = inside(ecg.peaks("QRS"), 20)
    found = inside(r_peaks(ecg.record.signal, sampling_rate) / sampling_rate, 20)
    assert matched(truth, found, 0.06) == len(truth) == len(found)


def test_one_lead_is_enough_and_gain_offset_and_polarity_do_not_matter():
    signal = synthesise(SyntheticConfig("sinus", 70, 20, noise=0.02)).record.signal
    alone = r_peaks(signal[1], 500)
    np.testing.assert_array_equal(r_peaks(5 - 3 * signal[1], 500), alone)
    assert len(alone) == len(r_peaks(signal, 500))


def test_bad_leads_do_not_hide_the_beats():
    ecg = synthesise(SyntheticConfig("sinus", 70, 20))
    signal = ecg.record.signal.copy()
    signal[0] = 0.0
    signal[2:] = np.random.default_rng(0).normal(0, 1, signal[2:].shape)
    truth = inside(ecg.peaks("QRS"), 20)
    found = inside(r_peaks(signal, 500) / 500, 20)
    assert matched(truth, found) == len(truth) == len(found)


def test_a_t_wave_as_tall_as_the_qrs_is_no_beat():
    ecg = synthesise(SyntheticConfig("sinus", 70, 20))
    times = np.arange(ecg.record.n_samples) / 500
    tall = sum(np.exp(-0.5 * ((times - peak) / 0.035) ** 2) for peak in ecg.peaks("T"))
    truth = inside(ecg.peaks("QRS"), 20)
    found = inside(r_peaks(ecg.record.signal[1] + tall, 500) / 500, 20)
    assert matched(truth, found) == len(truth) == len(found)


def test_beats_around_a_gap_are_found_and_none_inside_it():
    ecg = synthesise(SyntheticConfig("sinus", 70, 20))
    signal = ecg.record.signal.copy()
    signal[:, 4000:6000] = np.nan
    found = r_peaks(signal, 500) / 500
    truth = inside(ecg.peaks("QRS"), 20)
    outside = truth[(truth < 7.8) | (truth > 12.2)]
    assert matched(outside, found) == len(outside)
    assert not ((found > 8.2) & (found < 11.8)).any()


@pytest.mark.parametrize("signal", [np.zeros((12, 5000)), np.full((12, 5000), np.nan), np.ones((12, 3))])
def test_no_signal_has_no_beats_and_no_heart_rate(signal):
    assert len(r_peaks(signal, 500)) == 0
    beats = beat_list(ECGRecord("silent", signal, 500.0, LEADS))
    assert (len(beats), beats.rate, beats.leads) == (0, None, ())


def beat_annotations(path):
    """Sample numbers of the beats in a WFDB annotation file; flutter waves count as beats."""
    import wfdb

    annotation = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    beats = set("NLRBAaJSVrFejnE/fQ!")
    return np.array(
        [s for s, kind in zip(annotation.sample, annotation.symbol, strict=True) if kind in beats]
    )


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb on pandas 3
def test_beats_of_the_mit_bih_database_are_found_as_its_cardiologists_did(real_data):
    hits = n_truth = n_found = 0
    for header in sorted((real_data / "mitdb").glob("*.hea"))[::2]:
        signal = read_record([header]).signal[:, : 300 * 360]
        truth = beat_annotations(header.with_suffix(".atr")) / 360
        truth, found = inside(truth, 300), inside(r_peaks(signal, 360) / 360, 300)
        hits, n_truth, n_found = hits + matched(truth, found), n_truth + len(truth), n_found + len(found)
    assert n_truth > 2000
    assert hits / n_truth > 0.99
    assert hits / n_found > 0.98


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # wfdb on pandas 3
def test_beats_of_ludb_are_found_as_its_cardiologists_did(real_data):
    hits = n_truth = n_found = 0
    for header in sorted((real_data / "ludb" / "data").glob("*.hea"))[::3]:
        signal = read_record([header]).signal
        leads = [beat_annotations(header.with_suffix(f".{lead}")) / 500 for lead in ("ii", "v2")]
        truth = max(leads, key=len)
        found = r_peaks(signal, 500) / 500
        found = found[(found > truth[0] - TOLERANCE) & (found < truth[-1] + TOLERANCE)]
        hits, n_truth, n_found = hits + matched(truth, found), n_truth + len(truth), n_found + len(found)
    assert n_truth > 300
    assert hits / n_truth > 0.995
    assert hits / n_found > 0.995
