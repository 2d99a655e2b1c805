"""The expected calibration error over all labels: averaged, pooled, and in bins of equal size.

The error is the mean distance of the mean probability from the share that has the label, over bins that are
weighted by their records (Naeini et al. 2015, doi:10.1609/aaai.v29i1.9602; Guo et al. 2017,
arXiv:1706.04599), with 15 bins by default as in torchmetrics. Bins of equal width leave most records of a
rare label in the first one; bins of equal numbers of records do not (Nixon et al. 2019, arXiv:1904.01685).
Unknown targets are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ecgapp.evaluate.arrays import AnyFloats, Floats, checked, ratio
from ecgapp.evaluate.bootstrap import Statistic, bootstrap_interval
from ecgapp.models.validation_figures import Interval

N_BINS = 15


@dataclass(frozen=True)
class CalibrationErrors:
    """Three summaries of the calibration of all labels on ``n`` records; None if no target is known.

    ``mean`` is the average of the labels' errors and ``pooled`` the error of all answers together, both in
    bins of equal width. ``adaptive`` is the average of the labels' errors in bins of equal numbers.
    """

    n: int
    mean: Interval | None
    pooled: Interval | None
    adaptive: Interval | None


def calibration_errors(
    probabilities: AnyFloats,
    targets: AnyFloats,
    n_bins: int = N_BINS,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> CalibrationErrors:
    """The calibration errors of ``probabilities`` (n_records, n_labels) with 95 % intervals over records.

    Raises:
        ConfigError: the arrays do not fit each other.
    """
    scores, truths = checked(probabilities, targets)
    n_records, n_labels = scores.shape
    own = np.broadcast_to(np.arange(n_labels), scores.shape)
    wide, even = _equal_width(scores, n_bins), _equal_numbers(scores, truths, n_bins)
    mean, pooled, adaptive = (
        bootstrap_interval(_error(scores, truths, groups, bins, n_bins), n_records, n_bootstrap, seed)
        for groups, bins in ((own, wide), (np.zeros_like(own), wide), (own, even))
    )
    return CalibrationErrors(n_records, mean, pooled, adaptive)


def _error(
    scores: Floats, truths: Floats, groups: NDArray[np.int64], bins: NDArray[np.int64], n_bins: int
) -> Statistic:
    """The mean over groups of answers of their error, as a function of weights."""
    known = ~np.isnan(truths)
    n_groups = int(groups.max(initial=-1)) + 1
    places, rows = (groups * n_bins + bins)[known], np.nonzero(known)[0]
    shape = (n_groups * n_bins, len(scores))
    distances = csr_array(((scores - truths)[known], (places, rows)), shape=shape)
    answers = csr_array((np.ones(len(rows)), (groups[known], rows)), shape=(n_groups, len(scores)))

    def statistic(weights: Floats) -> Floats:
        gaps = np.abs(np.asarray(distances @ weights)).reshape(n_groups, n_bins, -1).sum(axis=1)
        errors = ratio(gaps, np.asarray(answers @ weights))
        return ratio(np.nansum(errors, axis=0), (~np.isnan(errors)).sum(axis=0))

    return statistic


def _equal_width(scores: Floats, n_bins: int) -> NDArray[np.int64]:
    return np.clip((scores * n_bins).astype(np.int64), 0, n_bins - 1)


def _equal_numbers(scores: Floats, truths: Floats, n_bins: int) -> NDArray[np.int64]:
    """Bins with equal numbers of a label's known records; equal probabilities lie in one bin."""
    bins = np.zeros(scores.shape, dtype=np.int64)
    for column, (score, truth) in enumerate(zip(scores.T, truths.T, strict=True)):
        ordered = np.sort(score[~np.isnan(truth)])
        ranks = np.searchsorted(ordered, score, side="left")
        bins[:, column] = np.minimum(ranks * n_bins // max(1, len(ordered)), n_bins - 1)
    return bins
