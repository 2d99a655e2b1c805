"""The learning curve index of Jang et al. (2021), doi:10.4258/hir.2021.27.1.19.

    LCI = mean(rises of F1 from epoch to epoch) / (mean(|drops|) + eps) * best F1

It is large if a curve rises steadily and high. The paper sets eps to the smallest value that avoids
infinity, which makes the index astronomically large before the first drop; here it has no value until
then.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Floats

SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class LearningCurveIndex:
    """The index and the numbers of its formula; ``value`` is None while there is no drop.

    ``mean_positive`` is the mean rise and ``mean_negative`` the mean size of a drop, 0 without any.
    ``best_epoch`` counts from 1 and is the first that reached ``best``.
    """

    value: float | None
    mean_positive: float
    mean_negative: float
    n_positive: int
    n_negative: int
    best: float | None
    best_epoch: int | None


def learning_curve_index(f1_by_epoch: Sequence[float]) -> LearningCurveIndex:
    """The index of one run from the F1 on held-back records after each epoch.

    Raises:
        ConfigError: an F1 is not a finite number.
    """
    _check_finite(f1_by_epoch)
    changes = np.diff(np.asarray(f1_by_epoch, dtype=np.float64))
    rises, drops = changes[changes > 0], -changes[changes < 0]
    rise, drop = _mean(rises), _mean(drops)
    best = max(f1_by_epoch, default=None)
    value = rise / (drop + SMALLEST) * best if best is not None and len(drops) else None
    epoch = None if best is None else list(f1_by_epoch).index(best) + 1
    return LearningCurveIndex(value, rise, drop, len(rises), len(drops), best, epoch)


def indices_by_epoch(f1_by_epoch: Sequence[float]) -> tuple[float | None, ...]:
    """The index after each epoch; None before the first drop.

    Raises:
        ConfigError: an F1 is not a finite number.
    """
    _check_finite(f1_by_epoch)
    f1 = np.asarray(f1_by_epoch, dtype=np.float64)
    if not len(f1):
        return ()
    changes = np.diff(f1, prepend=f1[0])
    rise, drop = _running_mean(changes), _running_mean(-changes)
    values = rise / (drop + SMALLEST) * np.maximum.accumulate(f1)
    return tuple(float(value) if seen else None for value, seen in zip(values, drop > 0, strict=True))


def _check_finite(f1_by_epoch: Sequence[float]) -> None:
    if not all(math.isfinite(f1) for f1 in f1_by_epoch):
        raise ConfigError("The learning curve index needs a finite F1 for each epoch.")


def _running_mean(changes: Floats) -> Floats:
    """The mean of the positive changes so far, after each change."""
    counts = np.cumsum(changes > 0)
    return np.cumsum(np.maximum(changes, 0)) / np.maximum(counts, 1)


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
