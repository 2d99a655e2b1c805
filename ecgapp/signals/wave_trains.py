"""Trains of waves without a quiet line between them: flutter and fast broad tachycardia.

The steep part of such a wave is small, so a detector of narrow QRS complexes misses every other one. A
stretch counts as a train of waves if the signal is away from zero most of the time, slow and periodic. The
limits were chosen on the marked windows of ``cudb``, all records of ``mitdb``, the Challenge and PTB-XL.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.normalise import FLAT

BAND, STEEP = (1.5, 20.0), (7.0, 20.0)  # Hz
WINDOW, HOP = 3.0, 1.0  # s of one window, and from one window to the next
AWAY, OCCUPIED = 0.3, 0.5  # of the window's 0.95 quantile; share of samples further from zero than that
SLOW = 0.25  # of the power, at most, in the band of steep waves
PERIODS = (0.17, 0.65)  # s: 92 to 350 a minute
PERIODIC = 0.3  # autocorrelation at the period, at least
CLOSEST = 0.6  # of the period, between two waves
TALL = 0.25  # of the window's 0.95 quantile, a wave's least prominence


def train_peaks(
    signal: NDArray[np.floating], sampling_rate: float
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Flags of the samples in trains of waves, (n_samples,), and the peaks of those waves.

    ``signal`` is (n_leads, n_samples), without gaps.
    """
    n_samples = signal.shape[1]
    inside = np.zeros(n_samples, bool)
    length, hop = round(WINDOW * sampling_rate), round(HOP * sampling_rate)
    if n_samples < length or sampling_rate < 2.5 * STEEP[0]:
        return inside, np.zeros(0, np.int64)
    waves, steep = (_between(signal, sampling_rate, band) for band in (BAND, STEEP))
    starts = np.arange(0, n_samples - length + 1, hop)
    places, middle = [], (length - hop) // 2
    direction: FloatArray | None = None
    for start in starts[_may_be(waves, steep, starts, length)].tolist():
        window = waves[:, start : start + length]
        period = _period(window, sampling_rate)
        if period is None:
            direction = None
            continue
        direction = _direction(window, direction)
        first = 0 if start == 0 else start + middle
        behind = n_samples if start == starts[-1] else start + middle + hop
        inside[first:behind] = True
        peaks = start + _peaks(window, direction, period, sampling_rate)
        places.append(peaks[(peaks >= first) & (peaks < behind)])
    return inside, _apart(places, PERIODS[0] * sampling_rate)


def _between(signal: NDArray[np.floating], sampling_rate: float, band: tuple[float, float]) -> FloatArray:
    return np.asarray(
        bandpass(signal, sampling_rate, band[0], min(band[1], 0.4 * sampling_rate), 2), np.float32
    )


def _may_be(
    waves: FloatArray, steep: FloatArray, starts: NDArray[np.int64], length: int
) -> NDArray[np.bool_]:
    """Flags of the windows that are slow and occupied in the median lead: (n_windows,)."""
    power, steep_power = (_power(band, starts, length) for band in (waves, steep))
    share = np.where(power > FLAT**2, steep_power / np.maximum(power, FLAT**2), np.nan)
    known = np.isfinite(share).any(axis=0)
    possible = np.zeros(len(starts), bool)
    possible[known] = np.nanmedian(share[:, known], axis=0) < SLOW
    for number in np.flatnonzero(possible).tolist():
        window = np.abs(waves[np.isfinite(share[:, number]), starts[number] : starts[number] + length])
        top = np.quantile(window, 0.95, axis=1, keepdims=True)
        possible[number] = np.median((window > AWAY * top).mean(axis=1)) > OCCUPIED
    return possible


def _power(band: FloatArray, starts: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """The mean square of each lead in each window: (n_leads, n_windows)."""
    total = np.cumsum(np.square(band, dtype=np.float64), axis=1)
    total = np.concatenate([np.zeros((len(band), 1)), total], axis=1)
    return np.asarray((total[:, starts + length] - total[:, starts]) / length)


def _period(window: FloatArray, sampling_rate: float) -> int | None:
    """The number of samples from wave to wave; None if nothing recurs."""
    size = window.shape[1]
    spectrum = np.abs(np.fft.rfft(window, 2 * size, axis=1)) ** 2
    alike = np.fft.irfft(spectrum, axis=1)[:, :size] / (1 - np.arange(size) / size)
    alive = alike[:, 0] > 0
    together = (alike[alive] / alike[alive, :1]).mean(axis=0)
    first, behind = (round(period * sampling_rate) for period in PERIODS)
    peaks, _ = scipy_signal.find_peaks(together[first - 1 : behind + 1], height=PERIODIC)
    return int(peaks[0]) + first - 1 if peaks.size else None


def _peaks(window: FloatArray, direction: FloatArray, period: int, sampling_rate: float) -> NDArray[np.int64]:
    """One peak for each wave, along ``direction`` in the space of the leads."""
    along = direction @ window
    top = float(np.quantile(np.abs(along), 0.95))
    distance = max(1, round(CLOSEST * period))
    peaks, _ = scipy_signal.find_peaks(along, distance=distance, prominence=TALL * top)
    return np.asarray(peaks, np.int64)


def _direction(window: FloatArray, last: FloatArray | None) -> FloatArray:
    """The leads' first principal component, with the sign of the ``last`` window's or of its tall waves."""
    direction = np.linalg.svd(window @ window.T)[0][:, 0]
    if last is not None:
        return np.asarray(direction if direction @ last >= 0 else -direction)
    along = direction @ window
    return np.asarray(direction if along.max() >= -along.min() else -direction)


def _apart(places: list[NDArray[np.int64]], least: float) -> NDArray[np.int64]:
    """All ``places`` in order, without those closer than ``least`` to the previous one."""
    apart: list[int] = []
    for place in np.sort(np.concatenate(places)).tolist() if places else ():
        if not apart or place - apart[-1] >= least:
            apart.append(place)
    return np.array(apart, np.int64)
