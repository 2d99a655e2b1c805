"""Distinguishes P waves from the irregular baseline of atrial fibrillation, which can look like them.

True P waves come with nearly every beat, or, as in bigeminy or if they are faint, with some of them, but
then always the same time before the QRS complex. In a complete AV block they have a rhythm of their own.
All leads of a record are considered together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.waves import Wave

STRAY = 0.3  # P waves for each QRS complex; fewer are chance
FEW = 0.9  # P waves for each QRS complex; fewer must come at a constant time before it
SCATTER = 0.03  # s, times P waves for each QRS complex; the fewer there are, the more constant they must be
LONGEST_PR = 0.5  # s
CUT_OFF = 0.3  # s; the P wave of a QRS complex that begins earlier may lie before the record
PERIODS = (0.33, 1.7)  # s: 35 to 180 a minute
MOST_HIDDEN = 3  # consecutive P waves that QRS and T may hide
IN_STEP = 0.08  # of the period, by which an interval may differ from a multiple of it
MOST_IN_STEP = 0.85  # of the intervals
FEWEST = 5  # intervals
OTHER_RATE = (
    0.06  # least relative difference between the rate of P waves and of QRS complexes if P has its own
)


def has_p_waves(leads: Sequence[Sequence[Wave]]) -> bool:
    """Whether the P waves among these leads' waves are true ones; True without QRS complexes."""
    intervals: list[float] = []
    n_p = n_qrs = 0
    for waves in leads:
        onsets = np.array([wave.onset for wave in waves if wave.kind == "QRS"])
        p_onsets = np.array([wave.onset for wave in waves if wave.kind == "P"])
        n_p, n_qrs = n_p + p_onsets.size, n_qrs + int((onsets >= CUT_OFF).sum())
        intervals += _intervals(p_onsets, onsets)
    if n_p >= FEW * n_qrs:
        return True
    if n_p < STRAY * n_qrs or not intervals:
        return False
    scatter = float(np.median(np.abs(np.array(intervals) - np.median(intervals))))
    own_rates = [_has_own_rate(waves) for waves in leads if any(wave.kind == "P" for wave in waves)]
    recurring = bool(own_rates) and 2 * sum(own_rates) >= len(own_rates)  # at another rate than QRS
    return scatter < SCATTER * n_p / n_qrs or recurring


def p_period(times: NDArray[np.float64]) -> float | None:
    """The interval in s at which P waves at ``times`` (s, ascending) recur; None if they do not.

    Some may be hidden: the result is the longest period of which nearly all intervals are small multiples.
    """
    intervals = np.diff(times)
    intervals = intervals[intervals >= PERIODS[0]]
    if intervals.size < FEWEST:
        return None
    multiples = np.arange(1, MOST_HIDDEN + 2)
    choices = np.unique(np.round(intervals[:, None] / multiples, 3))
    for period in choices[(choices >= PERIODS[0]) & (choices <= PERIODS[1])][::-1]:
        number = np.clip(np.rint(intervals / period), 1, MOST_HIDDEN + 1)
        in_step = np.abs(intervals / number - period) <= IN_STEP * period
        if in_step.mean() >= MOST_IN_STEP and (number[in_step] == 1).sum() >= 2:
            return float(np.median((intervals / number)[in_step]))
    return None


def _has_own_rate(waves: Sequence[Wave]) -> bool:
    p, qrs = (np.array([wave.peak for wave in waves if wave.kind == kind]) for kind in ("P", "QRS"))
    period = p_period(p)
    if period is None or qrs.size < 2:
        return False
    return abs(float(np.median(np.diff(qrs))) / period - 1) > OTHER_RATE


def _intervals(p_onsets: NDArray[np.float64], onsets: NDArray[np.float64]) -> list[float]:
    """The times in s from each P wave to the next QRS complex, up to ``LONGEST_PR``."""
    following = np.searchsorted(onsets, p_onsets)
    p_onsets, following = p_onsets[following < onsets.size], following[following < onsets.size]
    intervals = onsets[following] - p_onsets
    return [float(interval) for interval in intervals[intervals <= LONGEST_PR]]
