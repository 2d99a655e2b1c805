"""Intervals over records of macro AUROC, weighted F1, and of the difference of two sets of predictions.

The two sets of a difference are resampled together, because they are of the same records: what is easy or
difficult about a record does not widen the interval. A label needs a positive and a negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Bools, Floats, checked, outcomes, ratio
from ecgapp.evaluate.bootstrap import Statistic, bootstrap_draws, draw_weights, interval
from ecgapp.evaluate.challenge_scores import f_beta
from ecgapp.evaluate.ranking import LabelRanking
from ecgapp.evaluate.redrawing import redrawn_weights
from ecgapp.models.validation_figures import Interval


def macro_auroc_interval(
    probabilities: AnyFloats,
    targets: AnyFloats,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
    redraw_until_complete: bool = False,
) -> Interval | None:
    """The macro AUROC with its 95 % interval over records; None without a label to rank.

    Both arrays are (n_records, n_labels). A draw in which a label is not defined is left out or, with
    ``redraw_until_complete``, drawn again until every label has a positive.

    Raises:
        ConfigError: the arrays do not fit each other, or too few draws have a positive of every label.
    """
    statistic, n_records = macro_auroc_statistic(probabilities, targets), len(targets)
    value = float(statistic(np.ones((n_records, 1)))[0])
    if np.isnan(value):
        return None
    if redraw_until_complete:
        blocks = redrawn_weights(np.asarray(targets) == 1, n_bootstrap, seed)
    else:
        blocks = draw_weights(n_records, n_bootstrap, seed)
    return interval(value, np.concatenate([statistic(weights) for weights in blocks]))


def macro_auroc_statistic(probabilities: AnyFloats, targets: AnyFloats) -> Statistic:
    """The macro AUROC as a function of weights, over the labels with positives and negatives.

    NaN in a draw in which one of these labels has lost its positives or its negatives.
    """
    scores, truths = checked(probabilities, targets)
    both = (truths == 1).any(axis=0) & (truths == 0).any(axis=0)
    columns = zip(scores.T[both], truths.T[both], strict=True)
    rankings = [LabelRanking.of(score, truth) for score, truth in columns]

    def statistic(weights: Floats) -> Floats:
        if not rankings:
            return np.full(weights.shape[1], np.nan)
        return np.mean([ranking.auroc(weights) for ranking in rankings], axis=0)

    return statistic


def weighted_f1(decisions: Bools, targets: AnyFloats) -> float | None:
    """The mean F1 of the labels, each weighted by its positives; None without positives.

    ``decisions`` (n_records, n_labels) are flags, ``targets`` 1, 0 or NaN (unknown, left out).
    """
    value = float(weighted_f1_statistic(decisions, targets)(np.ones((len(decisions), 1)))[0])
    return None if np.isnan(value) else value


def weighted_f1_statistic(decisions: Bools, targets: AnyFloats) -> Statistic:
    """The weighted F1 as a function of weights: (n_records, n_draws) to (n_draws,)."""
    _, truths = checked(np.zeros(np.shape(targets)), targets)
    if np.shape(decisions) != truths.shape:
        raise ConfigError("Decisions and targets must have one row a record and one column a label.")
    counts = outcomes(np.asarray(decisions, dtype=bool), truths)[:3].transpose(0, 2, 1)
    rows = np.ascontiguousarray(counts.reshape(-1, counts.shape[2]))

    def statistic(weights: Floats) -> Floats:
        hits, alarms, misses = (rows @ weights).reshape(3, -1, weights.shape[1])
        positives = hits + misses
        f1 = np.nan_to_num(f_beta(hits, alarms, misses, 1.0))  # undefined only without positives
        return ratio((positives * f1).sum(axis=0), positives.sum(axis=0))

    return statistic


def mean_statistic(statistics: Sequence[Statistic]) -> Statistic:
    """The mean of several statistics of the same records, as a function of weights."""
    return lambda weights: np.asarray(np.mean([one(weights) for one in statistics], axis=0), np.float64)


@dataclass(frozen=True)
class PairedDifference:
    """A figure of two sets of predictions on the same ``n`` records, and second minus first.

    ``p`` is the two-sided share of draws on the other side of 0, at least 1 over the number of draws.
    """

    n: int
    first: float
    second: float
    difference: Interval
    p: float


def paired_difference(
    first: Statistic, second: Statistic, n_records: int, n_bootstrap: int = 1000, seed: int = 0
) -> PairedDifference | None:
    """The difference ``second`` minus ``first`` of a figure, with its 95 % interval over draws of records.

    Both statistics map weights (n_records, n_draws) to values (n_draws,). None if either is undefined.
    """
    if n_records == 0:
        return None
    one = np.ones((n_records, 1))
    values = float(first(one)[0]), float(second(one)[0])
    draws = bootstrap_draws(lambda weights: second(weights) - first(weights), n_records, n_bootstrap, seed)
    return difference_of_draws(n_records, values, draws)


def difference_of_draws(
    n_records: int, values: tuple[float, float], draws: Floats
) -> PairedDifference | None:
    """The difference of ``values``, second minus first; ``draws`` (n_draws,) are its values in each draw."""
    difference = interval(values[1] - values[0], draws)
    if difference is None:
        return None
    defined = draws[~np.isnan(draws)]
    side = min((defined <= 0).mean(), (defined >= 0).mean())
    p = min(1.0, max(2 * float(side), 1 / len(defined)))
    return PairedDifference(n_records, *values, difference, p)
