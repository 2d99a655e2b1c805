"""Weights that give the records of a source the label shares of a target.

Raking (iterative proportional fitting; Deming & Stephan 1940, doi:10.1214/aoms/1177731829) of the labels'
shares.
"""

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import DatasetError

STEPS = 500
CLOSE = 1e-9  # difference between a weighted share and its target at which the steps end
MOST = 100.0  # times the mean: the largest weight of a record

Floats = NDArray[np.float64]


def label_shares(targets: NDArray[np.floating], weights: Floats | None = None) -> Floats:
    """Share of each label among the records that answer it, (n_labels,); NaN if none does."""
    known = np.isfinite(targets)
    by = np.ones(len(targets)) if weights is None else weights
    total, positive = by @ known, by @ (targets == 1)
    return np.divide(positive, total, out=np.full(targets.shape[1], np.nan), where=total > 0)


def matching_weights(source: NDArray[np.floating], target: NDArray[np.floating]) -> Floats:
    """A weight for each record of ``source``, mean 1, so that its label shares become those of ``target``.

    Both are (n_records, n_labels) of 1, 0 and NaN (unknown) for the same labels. A label counts if the source
    has both answers and the target has one; others keep their share. Weights are at most ``MOST``, so that
    shares which only a few records could provide stay short of the target.

    Raises:
        DatasetError: the two have other numbers of labels, or no label counts.
    """
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise DatasetError("Label shares are compared between data sets with the same labels.")
    wanted, there = label_shares(target), label_shares(source)
    counted = np.flatnonzero(np.isfinite(wanted) & (there > 0) & (there < 1))
    if not len(counted):
        raise DatasetError("The data sets have no label whose shares could be matched. Choose other ones.")
    weights = np.ones(len(source))
    for _ in range(STEPS):
        before = weights.copy()
        for label in counted:
            _rake(weights, source[:, label], float(wanted[label]))
        weights = _bounded(weights)
        if np.abs(weights - before).max() < CLOSE:
            break
    return weights


def _bounded(weights: Floats) -> Floats:
    """The weights with mean 1, none above ``MOST``; the mean is below 1 if too few records have a weight."""
    for _ in range(STEPS):
        weights = weights / weights.mean()
        if weights.max() <= MOST:
            break
        weights = np.minimum(weights, MOST)
    return weights


def _rake(weights: Floats, answers: NDArray[np.floating], share: float) -> None:
    """Scale positives and negatives of one label to its share; records that do not answer it stay."""
    total = weights[np.isfinite(answers)].sum()
    for value, part in ((1, share), (0, 1 - share)):
        of_value = answers == value
        own = weights[of_value].sum()
        if own > 0:
            weights[of_value] *= part * total / own
