"""Evaluation of a model on parts of the records, such as those of each hospital.

A part is evaluated on the labels that have enough positives in it, so that two parts' means may be over
different labels: the number of labels is given with a mean. Single labels are comparable between parts.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.evaluate.arrays import AnyFloats
from ecgapp.evaluate.classification import evaluate_predictions
from ecgapp.models.predictions import Predictions
from ecgapp.models.validation_figures import ENOUGH_POSITIVES, Evaluation
from ecgapp.tasks.task import Task


@dataclass(frozen=True)
class Subgroup:
    """The records of one part; ``evaluation`` has only labels with enough positives, None without any."""

    name: str
    n: int
    n_positive: tuple[int, ...]  # of each label of the task
    evaluation: Evaluation | None


def by_origin(
    task: Task, predictions: Predictions, thresholds: AnyFloats | tuple[float, ...], n_bootstrap: int = 200
) -> tuple[Subgroup, ...]:
    """One subgroup for each data set, and one for each source in it if it has several.

    The result is empty if the predictions have no names.

    Raises:
        ConfigError: the arrays do not fit each other or the task.
    """
    return tuple(
        _subgroup(task, _at(predictions, rows), np.asarray(thresholds), name, n_bootstrap)
        for name, rows in _parts(predictions)
    )


def _parts(predictions: Predictions) -> list[tuple[str, NDArray[np.int64]]]:
    names = predictions.names
    if names is None:
        return []
    parts = []
    for store in dict.fromkeys(origin.store for origin in names.origins):
        mine = [place for place, origin in enumerate(names.origins) if origin.store == store]
        parts.append((store, np.flatnonzero(np.isin(names.origin_of, mine))))
        if len(mine) > 1:
            parts += [
                (f"{store}: {names.origins[place].source}", np.flatnonzero(names.origin_of == place))
                for place in mine
            ]
    return parts


def _at(predictions: Predictions, rows: NDArray[np.int64]) -> Predictions:
    return Predictions(predictions.probabilities[rows], predictions.targets[rows], predictions.folds[rows])


def _subgroup(task: Task, part: Predictions, thresholds: AnyFloats, name: str, n_bootstrap: int) -> Subgroup:
    positives = (part.targets == 1).sum(axis=0)
    columns = np.flatnonzero((positives >= ENOUGH_POSITIVES) & (part.targets == 0).any(axis=0))
    counts = tuple(int(count) for count in positives)
    if not len(columns):
        return Subgroup(name, len(part.folds), counts, None)
    judged = replace(task, labels=tuple(task.labels[place] for place in columns))
    arrays = part.probabilities[:, columns], part.targets[:, columns], thresholds[columns]
    evaluation = evaluate_predictions(judged, *arrays, name, n_bootstrap=n_bootstrap)
    return Subgroup(name, len(part.folds), counts, evaluation)
