"""Whether what looks like P waves are some: in fibrillation the baseline wanders like P here and there.

True P waves come with nearly every beat, or, as in bigeminy or where they are faint, with some of them, but
then always the same time before the QRS complex. Both are looked at over all leads of a record.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.waves import Wave

STRAY = 0.3  # P waves for each QRS complex; fewer are chance
FEW = 0.9  # P waves for each QRS complex; fewer must come at a constant time before it
SCATTER = 0.03  # s, times P waves for each QRS complex; the fewer they are the more constant they must be
LONGEST_PR = 0.5  # s
CUT_OFF = 0.3  # s; the P wave of a QRS complex that begins earlier may lie before the record


def has_p_waves(leads: Sequence[Sequence[Wave]]) -> bool:
    """Whether the P waves among these leads' waves are believed. True where there are no QRS complexes."""
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
    return scatter < SCATTER * n_p / n_qrs


def _intervals(p_onsets: NDArray[np.float64], onsets: NDArray[np.float64]) -> list[float]:
    """From each P wave to the next QRS complex, where one follows soon."""
    following = np.searchsorted(onsets, p_onsets)
    p_onsets, following = p_onsets[following < onsets.size], following[following < onsets.size]
    found = onsets[following] - p_onsets
    return [float(interval) for interval in found[found <= LONGEST_PR]]
