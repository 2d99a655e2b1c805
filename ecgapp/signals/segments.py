"""Conversion between a class for each sample and waves."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray
from ecgapp.records.waves import WAVES, Wave

UNKNOWN = -1  # the class of samples without a known class
SHORTEST = {"P": 0.028, "QRS": 0.036, "T": 0.060}  # s; shorter runs are no waves
GAP = 0.030  # s; two runs of one wave that lie closer than this are one
FAINT = 1.0  # how far "no wave" may be ahead of P, in logarithms, at a sample of a P wave
SLOPE = 2.0  # by how much the logarithm's difference to "no wave" falls from such a wave's top to its ends
_P = WAVES.index("P") + 1
_TINY = 1e-12  # smaller probabilities count as this one


def classes_of(waves: Sequence[Wave], n_samples: int, sampling_rate: float) -> NDArray[np.int64]:
    """The class of each sample: 0 for no wave, else the wave's place in ``WAVES`` plus 1.

    ``UNKNOWN`` before the first wave and behind the last one, because manual marks leave the ends out.
    """
    classes = np.full(n_samples, UNKNOWN, np.int64)
    if not waves:
        return classes
    first, last = waves[0].onset, max(wave.offset for wave in waves)
    classes[_between(first, last, sampling_rate)] = 0
    for wave in waves:
        classes[_between(wave.onset, wave.offset, sampling_rate)] = WAVES.index(wave.kind) + 1
    return classes


def waves_in(
    probabilities: FloatArray, sampling_rate: float, heights: FloatArray | None = None
) -> tuple[Wave, ...]:
    """The waves of one lead, in order of time, from each sample's ``probabilities`` (4, n_samples).

    A wave is a run of samples in which its class is the likeliest; P waves, which are faint in many
    leads, may be a little less likely than none. A wave's peak is the sample at which ``heights``
    (n_samples,), the lead's signal, is furthest from the line between the wave's ends.
    """
    likeliest = _likeliest(probabilities)
    waves = []
    for number, kind in enumerate(WAVES, start=1):
        for first, last in _runs(likeliest == number, kind, sampling_rate):
            peak = (first + last) // 2 if heights is None else first + _highest(heights[first : last + 1])
            waves.append(Wave(kind, first / sampling_rate, peak / sampling_rate, last / sampling_rate))
    return tuple(sorted(waves, key=lambda wave: wave.onset))


def _likeliest(probabilities: FloatArray) -> NDArray[np.int64]:
    """Each sample's class: the likeliest, or P if "no wave" is only a little likelier."""
    classes = probabilities.argmax(axis=0)
    logs = np.log(np.maximum(probabilities, _TINY))
    ahead = np.where(np.isin(classes, (0, _P)), logs[_P] - logs[0], -np.inf)
    for first, last in _stretches(ahead > -FAINT):
        run = slice(first, last + 1)
        classes[run][ahead[run] > min(0.0, ahead[run].max() - SLOPE)] = _P
    return classes


def _between(onset: float, offset: float, sampling_rate: float) -> slice:
    return slice(int(np.ceil(onset * sampling_rate - 1e-6)), int(np.floor(offset * sampling_rate + 1e-6)) + 1)


def _runs(flags: NDArray[np.bool_], kind: str, sampling_rate: float) -> list[tuple[int, int]]:
    """First and last sample of each run of True that is long enough, after closing small gaps."""
    runs: list[tuple[int, int]] = []
    for first, last in _stretches(flags):
        if runs and first - runs[-1][1] < GAP * sampling_rate:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return [run for run in runs if run[1] - run[0] >= SHORTEST[kind] * sampling_rate]


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last sample of each run of True."""
    changes = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    firsts, behind = np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
    return [(int(first), int(last) - 1) for first, last in zip(firsts, behind, strict=True)]


def _highest(heights: FloatArray) -> int:
    return int(np.abs(heights - np.linspace(heights[0], heights[-1], len(heights))).argmax())
