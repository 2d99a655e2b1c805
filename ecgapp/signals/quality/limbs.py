"""Swapped limb electrodes: limb leads that contradict each other or the chest leads.

Swapping two limb electrodes does not change V1 to V6, because their reference is the mean of all three.
Leads I and II are therefore predicted from the chest leads and compared with the recorded ones and with
each swap undone, in P, QRS and T of the median beat: the idea is that of Kors and van Herpen (2001),
doi:10.1016/s0022-0736(01)90102-4, who compare leads with their reconstruction from others. Here the three
waves are weighted by logistic regression. ``benchmarks/limbs.py`` fits the numbers below.
"""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals.median_beat import aligned
from ecgapp.signals.quality.baseline import points
from ecgapp.signals.quality.lead_quality import LeadQuality
from ecgapp.signals.r_peaks import r_peaks

NOT_ADDING_UP = 0.05  # mV rms of I + III - II
LIMBS, CHEST = ("I", "II"), ("V1", "V2", "V3", "V4", "V5", "V6")
LONGEST = 30.0  # s that are used
FEWEST = 2  # beats
BEFORE, AFTER = 0.30, 0.50  # s around R
WAVES = MappingProxyType({"P": (-0.25, -0.07), "QRS": (-0.07, 0.09), "T": (0.10, 0.45)})  # s after R
LEVEL = (-0.07, -0.05)  # s after R: the level of 0 mV

# The matrix that a swap applies to I and II; each is its own inverse.
SWAPS = MappingProxyType(
    {
        "RA/LA": np.array([[-1.0, 0.0], [-1.0, 1.0]]),
        "RA/LL": np.array([[1.0, -1.0], [0.0, -1.0]]),
        "LA/LL": np.array([[0.0, 1.0], [1.0, 0.0]]),
    }
)
# I and II predicted from V1 to V6, in each of ``WAVES``.
EXPECTED = np.array(
    [
        [[-0.427, 0.385, 0.032, -0.084, 0.216, 0.573], [-0.013, -0.151, 0.254, 0.281, 0.459, 0.731]],
        [[-0.57, 0.255, 0.062, -0.126, 0.059, 0.378], [-0.033, -0.167, 0.132, 0.102, 0.036, 0.376]],
        [[-0.394, 0.263, -0.032, -0.004, 0.075, 0.344], [-0.123, 0.093, 0.096, 0.046, 0.072, 0.496]],
    ]
)
WEIGHTS = np.array([7.32, 5.76, 2.4])  # of the likeness in each of ``WAVES``
# The probability that names a swap. LA/LL is never named: even 0.99 would name only 6 % of such swaps, and
# with them 0.1 % of the records that are right, which are by far more.
CERTAIN = MappingProxyType({"RA/LA": 0.9, "RA/LL": 0.95})


def einthoven(record: ECGRecord) -> float | None:
    """The rms of I + III - II in mV, without their offsets; None unless all three were recorded."""
    limbs = ("I", "II", "III")
    if record.units != "mV" or record.derived & set(limbs) or not set(limbs) <= set(record.leads):
        return None
    one, two, three = record.select(limbs)
    rest = one + three - two
    rest = rest[np.isfinite(rest)]
    return float(rest.std(dtype=np.float64)) if rest.size else None


def limb_reversal(record: ECGRecord, quality: Sequence[LeadQuality]) -> str:
    """The electrodes that look swapped: a key of ``CERTAIN``, or "" if none do or it is unknown."""
    sound = {one.lead for one in quality if one.measurable and not one.noisy}
    if record.units != "mV" or not {*LIMBS, *CHEST} <= sound:
        return ""
    beat = typical_waves(record)
    if beat is None:
        return ""
    probability = swap_probabilities(beat)
    return next((swap for swap, limit in CERTAIN.items() if probability[swap] >= limit), "")


def typical_waves(record: ECGRecord) -> list[NDArray[np.float64]] | None:
    """Leads I, II, V1-V6 in each of ``WAVES`` of the median beat, (8, n_points) each.

    None with too few beats.
    """
    part = record.select((*LIMBS, *CHEST))[:, : round(LONGEST * record.sampling_rate)]
    slow, rate = points(part, record.sampling_rate)
    peaks = r_peaks(slow, rate)
    peaks = peaks[(peaks >= BEFORE * rate) & (peaks < slow.shape[1] - AFTER * rate)]
    if len(peaks) < FEWEST:
        return None
    beats = aligned(slow, peaks, rate, (BEFORE, AFTER))
    beat = np.median(beats - _between(beats, rate, LEVEL).mean(axis=-1, keepdims=True), axis=0)
    return [_between(beat, rate, span) for span in WAVES.values()]


def _between(beat: FloatArray, rate: float, span: tuple[float, float]) -> NDArray[np.float64]:
    first, behind = (round((BEFORE + edge) * rate) for edge in span)
    return np.asarray(beat[..., first : max(behind, first + 1)], np.float64)


def swap_probabilities(waves: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """The probabilities of "" (none) and of each of ``SWAPS``, if all were equally frequent."""
    scores = likeness(waves, EXPECTED) @ WEIGHTS
    odds = np.exp(scores - scores.max())
    return dict(zip(("", *SWAPS), (odds / odds.sum()).tolist(), strict=True))


def likeness(waves: Sequence[NDArray[np.float64]], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity, -1 to 1, of I and II with their prediction, as recorded and with each swap undone.

    Returns:
        (4, 3): one row for the recorded leads and for each of ``SWAPS``, one column for each of ``WAVES``.
    """
    undone = (np.eye(2), *SWAPS.values())
    return np.array(
        [
            [_cosine(swap @ wave[:2], chest @ wave[2:]) for wave, chest in zip(waves, expected, strict=True)]
            for swap in undone
        ]
    )


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float(np.sqrt(np.sum(one * one) * np.sum(other * other)))
    return float(np.sum(one * other)) / size if size > 0 else 0.0
