"""The score of the China Physiological Signal Challenge 2018, as its organisers compute it.

Liu et al. 2018, doi:10.1166/jmihi.2018.2442. One class is predicted for a record. It is right if it is any of
the record's reference labels, and then counts on the diagonal of a nine by nine table; otherwise it counts in
the row of the record's first label. F1 of class i is twice the diagonal over the sum of row i and column i;
the score is the mean over classes. It is another scale than F1 of labels of which several may be true.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, ratio

GROUPS = {"AF": (1,), "block": (2, 3, 4), "premature": (5, 6), "ST": (7, 8)}
"""The classes that each further score pools, as places in the organisers' order."""
ORDER = ("Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
"""The organisers' order of the nine classes."""


@dataclass(frozen=True)
class OrganisersScores:
    """The mean F1 of ``n`` records, the F1 of each class, and that of each group; NaN if undefined."""

    n: int
    mean: float
    f1: dict[str, float]
    groups: dict[str, float]


def organisers_scores(
    predicted: NDArray[np.int64], targets: AnyFloats, first: NDArray[np.int64]
) -> OrganisersScores:
    """The scores of one predicted class for each record.

    ``predicted`` and ``first`` (n_records,) are places in ``ORDER``, ``first`` that of the first label;
    ``targets`` (n_records, 9) are 1 for each reference label, with columns in ``ORDER``.

    Raises:
        ConfigError: the arrays do not fit each other.
    """
    n_records = len(predicted)
    if np.shape(targets) != (n_records, len(ORDER)) or np.shape(first) != (n_records,):
        raise ConfigError("Each record needs a predicted class, a first label and nine targets.")
    right = np.asarray(targets)[np.arange(n_records), predicted] == 1
    rows = np.where(right, predicted, first)
    table = np.zeros((len(ORDER), len(ORDER)))
    np.add.at(table, (rows, predicted), 1)
    f1 = _f1(np.diag(table), table.sum(1), table.sum(0))
    groups = {
        name: float(_f1(*(side[list(places)].sum() for side in (np.diag(table), table.sum(1), table.sum(0)))))
        for name, places in GROUPS.items()
    }
    mean = float(np.nanmean(f1)) if not np.isnan(f1).all() else float("nan")
    return OrganisersScores(n_records, mean, dict(zip(ORDER, f1.tolist(), strict=True)), groups)


def _f1(hits: Floats, in_row: Floats, in_column: Floats) -> Floats:
    return ratio(2 * np.asarray(hits), np.asarray(in_row) + np.asarray(in_column))
