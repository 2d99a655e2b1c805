"""Filters for the eye shift no wave, say what they are, and never move ST without a word."""

import numpy as np
import pytest

from ecgapp.records import LEADS, ECGRecord, SyntheticConfig, synthesise
from ecgapp.signals import DisplayFilter, filtered, r_peaks, st_changes, st_levels
from ecgapp.signals.st_level import st_warning

V2 = LEADS.index("V2")


def elevated(millivolts=0.2, heart_rate=60.0, sampling_rate=500.0, lasts=0.3):
    """QRS complexes of 1 mV in all leads; in V2 ST lies ``millivolts`` above PR for ``lasts`` s from J on."""
    times = np.arange(round(10 * sampling_rate)) / sampling_rate
    since = (times + 0.3) % (60 / heart_rate)  # since each R peak
    before = 60 / heart_rate - since
    qrs = np.clip(1 - np.minimum(since, before) / 0.04, 0, 1)
    signal = np.tile(qrs, (12, 1))
    signal[V2] += millivolts * ((since >= 0.05) & (since < 0.05 + lasts))
    return ECGRecord("st", signal.astype(np.float32), sampling_rate)


def beats(record):
    return [float(peak) / record.sampling_rate for peak in r_peaks(record.signal, record.sampling_rate)]


@pytest.mark.parametrize("sampling_rate", [100.0, 500.0])
def test_an_st_elevation_of_two_tenths_of_a_millivolt_is_two_millimetres_and_in_its_lead_only(sampling_rate):
    record = elevated(sampling_rate=sampling_rate)
    levels = st_levels(record, beats(record))
    assert levels[V2] == pytest.approx(0.2, abs=0.002)
    assert np.abs(np.delete(levels, V2)).max() < 0.002


def test_a_filter_that_moves_st_by_more_than_half_a_millimetre_is_told_with_both_figures():
    record = elevated(0.6, heart_rate=40.0, lasts=0.6)
    changes = st_changes(record, filtered(record, DisplayFilter(0.5, 40.0)), beats(record))
    moved = [change for change in changes if change.large]
    assert [change.lead for change in moved] == ["V2"]
    assert moved[0].recorded == pytest.approx(0.6, abs=0.002)
    sentence = st_warning(moved)
    assert "V2 6.0 mm as recorded" in sentence
    assert f"{10 * moved[0].filtered:.1f} mm filtered" in sentence
    assert abs(moved[0].filtered - 0.6) > 0.05


def test_the_diagnostic_band_leaves_st_alone():
    record = elevated(0.2, heart_rate=40.0, lasts=0.6)
    changes = st_changes(record, filtered(record, DisplayFilter(0.05, 150.0)), beats(record))
    assert not [change.lead for change in changes if change.large]
    assert max(abs(change.filtered - change.recorded) for change in changes) < 0.01


def test_without_a_whole_beat_no_st_is_told():
    record = elevated()
    assert st_changes(record, record, []) == ()


def test_nothing_is_filtered_by_default():
    record = elevated()
    assert filtered(record, DisplayFilter()) is record
    assert DisplayFilter().description(500.0) == "none, as recorded"


@pytest.mark.parametrize(
    ("wanted", "rate", "words"),
    [
        (DisplayFilter(0.05, 150.0), 500.0, "0.05-150 Hz, zero phase"),
        (DisplayFilter(0.05, 150.0), 250.0, "0.05-125 Hz, zero phase"),
        (DisplayFilter(0.5, 40.0, 50.0), 500.0, "0.5-40 Hz and 50 Hz notch, zero phase"),
        (DisplayFilter(notch=60.0), 500.0, "60 Hz notch, zero phase"),
        (DisplayFilter(notch=60.0), 100.0, "none, as recorded"),
    ],
)
def test_the_words_say_what_is_done_at_this_sampling_rate(wanted, rate, words):
    assert wanted.description(rate) == words


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_the_notch_takes_the_hum_and_leaves_the_beats(mains):
    clean = synthesise(SyntheticConfig()).record
    times = np.arange(clean.n_samples) / clean.sampling_rate
    hum = 0.2 * np.sin(2 * np.pi * mains * times, dtype=np.float32)
    noisy = ECGRecord("hum", (clean.signal + hum).astype(np.float32), clean.sampling_rate)
    left = filtered(noisy, DisplayFilter(notch=mains)).signal - clean.signal
    assert np.abs(left).max() < 0.005


@pytest.mark.parametrize("wanted", [DisplayFilter(0.05, 150.0), DisplayFilter(0.5, 40.0, 50.0)], ids=str)
def test_no_wave_is_moved_in_time(wanted):
    record = synthesise(SyntheticConfig()).record
    seen = filtered(record, wanted).signal
    whole = seen[:, 400:-400]
    for lead, shown in zip(record.signal, whole, strict=True):
        shifts = [np.dot(lead[400 + k : lead.size - 400 + k] - lead.mean(), shown) for k in range(-20, 21)]
        assert int(np.argmax(shifts)) == 20


def test_the_ends_are_as_good_as_the_middle():
    long = synthesise(SyntheticConfig(duration=40.0, wander=0.3)).record
    part = ECGRecord("part", long.signal[:, 7500:12500], long.sampling_rate)
    whole = filtered(long, DisplayFilter(0.5, 40.0)).signal[:, 7500:12500]
    alone = filtered(part, DisplayFilter(0.5, 40.0)).signal
    assert np.abs(whole - alone).max() < 0.25
    assert np.abs(whole - alone)[:, 1000:-1000].max() < 0.02


def test_missing_samples_stay_missing_and_spoil_nothing_else():
    record = elevated()
    record.signal[V2, 1000:1100] = np.nan
    record.signal[0] = np.nan
    seen = filtered(record, DisplayFilter(0.5, 40.0, 50.0)).signal
    assert np.isnan(seen[0]).all()
    assert np.isnan(seen[V2]).sum() == 100
    assert np.isfinite(seen[1]).all()
