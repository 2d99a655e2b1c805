"""The answers of the arms of verma2021 as figures with intervals over records.

Each repeat of an arm has its own folds and its own subset of labels. A figure of several repeats is therefore
the mean of their figures, never the figure of their mean answer, which would be that of an ensemble.
"""

import functools
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate.arrays import AnyFloats, Floats
from ecgapp.evaluate.bootstrap import Statistic, bootstrap_draws, interval
from ecgapp.evaluate.comparison.record_bootstrap import (
    PairedDifference,
    difference_of_draws,
    macro_auroc_statistic,
    paired_difference,
)
from ecgapp.experiments.report_parts import interval_text
from ecgapp.experiments.study_protocol import ArmTrials, Results
from ecgapp.models.validation_figures import Interval
from ecgapp.records.record import FloatArray

N_DRAWS = 1000
_SIGNIFICANT = 0.05


@dataclass(frozen=True, eq=False)
class RepeatedAnswers:
    """The answers of an arm's repeats, each (n_records, n_labels), and the targets of the same records."""

    answers: tuple[FloatArray, ...]
    targets: FloatArray

    def column(self, place: int) -> "RepeatedAnswers":
        """The answers to one label."""
        here = slice(place, place + 1)
        return RepeatedAnswers(tuple(one[:, here] for one in self.answers), self.targets[:, here])

    def first(self, n: int) -> "RepeatedAnswers":
        """The answers of the first ``n`` repeats."""
        return RepeatedAnswers(self.answers[:n], self.targets)

    def statistic(self) -> Statistic:
        """The mean over the repeats of the macro AUROC of each, as a function of weights of records."""
        each = [macro_auroc_statistic(one, self.targets) for one in self.answers]

        def statistic(weights: Floats) -> Floats:
            return np.asarray(np.mean([one(weights) for one in each], axis=0), np.float64)

        return statistic


def answers_of(arm: ArmTrials) -> RepeatedAnswers:
    """The answers of all repeats of the arm that have ended."""
    arrays = [arm.arrays(place) for place in range(len(arm.trials))]
    answers = tuple(np.asarray(one["probabilities"], np.float32) for one in arrays)
    return RepeatedAnswers(answers, np.asarray(arrays[0]["targets"], np.float32))


@functools.lru_cache(maxsize=128)  # an arm stands in several tables, and its draws take seconds
def _draws_of(arm: ArmTrials) -> Floats:
    """The macro AUROC of each repeat, on all records and then in each draw of them: (n_repeats, 1 + n_draws).

    Arms that answer the same records have the same draws.
    """
    answers = answers_of(arm)
    n_records = len(answers.targets)
    rows = []
    for one in answers.answers:
        statistic = macro_auroc_statistic(one, answers.targets)
        draws = bootstrap_draws(statistic, n_records, N_DRAWS, 0)
        rows.append(np.concatenate([statistic(np.ones((n_records, 1))), draws]))
    return np.stack(rows)


def auroc_of(arm: ArmTrials) -> Interval | None:
    """The mean macro AUROC of the arm's repeats, with its 95 % interval over records."""
    means = _draws_of(arm).mean(axis=0)
    return None if np.isnan(means[0]) else interval(float(means[0]), means[1:])


def paired_auroc(first: AnyFloats, second: AnyFloats, targets: AnyFloats) -> PairedDifference | None:
    """The difference in macro AUROC, second minus first, of two sets of answers to the same records."""
    statistics = (macro_auroc_statistic(first, targets), macro_auroc_statistic(second, targets))
    return paired_difference(*statistics, len(targets), N_DRAWS)


def paired_repeats(first: RepeatedAnswers, second: RepeatedAnswers) -> PairedDifference | None:
    """The mean difference in macro AUROC of repeats with the same number, second minus first.

    Repeats with one number have the same folds and the same subset of labels. If one side has more of them,
    its further ones are left out.
    """
    n = min(len(first.answers), len(second.answers))
    statistics = (first.first(n).statistic(), second.first(n).statistic())
    return paired_difference(*statistics, len(first.targets), N_DRAWS)


def paired_arms(results: Results, first: str, second: str) -> PairedDifference | None:
    """The mean difference in macro AUROC of two arms' repeats, second minus first; None if one is missing."""
    if first not in results or second not in results:
        return None
    arms = results[first], results[second]
    n = min(len(arm.trials) for arm in arms)
    one, two = (_draws_of(arm)[:n].mean(axis=0) for arm in arms)
    if np.isnan(two[0] - one[0]):
        return None
    n_records = len(arms[0].arrays(0)["targets"])
    return difference_of_draws(n_records, (float(one[0]), float(two[0])), two[1:] - one[1:])


def verdict(change: PairedDifference) -> str:
    """The verdict by interval and p, e.g. ``no difference shown (p = 0.210, n = 268)``."""
    counted = f"(p = {change.p:.3f}, n = {change.n:,})"
    if change.p >= _SIGNIFICANT or change.difference.low <= 0 <= change.difference.high:
        return f"no difference shown {counted}"
    side = "higher" if change.difference.value > 0 else "lower"
    return f"{side}, difference {interval_text(change.difference)} {counted}"


def judged_classes(targets: FloatArray) -> int:
    """The number of classes with both a positive and a negative."""
    return int(((targets == 1).any(axis=0) & (targets == 0).any(axis=0)).sum())
