"""The confusion matrix of several labels: the labels predicted for the records of each label.

A record may have several labels, so that a row's shares may sum to more than 1, and a predicted label
other than the row's may be right. Labels that the record is known not to have are counted separately.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.evaluate.arrays import AnyFloats, checked, decide

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Counts by label: row i has the records with label i, the last row those known to have none.

    ``n`` (n_labels + 1,) counts a row's records, ``predicted`` (n_labels + 1, n_labels + 1) those for which
    label j was predicted, in the last column none. ``wrong``, of the same shape, counts the records among
    them that are known not to have label j; in the last column, those that have a label.
    """

    n: Counts
    predicted: Counts
    wrong: Counts


def confusion_matrix(
    probabilities: AnyFloats, targets: AnyFloats, thresholds: AnyFloats | tuple[float, ...]
) -> ConfusionMatrix:
    """The confusion matrix of ``probabilities`` (n_records, n_labels) at one threshold for each label.

    Targets are 1, 0 or NaN (unknown).

    Raises:
        ConfigError: the arrays do not fit each other.
    """
    scores, truths = checked(probabilities, targets)
    decisions = decide(scores, np.asarray(thresholds, dtype=np.float64))
    yes, nothing = truths == 1, (truths == 0).all(axis=1)
    rows = np.column_stack([yes, nothing]).astype(np.int64)
    columns = np.column_stack([decisions, ~decisions.any(axis=1)]).astype(np.int64)
    wrongly = columns * np.column_stack([truths == 0, yes.any(axis=1)])
    return ConfusionMatrix(rows.sum(axis=0), rows.T @ columns, rows.T @ wrongly)
