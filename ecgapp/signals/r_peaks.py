"""Detection of R peaks in several leads together.

The energy between 7 and 20 Hz, where a QRS complex is strongest (Pan and Tompkins 1985,
doi:10.1109/TBME.1985.325532, and Elgendi et al. 2010), summed over leads and compared with its
own neighbourhood. This version uses the whole record at once instead of beat by beat, so it needs no
learning period, and any number of leads, so that it tolerates a bad electrode.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy import signal as scipy_signal

from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.normalise import FLAT
from ecgapp.signals.wave_trains import PERIODS, train_peaks

BAND = (7.0, 20.0)  # Hz; below it, a tall narrow T wave looks like a beat
SMOOTHING = 0.10  # s, about one QRS complex
REFRACTORY = 0.25  # s between two beats at the least: 240 bpm
NEIGHBOURHOOD = 6.0  # s around a beat with whose beats its size is compared
LONGEST_PAUSE = 1.5  # s that hold at least one beat, as a rule
THRESHOLD = 0.30  # of the typical beat nearby, in amplitude
T_WAVE = 0.38  # s after a beat in which a much smaller bump is its T wave
T_WAVE_SHARE = 0.40
CLEAREST = 50.0  # energy of beats divided by that between them; higher ratios count as this one
WHOLE_QRS = (2.0, 20.0)  # Hz, in which even a wide complex has its peak at the visible one
ONE_QRS = 0.18  # s; closer than that two peaks belong to one complex
REACH = 0.08  # s around the energy's peak that contain the R peak
LONG = 60.0  # s of a record, above which samples are averaged first
ENOUGH = 100.0  # Hz, at least, that averaging leaves


def r_peaks(signal: NDArray[np.floating], sampling_rate: float) -> NDArray[np.int64]:
    """Indices of the beats' largest deflections in ``signal`` (n_leads, n_samples) or (n_samples,).

    Missing samples count as flat, so there is no beat inside a gap. A record without beats, or shorter
    than half a second, gives none. In records longer than a minute the indices are right to 5 ms.
    """
    signal = np.atleast_2d(signal)
    width = int(sampling_rate / ENOUGH) if signal.shape[1] > LONG * sampling_rate else 1
    if width <= 1:
        return _r_peaks(signal, sampling_rate)
    whole = signal[:, : signal.shape[1] // width * width].reshape(len(signal), -1, width)
    return (
        _r_peaks(whole @ np.full(width, 1 / width, signal.dtype), sampling_rate / width) * width + width // 2
    )


def _r_peaks(signal: NDArray[np.floating], sampling_rate: float) -> NDArray[np.int64]:
    filled = _filled(signal)
    leads = _between(filled, sampling_rate, BAND)
    if leads.shape[0] == 0 or leads.shape[1] < 0.5 * sampling_rate:
        return np.zeros(0, np.int64)
    strength = _strength(leads, sampling_rate)
    beats = _beats(strength - np.median(strength), sampling_rate)
    whole = _between(filled, sampling_rate, WHOLE_QRS)
    size = _weights(whole, sampling_rate) @ np.square(whole, dtype=np.float64)
    beats = _highest_nearby(size, beats, round(REACH * sampling_rate))
    beats = _one_each(size, beats, round(ONE_QRS * sampling_rate))
    return _with_trains(beats, *train_peaks(filled, sampling_rate), sampling_rate)


def _with_trains(
    beats: NDArray[np.int64], inside: NDArray[np.bool_], waves: NDArray[np.int64], sampling_rate: float
) -> NDArray[np.int64]:
    """``waves`` instead of the ``beats`` that lie ``inside`` trains of them or just beside a wave."""
    if not waves.size:
        return beats
    away = np.abs(beats[:, None] - waves).min(axis=1) >= PERIODS[0] * sampling_rate
    return np.asarray(np.sort(np.concatenate([beats[~inside[beats] & away], waves])), np.int64)


def prominence(signal: NDArray[np.floating], sampling_rate: float, peaks: NDArray[np.int64]) -> float:
    """The typical strength of the beats at ``peaks`` divided by the median strength of all samples.

    Half of 302 records of the Challenge 2021 have 10 or more; noise has less than 2. Infinite if the median
    is 0.
    """
    leads = _between(_filled(np.atleast_2d(signal)), sampling_rate, BAND)
    if not len(leads) or not peaks.size:
        return 0.0
    strength = _strength(leads, sampling_rate)
    reach = round(SMOOTHING / 2 * sampling_rate)
    around = np.clip(peaks[:, None] + np.arange(-reach, reach + 1), 0, len(strength) - 1)
    middle = float(np.median(strength))
    return float(np.median(strength[around].max(axis=1)) / middle) if middle > 0 else float("inf")


def _strength(leads: FloatArray, sampling_rate: float) -> NDArray[np.float64]:
    """The energy of all leads together, as an amplitude: (n_samples,)."""
    energy = _weights(leads, sampling_rate) @ np.square(leads, dtype=np.float64)
    power = ndimage.uniform_filter1d(energy, max(1, round(SMOOTHING * sampling_rate)))
    return np.sqrt(np.maximum(power, 0.0))  # a running sum may end just below zero in a gap


def _filled(signal: NDArray[np.floating]) -> NDArray[np.floating]:
    """``signal`` with each lead's median in the place of missing samples."""
    finite = np.isfinite(signal)
    if finite.all():
        return signal
    level = [
        np.median(lead[known]) if known.any() else 0.0 for lead, known in zip(signal, finite, strict=True)
    ]
    return np.where(finite, signal, np.array(level)[:, None])


def _between(filled: NDArray[np.floating], sampling_rate: float, band: tuple[float, float]) -> FloatArray:
    """The leads that are not flat, filtered to ``band`` (Hz), each at unit variance."""
    low, high = min(band[0], 0.1 * sampling_rate), min(band[1], 0.4 * sampling_rate)
    filtered = bandpass(filled, sampling_rate, low, high, 2)
    deviation = filtered.std(axis=-1, keepdims=True)
    alive = deviation[:, 0] > FLAT
    return np.asarray(filtered[alive] / deviation[alive], np.float32)


def _weights(leads: FloatArray, sampling_rate: float) -> NDArray[np.float64]:
    """The energy of each lead's beats relative to that between them, (n_leads,), sum 1."""
    width = max(1, round(SMOOTHING * sampling_rate))
    energy = ndimage.uniform_filter1d(np.square(leads, dtype=np.float64), width, axis=-1)
    between, beat = np.quantile(energy, [0.5, 0.98], axis=-1)
    ratio = np.minimum(beat / np.maximum(between, 1e-9), CLEAREST)
    return np.asarray(ratio / ratio.sum())


def _beats(strength: NDArray[np.float64], sampling_rate: float) -> NDArray[np.int64]:
    """Peaks of ``strength`` (n_samples,) that stand out from their neighbourhood."""
    peaks, _ = scipy_signal.find_peaks(
        np.pad(strength, 1), distance=max(1, round(REFRACTORY * sampling_rate))
    )
    peaks = np.clip(peaks - 1, 0, len(strength) - 1)
    peaks = peaks[strength[peaks] > THRESHOLD * _typical(strength, sampling_rate)[peaks]]
    return _without_t_waves(strength, peaks, sampling_rate)


def _typical(strength: NDArray[np.float64], sampling_rate: float) -> NDArray[np.float64]:
    """The strength of a typical beat around each sample: the median of the local maxima."""
    pause = max(1, round(LONGEST_PAUSE * sampling_rate))
    starts = np.arange(0, len(strength), pause)
    highest = np.maximum.reduceat(strength, starts)
    if len(starts) > 1 and len(strength) - starts[-1] < pause:
        starts, highest = starts[:-1], highest[:-1]
    width = 2 * round(NEIGHBOURHOOD / LONGEST_PAUSE / 2) + 1
    typical = ndimage.median_filter(highest, size=width, mode="nearest")
    return np.interp(np.arange(len(strength)), starts + pause / 2, typical)


def _without_t_waves(
    strength: NDArray[np.float64], peaks: NDArray[np.int64], sampling_rate: float
) -> NDArray[np.int64]:
    beats: list[int] = []
    for peak in peaks.tolist():
        close = bool(beats) and peak - beats[-1] < T_WAVE * sampling_rate
        if close and strength[peak] < T_WAVE_SHARE * strength[beats[-1]]:
            continue
        beats.append(peak)
    return np.array(beats, np.int64)


def _one_each(energy: NDArray[np.float64], beats: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    """``beats`` with only the larger one of two closer than ``least`` samples, as in a broad complex."""
    single: list[int] = []
    for beat in beats.tolist():
        if single and beat - single[-1] < least:
            single[-1] = max(single[-1], beat, key=lambda place: energy[place])
        else:
            single.append(beat)
    return np.array(single, np.int64)


def _highest_nearby(energy: NDArray[np.float64], beats: NDArray[np.int64], reach: int) -> NDArray[np.int64]:
    """``beats`` moved to the largest deflection within ``reach`` samples."""
    offsets = np.arange(-reach, reach + 1)
    around = np.clip(beats[:, None] + offsets, 0, len(energy) - 1)
    best = energy[around].argmax(axis=1)
    return np.asarray(np.unique(around[np.arange(len(beats)), best]), np.int64)
