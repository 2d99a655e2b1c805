"""Laws of resampling, filtering, normalising and windowing."""

import dataclasses

import numpy as np
import pytest

from ecgapp.errors import ConfigError, LeadsMissingError, MissingSamplesError, SignalError
from ecgapp.records.record import LEADS
from ecgapp.signals import (
    PreprocessingConfig,
    bandpass,
    cut_windows,
    normalise,
    preprocess,
    resample,
    steps,
    window_starts,
)
from ecgapp.storage import documents

CONFIG = PreprocessingConfig()
ONE_LEAD = PreprocessingConfig(leads=("II",), sampling_rate=250, window=2048, stride=1024)


def sine(frequency, sampling_rate, seconds=10.0, phase=0.3):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * sampling_rate)) / sampling_rate + phase)


def wandering_noise(seed, *shape):
    """Pink-like noise with an offset: what the ends of a real recording do to a filter."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.02, shape).cumsum(axis=-1) + rng.normal(0, 0.1, shape)


@pytest.mark.parametrize(
    ("from_rate", "to_rate"), [(500, 100), (1000, 100), (360, 250), (257, 500), (513.6, 500), (300, 100)]
)
def test_resampling_a_sine_keeps_its_amplitude_and_phase(from_rate, to_rate):
    resampled = resample(sine(7, from_rate), from_rate, to_rate)
    expected = sine(7, to_rate)
    assert resampled.shape == expected.shape
    assert resampled.dtype == np.float32
    np.testing.assert_allclose(resampled[:-5], expected[:-5], atol=0.006)
    np.testing.assert_allclose(resampled[50:-50], expected[50:-50], atol=0.001)


def test_resampling_there_and_back_returns_the_signal():
    signal = sine(5, 100) + 0.5 * sine(21, 100)
    back = resample(resample(signal, 100, 500), 500, 100)
    np.testing.assert_allclose(back[20:-20], signal[20:-20], atol=0.003)


def test_resampling_lets_no_frequency_fold_back():
    assert np.abs(resample(sine(85, 500), 500, 100)[20:-20]).max() < 0.005


def test_resampling_keeps_an_offset_up_to_the_ends():
    np.testing.assert_allclose(resample(np.full((2, 700), -3.3), 500, 100), -3.3, rtol=1e-3)


def test_resampling_to_the_same_rate_copies():
    signal = wandering_noise(0, 2, 300).astype(np.float32)
    resampled = resample(signal, 100, 100)
    np.testing.assert_array_equal(resampled, signal)
    assert not np.shares_memory(resampled, signal)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(0, 100), (-1, 100), (np.nan, 100), (1e9, 1)])
def test_an_impossible_rate_is_refused(from_rate, to_rate):
    with pytest.raises(SignalError):
        resample(np.ones(100), from_rate, to_rate)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("cut_off", [0.5, 40.0])
def test_the_filter_halves_the_amplitude_at_each_cut_off(cut_off, order):
    filtered = bandpass(sine(cut_off, 500, seconds=60), 500, 0.5, 40, order)
    middle = filtered[5000:-5000]
    assert middle.std() * np.sqrt(2) == pytest.approx(0.5, abs=0.02)


def test_the_filter_passes_the_band_without_shifting_it():
    signal = sine(8, 250, seconds=20)
    np.testing.assert_allclose(bandpass(signal, 250, 0.5, 40, 2)[500:-500], signal[500:-500], atol=0.01)


def test_the_filter_removes_wander_and_mains():
    beside = 2 * sine(0.1, 500, seconds=30) + sine(150, 500, seconds=30)
    assert np.abs(bandpass(beside, 500, 0.5, 40, 2)[2500:-2500]).max() < 0.02


def test_the_filter_is_linear_and_reverses_with_time():
    first, second = wandering_noise(1, 2, 3000)
    both = bandpass(2 * first - second, 250, 0.5, 40, 2)
    alone = 2 * bandpass(first, 250, 0.5, 40, 2) - bandpass(second, 250, 0.5, 40, 2)
    np.testing.assert_allclose(both, alone, atol=1e-5)
    reverse = bandpass(first[::-1], 250, 0.5, 40, 2)[::-1]
    np.testing.assert_allclose(reverse, bandpass(first, 250, 0.5, 40, 2), atol=1e-3)


def test_ends_are_filtered_almost_as_if_the_recording_went_on():
    beats = np.zeros(7500)
    beats[50::200] = 1.0  # 250 Hz, 75 bpm
    shape = np.exp(-0.5 * (np.arange(-30, 31) / 5) ** 2)
    long = np.convolve(beats, shape, mode="same") + 0.3 * sine(0.07, 250, seconds=30)
    whole = bandpass(long, 250, 0.5, 40, 2)[2550:5050]
    part = bandpass(long[2550:5050], 250, 0.5, 40, 2)
    scale = whole.std()
    assert np.sqrt(np.mean((part - whole) ** 2)) < 0.05 * scale
    assert np.abs(part - whole)[250:-250].max() < 0.05 * scale


def test_a_filter_without_edges_changes_nothing():
    signal = wandering_noise(2, 3, 500).astype(np.float32)
    np.testing.assert_array_equal(bandpass(signal, 100, None, None, 2), signal)
    np.testing.assert_array_equal(bandpass(signal, 100, None, 50, 2), signal)


def test_a_high_pass_alone_and_a_low_pass_alone_do_their_half():
    slow, fast = sine(0.05, 100, seconds=60), sine(49, 100, seconds=60)
    high = bandpass(slow + fast, 100, 0.5, None, 2)[1000:-1000]
    low = bandpass(slow + fast, 100, None, 20, 2)[100:-100]
    np.testing.assert_allclose(high, fast[1000:-1000], atol=0.02)
    np.testing.assert_allclose(low, slow[100:-100], atol=0.02)


def test_a_sampling_rate_too_low_for_the_filter_is_refused():
    with pytest.raises(SignalError, match="sampling rate"):
        bandpass(np.ones(100), 10, 6, None, 2)


def test_normalising_gives_zero_mean_and_unit_variance_whatever_gain_and_offset():
    signal = wandering_noise(3, 4, 12, 1000)
    scaled = normalise(signal)
    np.testing.assert_allclose(scaled.mean(axis=-1), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=-1), 1, atol=1e-6)
    np.testing.assert_allclose(normalise(7 * signal - 3), scaled, atol=1e-5)
    np.testing.assert_allclose(normalise(scaled), scaled, atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.3, -169.0])
def test_a_flat_lead_stays_flat_through_the_whole_path(level):
    signal = wandering_noise(4, 12, 5000)
    signal[3] = level
    done = preprocess(signal, 500, CONFIG)
    assert np.all(done[3] == 0)
    assert np.all(done[[0, 11]].std(axis=-1) > 0.99)


@pytest.mark.parametrize("sampling_rate", [100, 257, 500])
def test_a_batch_gives_exactly_what_each_record_gives_alone(sampling_rate):
    batch = wandering_noise(5, 3, 12, 4 * sampling_rate)
    together = preprocess(batch, sampling_rate, CONFIG)
    alone = np.stack([preprocess(record, sampling_rate, CONFIG) for record in batch])
    np.testing.assert_array_equal(together, alone)


def test_preprocessing_forgets_gain_and_offset_but_not_polarity():
    signal = wandering_noise(6, 12, 5000)
    done = preprocess(signal, 500, CONFIG)
    np.testing.assert_allclose(preprocess(3 * signal + 5, 500, CONFIG), done, atol=1e-4)
    np.testing.assert_allclose(preprocess(-signal, 500, CONFIG), -done, atol=1e-6)


def test_preprocessing_what_is_preprocessed_changes_nothing_inside_the_band():
    signal = np.stack([sine(4, 500) + 0.5 * sine(11 + lead / 7, 500) for lead in range(12)])
    once = preprocess(signal, 500, CONFIG)
    twice = preprocess(once, CONFIG.sampling_rate, CONFIG)
    assert (once * twice).mean(axis=-1).min() > 0.999


def test_preprocessing_does_not_touch_what_it_is_given():
    signal = wandering_noise(8, 12, 1000).astype(np.float32)
    before = signal.copy()
    preprocess(signal, 100, dataclasses.replace(CONFIG, highpass=None, lowpass=None))
    np.testing.assert_array_equal(signal, before)


def test_the_steps_end_in_what_preprocess_gives_and_name_cut_offs_and_units():
    signal = wandering_noise(9, 12, 5000)
    stages = steps(signal, 500, CONFIG)
    np.testing.assert_array_equal(stages[-1].signal, preprocess(signal, 500, CONFIG))
    np.testing.assert_array_equal(stages[0].signal, signal.astype(np.float32))
    assert [stage.sampling_rate for stage in stages] == [500, 100, 100, 100]
    assert "0.5 Hz" in stages[2].description
    assert "40 Hz" in stages[2].description
    assert all("mV" in stage.description for stage in stages[:3])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_missing_samples_are_refused_not_repaired(bad):
    signal = wandering_noise(10, 12, 1000)
    signal[4, 500] = bad
    with pytest.raises(MissingSamplesError):
        preprocess(signal, 100, CONFIG)


def test_too_few_leads_and_too_short_a_record_are_refused():
    with pytest.raises(LeadsMissingError, match="12 leads"):
        preprocess(np.ones((3, 1000)), 100, CONFIG)
    with pytest.raises(SignalError, match="second"):
        preprocess(np.ones((12, 99)), 100, CONFIG)


@pytest.mark.parametrize("n_samples", [1000, 1001, 1499, 1500, 1750, 11500])
def test_windows_cover_the_record_and_the_last_ends_with_it(n_samples):
    signal = np.arange(12 * n_samples, dtype=np.float32).reshape(12, n_samples)
    cut = cut_windows(signal, CONFIG)
    seen = np.zeros(n_samples, bool)
    for window, start in zip(cut.windows, cut.starts, strict=True):
        np.testing.assert_array_equal(window, signal[:, start : start + 1000])
        seen[start : start + 1000] = True
    assert seen.all()
    assert not cut.padded
    assert cut.starts[-1] == n_samples - 1000
    assert (np.diff(cut.starts) <= CONFIG.stride).all()
    np.testing.assert_array_equal(window_starts(n_samples, CONFIG), cut.starts)


def test_a_record_shorter_than_a_window_is_padded_behind_its_end_and_says_so():
    signal = wandering_noise(11, 1, 1500)
    cut = cut_windows(signal, ONE_LEAD)
    assert cut.padded
    assert cut.windows.shape == (1, 1, 2048)
    np.testing.assert_allclose(cut.windows[0, :, :1500], signal, atol=1e-6)
    assert not cut.windows[0, :, 1500:].any()
    assert list(cut.starts) == [0]


def test_the_order_of_the_leads_is_kept():
    signal = np.stack([sine(3 + row, 500) for row in range(len(LEADS))])
    done = preprocess(signal, 500, CONFIG)
    peaks = np.abs(np.fft.rfft(done, axis=-1)).argmax(axis=-1) / 10
    np.testing.assert_allclose(peaks, 3 + np.arange(12))


def test_a_fixed_scale_keeps_the_ratio_of_leads_and_records():
    config = PreprocessingConfig(("I", "II"), 100.0, None, None, fixed_mean=0.5, fixed_deviation=0.25)
    signal = np.random.default_rng(0).normal(size=(3, 2, 200)) * [[[1.0], [3.0]]]
    ready = preprocess(signal, 100.0, config)
    np.testing.assert_allclose(ready, (signal - 0.5) / 0.25, rtol=1e-5, atol=1e-5)
    assert "0.25 mV" in steps(signal, 100.0, config)[-1].description


def test_a_flat_lead_of_a_fixed_scale_is_its_distance_from_the_mean():
    config = PreprocessingConfig(("I",), 100.0, None, None, fixed_mean=0.5, fixed_deviation=0.25)
    np.testing.assert_allclose(preprocess(np.zeros((1, 200)), 100.0, config), -2.0)


@pytest.mark.parametrize(
    "scale",
    [
        {"fixed_mean": 0.0},
        {"fixed_deviation": 1.0},
        {"fixed_mean": 0.0, "fixed_deviation": 0.0},
        {"fixed_mean": 0.0, "fixed_deviation": float("nan")},
    ],
)
def test_half_a_fixed_scale_or_none_at_all_is_refused(scale):
    with pytest.raises(ConfigError, match="fixed normalisation"):
        PreprocessingConfig(**scale)


def test_a_config_without_a_fixed_scale_is_written_as_before_there_was_one():
    assert "fixed" not in documents.dump(PreprocessingConfig())
    fixed = PreprocessingConfig(fixed_mean=-0.001, fixed_deviation=0.23)
    assert documents.load(PreprocessingConfig, documents.dump(fixed)) == fixed
