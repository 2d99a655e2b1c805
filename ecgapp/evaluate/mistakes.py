"""The records in which a model was wrong about one label, worst first."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecgapp.evaluate.arrays import AnyFloats, checked


class Mistake(StrEnum):
    """The kinds of mistakes: a label predicted but absent, or present but not predicted."""

    FALSE_POSITIVE = "false positive"
    FALSE_NEGATIVE = "false negative"


def mistakes(
    probabilities: AnyFloats, targets: AnyFloats, threshold: float, kind: Mistake
) -> NDArray[np.int64]:
    """The rows of one label's mistakes of one kind, those furthest from the threshold first.

    ``probabilities`` and ``targets`` are (n_records,). Records with an unknown target are no mistakes. A
    probability at the threshold counts as positive.

    Raises:
        ConfigError: the arrays do not fit each other.
    """
    columns = (np.asarray(values)[:, None] for values in (probabilities, targets))
    scores, truths = (values[:, 0] for values in checked(*columns))
    if kind == Mistake.FALSE_POSITIVE:
        rows = np.flatnonzero((scores >= threshold) & (truths == 0))
        return rows[np.argsort(-scores[rows], kind="stable")].astype(np.int64)
    rows = np.flatnonzero((scores < threshold) & (truths == 1))
    return rows[np.argsort(scores[rows], kind="stable")].astype(np.int64)
