"""Comparison of two arms of an experiment by their trials: means, SDs, and t-tests.

Jang et al. (2021), doi:10.4258/hir.2021.27.1.19, compare ten trials of each arm by Welch's t-test; their
printed SDs are sample SDs (ddof 1). Trials with the same seed and the same records are pairs, and the paired
test does not count what both arms share.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class TrialSummary:
    """The mean and the sample SD of the ``n`` trials of one arm; ``sd`` is None with one trial."""

    n: int
    mean: float
    sd: float | None


@dataclass(frozen=True)
class TrialDifference:
    """The mean difference of two arms, second minus first, its 95 % interval, and the p value.

    ``low``, ``high`` and ``p`` are None if they are undefined, because all trials of an arm, or all
    differences, are equal. ``degrees`` are the degrees of freedom.
    """

    n: int  # trials of the smaller arm, or pairs
    difference: float
    low: float | None
    high: float | None
    p: float | None
    degrees: float | None


def trial_summary(values: Sequence[float]) -> TrialSummary:
    """The mean and the sample SD (ddof 1) of trials.

    Raises:
        ConfigError: there are no trials, or one is not a finite number.
    """
    trials = _trials(values, 1)
    sd = float(trials.std(ddof=1)) if len(trials) > 1 else None
    return TrialSummary(len(trials), float(trials.mean()), sd)


def welch_test(first: Sequence[float], second: Sequence[float]) -> TrialDifference:
    """Welch's t-test of two independent arms (Welch 1947, doi:10.1093/biomet/34.1-2.28).

    Raises:
        ConfigError: an arm has fewer than two trials, or one is not a finite number.
    """
    one, two = _trials(first, 2), _trials(second, 2)
    difference, n = float(two.mean() - one.mean()), min(len(one), len(two))
    parts = one.var(ddof=1) / len(one), two.var(ddof=1) / len(two)
    error = math.sqrt(sum(parts))
    if error <= _smallest(one, two):
        return TrialDifference(n, difference, None, None, None, None)
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (len(one) - 1) + parts[1] ** 2 / (len(two) - 1))
    return _tested(n, difference, error, float(degrees))


def paired_test(first: Sequence[float], second: Sequence[float]) -> TrialDifference:
    """The paired t-test of two arms whose trials belong together in their order, for example by seed.

    Raises:
        ConfigError: the arms differ in length, have fewer than two trials, or one is not a finite number.
    """
    one, two = _pairs(first, second)
    differences = two - one
    difference, n = float(differences.mean()), len(differences)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    if error <= _smallest(one, two):
        return TrialDifference(n, difference, None, None, None, None)
    return _tested(n, difference, error, float(n - 1))


def _tested(n: int, difference: float, error: float, degrees: float) -> TrialDifference:
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) * error
    p = 2 * float(stats.t.sf(abs(difference) / error, degrees))
    return TrialDifference(n, difference, difference - half, difference + half, p, degrees)


def _smallest(one: Floats, two: Floats) -> float:
    """The standard error that rounding alone can give to trials of this size."""
    return float(np.finfo(np.float64).eps * 8 * max(np.abs(one).max(), np.abs(two).max()))


def _pairs(first: Sequence[float], second: Sequence[float]) -> tuple[Floats, Floats]:
    one, two = _trials(first, 2), _trials(second, 2)
    if len(one) != len(two):
        raise ConfigError("A paired test needs as many trials of one arm as of the other.")
    return one, two


def _trials(values: Sequence[float], fewest: int) -> Floats:
    trials = np.asarray(values, dtype=np.float64)
    if trials.ndim != 1 or len(trials) < fewest or not np.isfinite(trials).all():
        raise ConfigError(f"An arm needs at least {fewest} trials, each with a finite figure.")
    return trials
