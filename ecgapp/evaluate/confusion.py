"""Label against label: in the records that have one, which labels were found?

A record may have several labels, so that a row's shares may sum to more than 1, and what is found
beside the row's own label may be right. Counted apart is what the record is known not to have.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.evaluate.arrays import AnyFloats, checked, decide

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Row i: records that have label i, the last row those that are known to have none of the labels.

    ``n`` (n_labels + 1,) counts a row's records, ``found`` (n_labels + 1, n_labels + 1) those in which
    label j was found, last column: none was. ``wrong``, of the same shape, counts the records among
    them that are known not to have label j; of the last column, those that have a label.
    """

    n: Counts
    found: Counts
    wrong: Counts


def confusion_matrix(
    probabilities: AnyFloats, targets: AnyFloats, thresholds: AnyFloats | tuple[float, ...]
) -> ConfusionMatrix:
    """Of ``probabilities`` (n_records, n_labels) at one threshold a label, against 1, 0 or NaN (unknown).

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
