"""Clipped waves: runs of samples at a lead's highest or lowest value."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

SHORTEST_RAIL = 0.02  # s at the same extreme value; a shorter run is the top of a wave
ABRUPT = 0.03  # of the lead's whole range, between two samples, into or out of the rail


def is_clipped(signal: FloatArray, sampling_rate: float) -> bool:
    """Whether ``signal`` (n_samples,) reaches its highest or lowest value abruptly and stays there.

    The rounded top of a wave stays at one value too, but is reached slowly.
    """
    shortest = max(3, round(SHORTEST_RAIL * sampling_rate))
    abrupt = ABRUPT * float(np.ptp(signal))
    return any(_has_rail(signal, extreme, shortest, abrupt) for extreme in (signal.max(), signal.min()))


def _has_rail(signal: FloatArray, extreme: np.float32, shortest: int, abrupt: float) -> bool:
    first, behind = runs(signal == extreme)
    inside = (
        (behind - first >= shortest) & (first > 0) & (behind < signal.size)
    )  # the ends are often constant
    first, behind = first[inside], behind[inside]
    jump = np.maximum(np.abs(signal[first - 1] - extreme), np.abs(signal[behind] - extreme))
    return bool((jump > abrupt).any())


def runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first sample of each run of True, and the sample behind its end."""
    changes = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
