"""P waves of a slow heart, as in AV block, which the delineator misses if no QRS complex follows.

The median QRST complex is subtracted from each beat; the remaining waves are atrial. They are projected on
their strongest common direction over the leads (first principal component), and P waves are the peaks that
resemble each other. Their rhythm decides whether they are P waves: see ``p_period``. Subtraction of the
ventricular complex is that of Stridh and Sörnmo (2001, doi:10.1109/10.900266), without their spatial
alignment.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass

BAND = (1.5, 15.0)  # Hz
BEFORE_R, AFTER_R = 0.12, 0.64  # s around an R peak that its QRST complex occupies
OF_RR = 0.75  # of the shortest RR interval, the longest that it occupies
STEEP = 0.11  # s on either side of R in which the remainder of QRS is no P wave
CALM = 0.17  # s on either side of R, outside of which the atria's direction is computed
FEWEST = 3  # beats
NEAR = 0.08  # s around a P wave's middle that hold it
APART = 0.30  # s between two P waves at the least
TALL = 3.0  # times the typical deviation, that a P wave reaches
OF_OTHERS = 0.5  # of the median P wave's height that each has at least
ALIKE = 0.7  # correlation of each P wave with the median one

Numbers = NDArray[np.float64]


def diastolic_p_waves(signal: FloatArray, sampling_rate: float, beats: Numbers) -> Numbers:
    """The middles in s of P waves outside the QRS complexes of ``beats`` (R peaks in s), ascending.

    ``signal`` is (n_leads, n_samples). The result is empty with fewer than three beats, or if no wave recurs.
    """
    if len(beats) < FEWEST:
        return np.zeros(0)
    slow = np.asarray(bandpass(np.nan_to_num(signal), sampling_rate, *BAND, 2), np.float64)
    rest = _without_ventricles(slow, sampling_rate, beats)
    quiet = _apart(rest.shape[-1], sampling_rate, beats, STEEP)
    moving = rest[:, _apart(rest.shape[-1], sampling_rate, beats, CALM)]
    _, directions = np.linalg.eigh(moving @ moving.T)
    atria = np.asarray(directions[:, -1] @ rest)  # (n_samples,), along the largest variance of the leads
    deviation = 1.4826 * float(np.median(np.abs(atria[quiet] - np.median(atria[quiet]))))
    candidates = [_peaks(sign * atria, quiet, deviation, sampling_rate) for sign in (1.0, -1.0)]
    return np.asarray(max(candidates, key=len) / sampling_rate, np.float64)


def _apart(n_samples: int, rate: float, beats: Numbers, distance: float) -> NDArray[np.bool_]:
    """Flags of the samples that lie further than ``distance`` s from each R peak."""
    apart = np.ones(n_samples, bool)
    for beat in beats:
        apart[max(0, round((beat - distance) * rate)) : max(0, round((beat + distance) * rate))] = False
    return apart


def _without_ventricles(slow: Numbers, rate: float, beats: Numbers) -> Numbers:
    """The signal minus the median QRST complex of each lead."""
    before = round(BEFORE_R * rate)
    after = round(min(AFTER_R, OF_RR * float(np.diff(beats).min())) * rate)
    padded = np.pad(slow, ((0, 0), (before, after)))
    places = np.rint(beats * rate).astype(np.int64)[:, None] + np.arange(before + after)
    typical = np.median(padded[:, places], axis=1)
    taper = np.minimum(
        1.0, np.minimum(np.arange(before + after), np.arange(before + after)[::-1]) / (0.04 * rate)
    )
    for beat in places:
        padded[:, beat] -= taper * typical
    return padded[:, before : padded.shape[-1] - after]


def _peaks(atria: Numbers, quiet: NDArray[np.bool_], deviation: float, rate: float) -> NDArray[np.int64]:
    """Peaks outside QRS complexes that stand out and resemble each other."""
    peaks, _ = scipy_signal.find_peaks(atria, height=TALL * deviation, distance=max(1, round(APART * rate)))
    reach = round(NEAR * rate)
    peaks = peaks[(peaks >= reach) & (peaks < len(atria) - reach) & quiet[peaks]]
    if len(peaks) < FEWEST:
        return peaks[:0]
    waves = atria[peaks[:, None] + np.arange(-reach, reach + 1)]
    heights, typical = waves.max(axis=1), np.median(waves, axis=0)
    alike = np.array([np.corrcoef(wave, typical)[0, 1] for wave in waves])
    usual = (heights >= OF_OTHERS * np.median(heights)) & (heights <= np.median(heights) / OF_OTHERS)
    return np.asarray(peaks[(alike > ALIKE) & usual], np.int64)
