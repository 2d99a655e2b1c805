"""Targets of labels in a training part: whether a label can be learnt, and the log loss of its scores."""

import numpy as np

from ecgapp.errors import TrainingError
from ecgapp.evaluate.arrays import Floats
from ecgapp.records.record import FloatArray


def has_both_answers(targets: FloatArray) -> bool:
    """Whether one label's targets (n_records,) have a positive and a negative."""
    return bool((targets == 1).any() and (targets == 0).any())


def refuse_unlearnable(targets: FloatArray) -> None:
    """See that a label of ``targets`` (n_records, n_labels) has both answers.

    Raises:
        TrainingError: none has.
    """
    if not any(has_both_answers(targets[:, label]) for label in range(targets.shape[1])):
        raise TrainingError("No label has both answers among the training records.")


def label_log_losses(scores: Floats, targets: FloatArray) -> Floats:
    """The mean log loss of each label's known targets, (n_labels,); NaN where none is known.

    ``scores`` are log odds; both are (n_records, n_labels).
    """
    known = ~np.isnan(targets)
    losses = np.where(known, np.logaddexp(0, np.where(targets == 1, -scores, scores)), 0.0)
    n_known = known.sum(axis=0)
    undefined = np.full(targets.shape[1], np.nan)
    means: Floats = np.divide(losses.sum(axis=0), n_known, out=undefined, where=n_known > 0)
    return means
