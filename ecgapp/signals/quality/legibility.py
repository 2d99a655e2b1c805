"""Whether a window can be read as an ECG, as numbers without a unit; larger ones are worse.

All are computed from a window as the networks read it (filtered from 0.5 to 40 Hz, each lead at unit
variance), so that they are valid for records whose voltages are unknown, too.
"""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import LEADS, FloatArray
from ecgapp.signals.normalise import FLAT, normalise
from ecgapp.signals.r_peaks import r_peaks

Numbers = NDArray[np.float64]

HIGH = 15.0  # Hz; a QRS complex has less of its energy above this than muscle has
BEFORE, BEHIND = 0.20, 0.40  # s around an R peak that make a beat
FEWEST_BEATS = 3
LIMB = LEADS[:6]
_SMALLEST = 1e-4  # keeps logarithms finite


def roughness(window: FloatArray, sampling_rate: float) -> float:
    """The share of the energy above ``HIGH`` Hz, median over the leads with a signal; logarithm."""
    power = np.square(np.abs(np.fft.rfft(_alive(window), axis=-1)))
    if not power.size:
        return 0.0
    high = np.fft.rfftfreq(window.shape[-1], 1 / sampling_rate) > HIGH
    share = power[:, high].sum(axis=-1) / power.sum(axis=-1)
    return float(np.log(np.median(share) + _SMALLEST))


def evenness(window: FloatArray) -> float:
    """The share of the energy in the quieter three quarters of the time; logarithm.

    An ECG is quiet between beats; noise and speech are never quiet for long.
    """
    alive = _alive(window)
    if not alive.size:
        return 0.0
    energy = np.sort(np.square(alive, dtype=np.float64), axis=-1)
    quiet = energy[:, : 3 * energy.shape[1] // 4].sum(axis=-1) / energy.sum(axis=-1)
    return float(np.log(np.median(quiet) + _SMALLEST))


def disagreement(window: FloatArray, sampling_rate: float) -> float:
    """The difference of a beat to the median beat: 1 - correlation, median over beats, then over leads.

    It is 1 with fewer than ``FEWEST_BEATS`` whole beats.
    """
    alive = _alive(window)
    peaks = r_peaks(alive, sampling_rate) if alive.size else np.zeros(0, np.int64)
    before, behind = round(BEFORE * sampling_rate), round(BEHIND * sampling_rate)
    peaks = peaks[(peaks >= before) & (peaks + behind <= window.shape[-1])]
    if len(peaks) < FEWEST_BEATS:
        return 1.0
    beats = alive[:, peaks[:, None] + np.arange(-before, behind)].astype(np.float64)
    typical = np.median(beats, axis=1, keepdims=True)
    beats, typical = (x - x.mean(axis=-1, keepdims=True) for x in (beats, typical))
    size = np.sqrt(np.square(beats).sum(axis=-1) * np.square(typical).sum(axis=-1))
    correlation = (beats * typical).sum(axis=-1) / np.maximum(size, 1e-12)
    return float(np.median(np.median(1 - correlation, axis=1)))


def contradiction(window: FloatArray, leads: tuple[str, ...]) -> float:
    """The share of the six limb leads' energy outside of two dimensions; logarithm.

    By Einthoven's and Goldberger's equations four of them follow from I and II, at any scale of each.
    ``log(1e-4)`` without all six leads.
    """
    rows = [leads.index(lead) for lead in LIMB if lead in leads]
    limb = _alive(window[rows])
    if len(limb) < len(LIMB):
        return float(np.log(_SMALLEST))
    scaled = normalise(limb).astype(np.float64)
    values = np.linalg.eigvalsh(scaled @ scaled.T)
    return float(np.log(max(values[:-2].sum(), 0.0) / values.sum() + _SMALLEST))


def _alive(window: FloatArray) -> FloatArray:
    """The leads that have a signal."""
    return np.asarray(window[window.std(axis=-1) > FLAT], np.float32)
