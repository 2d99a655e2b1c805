"""Figures of all labels together: accuracy, weighted F1, and the score of the Challenge 2021.

Accuracy is the share of the records whose labels are all right, as in the challenges of 2020 and 2021
(exact match), and needs records whose labels are all known. The mean accuracy of single labels is far
higher, because most labels are absent from most records: it is what studies with an accuracy above 0.9
report.
"""

from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Bools, Floats, checked, decide, ratio
from ecgapp.evaluate.bootstrap import Statistic, bootstrap_draws, interval
from ecgapp.evaluate.challenge.reward_matrix import challenge_2021, challenge_parts, score_of_parts
from ecgapp.evaluate.challenge.scored_labels import ScoredLabels, scored_labels
from ecgapp.evaluate.comparison.record_bootstrap import weighted_f1_statistic
from ecgapp.models.validation_figures import Interval
from ecgapp.tasks.task import Task


@dataclass(frozen=True)
class RecordFigure:
    """A figure with its 95 % interval, and the number of records behind it; None if it is undefined."""

    n: int
    figure: Interval | None


@dataclass(frozen=True)
class OverallFigures:
    """The figures of one set of decisions over all labels together.

    ``challenge_2021`` is None if the challenge scores no label of the task. ``sentence`` says which labels
    it scores, and is "" then.
    """

    accuracy: RecordFigure  # records with every label right
    label_accuracy: RecordFigure  # mean over the labels
    weighted_f1: RecordFigure  # labels weighted by their positives
    challenge_2021: RecordFigure | None
    sentence: str


def overall_figures(
    task: Task,
    probabilities: AnyFloats,
    targets: AnyFloats,
    thresholds: AnyFloats | tuple[float, ...] | float,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> OverallFigures:
    """The figures of ``probabilities`` (n_records, n_labels) at ``thresholds``; targets are 1, 0 or NaN.

    Raises:
        ConfigError: the arrays do not fit each other or the task.
    """
    scores, truths = checked(probabilities, targets)
    if scores.shape[1] != len(task.labels):
        raise ConfigError(f"The predictions do not have the {len(task.labels)} labels of the task.")
    decisions, scored = decide(scores, np.asarray(thresholds, dtype=np.float64)), scored_labels(task)
    known = ~np.isnan(truths)
    every, some = np.asarray(known.all(axis=1)), np.asarray(known.any(axis=1))

    def measured(statistic: Statistic, records: Bools) -> RecordFigure:
        return _measured(statistic, records, n_bootstrap, seed)

    return OverallFigures(
        measured(_exact_match(decisions, truths), every),
        measured(_label_accuracy(decisions, truths), some),
        measured(weighted_f1_statistic(decisions, truths), some),
        measured(_challenge(scored, decisions, truths), scored.known(truths)) if scored.scored else None,
        scored.sentence(),
    )


def _measured(statistic: Statistic, records: Bools, n_bootstrap: int, seed: int) -> RecordFigure:
    n, n_records = int(records.sum()), len(records)
    if n == 0:
        return RecordFigure(0, None)
    value = float(statistic(np.ones((n_records, 1)))[0])
    draws = bootstrap_draws(statistic, n_records, n_bootstrap, seed) if n_bootstrap else None
    return RecordFigure(n, interval(value, draws))


def _exact_match(decisions: Bools, truths: Floats) -> Statistic:
    known = ~np.isnan(truths).any(axis=1)
    right = np.asarray((decisions == (truths == 1)).all(axis=1) & known, dtype=np.float64)
    return _share(right, np.asarray(known, dtype=np.float64))


def _share(parts: Floats, whole: Floats) -> Statistic:
    return lambda weights: ratio(parts @ weights, whole @ weights)


def _label_accuracy(decisions: Bools, truths: Floats) -> Statistic:
    known = ~np.isnan(truths)
    right, answered = (flags.T.astype(np.float64) for flags in ((decisions == (truths == 1)) & known, known))

    def statistic(weights: Floats) -> Floats:
        shares = ratio(right @ weights, answered @ weights)
        return ratio(np.nansum(shares, axis=0), (~np.isnan(shares)).sum(axis=0))

    return statistic


def _challenge(scored: ScoredLabels, decisions: Bools, truths: Floats) -> Statistic:
    known = scored.known(truths)
    parts = challenge_parts(scored.merged(decisions), scored.merged(truths == 1), challenge_2021()) * known
    return lambda weights: score_of_parts(parts @ weights)
