"""Evaluation of a classifier: figures of each label, their means, and 95 % intervals.

Every figure is computed on the records and in each bootstrap draw of them, with the same draws for all
labels. A draw in which a label has none of its positives is left out of that label's intervals. A mean
over labels is that over the labels that have the figure, and its draws are those in which all of these
have it, as if drawing again until every label has a positive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Bools, Floats, checked, decide, outcomes, ratio
from ecgapp.evaluate.bootstrap import bootstrap_draws, interval
from ecgapp.evaluate.challenge_scores import challenge_weights, f_beta, g_beta, mean_defined
from ecgapp.evaluate.ranking import LabelRanking, auroc_and_auprc
from ecgapp.models.validation_figures import Evaluation, Interval, LabelMetrics
from ecgapp.tasks.task import Task

Thresholds = AnyFloats | Sequence[float] | float

FIGURES = ("precision", "recall", "specificity", "f1", "f2", "g2", "auroc", "auprc")
OF_LABEL = ("precision", "recall", "specificity", "f1", "auroc", "auprc")


def evaluate_predictions(
    task: Task,
    probabilities: AnyFloats,
    targets: AnyFloats,
    thresholds: Thresholds,
    dataset: str,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """All figures of ``probabilities`` (n_records, n_labels) against targets of 1, 0 or NaN (unknown).

    Every label is judged on its own against its threshold, also in tasks with one label a record.
    A label's unknown records are left out of its figures. A figure is None if it is undefined.

    Raises:
        ConfigError: the arrays do not fit each other or the task.
    """
    answers = _Predicted.of(probabilities, targets, thresholds)
    if answers.scores.shape[1] != len(task.labels):
        raise ConfigError(f"The predictions do not have the {len(task.labels)} labels of the task.")
    n_records = len(answers.scores)
    draws = None
    if n_bootstrap and n_records:
        draws = bootstrap_draws(partial(_drawn, answers, answers.rankings()), n_records, n_bootstrap, seed)
    point = answers.figures()
    return Evaluation(
        dataset,
        n_records,
        _per_label(task, answers, point, draws),
        macro_auroc=_macro("auroc", point, draws),
        macro_auprc=_macro("auprc", point, draws),
        macro_f1=_macro("f1", point, draws),
        f2=_macro("f2", point, draws),
        g2=_macro("g2", point, draws),
    )


def metrics_at(
    task: Task, probabilities: AnyFloats, targets: AnyFloats, thresholds: Thresholds, n_bootstrap: int = 0
) -> Evaluation:
    """The figures of ``evaluate_predictions`` at trial thresholds, by default without intervals.

    Without bootstrap draws an interval has no width (low = value = high), so only its value may be shown.

    Raises:
        ConfigError: the arrays do not fit each other or the task.
    """
    return evaluate_predictions(task, probabilities, targets, thresholds, "", n_bootstrap=n_bootstrap)


def f1_by_label(probabilities: AnyFloats, targets: AnyFloats, thresholds: Thresholds = 0.5) -> Floats:
    """The F1 of each label, (n_labels,); NaN if it has neither positives nor positive predictions."""
    answers = _Predicted.of(probabilities, targets, thresholds)
    hits, alarms, misses, _ = answers.outcomes.sum(axis=1)
    return f_beta(hits, alarms, misses, 1.0)


def macro_f1(probabilities: AnyFloats, targets: AnyFloats, thresholds: Thresholds = 0.5) -> float | None:
    """The unweighted mean of the labels' defined F1; None if no label has one."""
    mean = mean_defined(f1_by_label(probabilities, targets, thresholds))
    return None if np.isnan(mean) else mean


@dataclass(frozen=True, eq=False)
class _Predicted:
    """Predictions and targets of a classifier, prepared for counting with any weights."""

    scores: Floats
    truths: Floats
    thresholds: Floats  # (n_labels,)
    outcomes: Floats  # (4, n_records, n_labels): hits, false alarms, misses, rightly none

    @classmethod
    def of(cls, probabilities: AnyFloats, targets: AnyFloats, thresholds: Thresholds) -> "_Predicted":
        scores, truths = checked(probabilities, targets)
        decisions = decide(scores, np.asarray(thresholds, dtype=np.float64))
        lines = np.broadcast_to(np.asarray(thresholds, dtype=np.float64), scores.shape[1:])
        return cls(scores, truths, lines, outcomes(decisions, truths))

    def rankings(self) -> list[LabelRanking]:
        columns = zip(self.scores.T, self.truths.T, strict=True)
        return [LabelRanking.of(scores, truths) for scores, truths in columns]

    def figures(self) -> Floats:
        """All ``FIGURES`` on the unweighted records: (8, n_labels)."""
        decided = self.decided(np.ones((len(self.scores), 1)))[..., 0]
        columns = zip(self.scores.T, self.truths.T, strict=True)
        ranked = [auroc_and_auprc(scores, truths) for scores, truths in columns]
        return np.concatenate([decided, np.transpose(ranked)])

    def decided(self, weights: Floats) -> Floats:
        """The six figures that depend on thresholds, under (n_records, n_draws): (6, n_labels, n_draws)."""
        (hits, alarms, misses, rest), (shared_hits, shared_alarms, shared_misses, _) = self._counts(weights)
        return np.stack(
            [
                ratio(hits, hits + alarms),
                ratio(hits, hits + misses),
                ratio(rest, rest + alarms),
                f_beta(hits, alarms, misses, 1.0),
                f_beta(shared_hits, shared_alarms, shared_misses, 2.0),
                g_beta(shared_hits, shared_alarms, shared_misses, 2.0),
            ]
        )

    @cached_property
    def _kinds(self) -> Floats:
        """Each kind of outcome, counted whole and with the challenge's weights: (8 * n_labels, n_records)."""
        rows = self.outcomes.transpose(0, 2, 1).reshape(4 * len(self.thresholds), len(self.scores))
        return np.concatenate([rows, rows * challenge_weights(self.truths)])

    @cached_property
    def _positive(self) -> Floats:
        """The flags, as 1 or 0, of the records with each label: (n_labels, n_records)."""
        return np.ascontiguousarray((self.truths == 1).T, dtype=np.float64)

    def _counts(self, weights: Floats) -> Floats:
        """Weighted outcomes, whole and with the challenge's weights: (2, 4, n_labels, n_draws)."""
        return (self._kinds @ weights).reshape(2, 4, len(self.thresholds), weights.shape[1])

    def lost(self, weights: Floats) -> Bools:
        """Flags of the labels that have positives, but none in a draw: (n_labels, n_draws)."""
        some = self._positive.any(axis=1, keepdims=True)
        return np.asarray((self._positive @ weights == 0) & some)


def _drawn(answers: _Predicted, rankings: Sequence[LabelRanking], weights: Floats) -> Floats:
    """All ``FIGURES`` in a block of draws, (8, n_labels, n_draws); NaN if a draw has no positives."""
    ranked = np.stack([ranking.draws(weights) for ranking in rankings], axis=1)
    figures = np.concatenate([answers.decided(weights), ranked])
    figures[:, answers.lost(weights)] = np.nan
    return figures


def _per_label(
    task: Task, answers: _Predicted, point: Floats, draws: Floats | None
) -> tuple[LabelMetrics, ...]:
    counts = answers.outcomes.sum(axis=1).astype(int)
    metrics = []
    for column, name in enumerate(task.label_names):
        hits, alarms, misses, rest = (int(count) for count in counts[:, column])
        figures = {
            FIGURES[row]: interval(float(point[row, column]), None if draws is None else draws[row, column])
            for row in map(FIGURES.index, OF_LABEL)
        }
        line = float(answers.thresholds[column])
        n = hits + alarms + misses + rest
        metrics.append(LabelMetrics(name, n, hits + misses, line, hits, alarms, misses, rest, **figures))
    return tuple(metrics)


def _macro(figure: str, point: Floats, draws: Floats | None) -> Interval | None:
    row = FIGURES.index(figure)
    defined = ~np.isnan(point[row])
    if not defined.any():
        return None
    return interval(mean_defined(point[row]), None if draws is None else draws[row][defined].mean(axis=0))
