"""Calibration of probabilities: of the records with a probability of 30 %, do 30 % have the label.

Reliability bins, the expected calibration error over them (Guo et al. 2017, arXiv:1706.04599: ten
bins of equal width) and the Brier score (Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2).
The intervals of a bin's share are Wilson's (1927, doi:10.1080/01621459.1927.10502953); those of the two
figures come from bootstrap draws of records. In a small class the expected calibration error is
overestimated, in the draws more than in the records, so its interval may lie above the figure.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, checked, ratio
from ecgapp.evaluate.bootstrap import bootstrap_interval
from ecgapp.models.validation_figures import Interval

N_BINS = 10
Z = float(ndtri(0.975))


@dataclass(frozen=True)
class ReliabilityBin:
    """Records with similar probabilities; ``low`` to ``high`` is the share's 95 % interval."""

    mean_probability: float
    share: float  # of the records, that have the label
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Reliability:
    """One label's non-empty bins, from low to high, and two figures over all of them.

    ``ece`` is the expected calibration error, ``brier`` the mean squared distance from the truth; both
    are None if no record's target is known.
    """

    bins: tuple[ReliabilityBin, ...]
    n: int
    n_positive: int
    ece: Interval | None
    brier: Interval | None


def reliability(
    probabilities: AnyFloats, targets: AnyFloats, n_bins: int = N_BINS, *, n_bootstrap: int = 1000
) -> Reliability:
    """The calibration of one label's ``probabilities`` (n_records,); unknown (NaN) targets are left out.

    Raises:
        ConfigError: the arrays do not fit each other.
    """
    if np.ndim(probabilities) != 1 or np.shape(probabilities) != np.shape(targets):
        raise ConfigError("A label's reliability needs one probability and one target a record.")
    columns = (np.asarray(values)[:, None] for values in (probabilities, targets))
    scores, truths = (values[:, 0] for values in checked(*columns))
    known = ~np.isnan(truths)
    scores, truths = scores[known], truths[known]
    places = np.clip((scores * n_bins).astype(np.int64), 0, n_bins - 1)
    member = (places[:, None] == np.arange(n_bins)).astype(np.float64)  # (n_records, n_bins)
    errors = scores - truths
    signed = member * errors[:, None]
    statistics: tuple[Callable[[Floats], Floats], ...] = (
        # the mean over bins, weighted by their records, of the distance of mean probability and share
        lambda weights: np.asarray(np.abs(signed.T @ weights).sum(axis=0) / weights.sum(axis=0)),
        lambda weights: np.asarray(np.square(errors) @ weights / weights.sum(axis=0)),  # Brier score
    )
    ece, brier = (bootstrap_interval(statistic, len(scores), n_bootstrap) for statistic in statistics)
    return Reliability(_bins(member, scores, truths), len(scores), int(truths.sum()), ece, brier)


def wilson(hits: int, n: int) -> Interval | None:
    """``hits`` of ``n`` as a share with its 95 % interval; None if ``n`` is 0."""
    if n == 0:
        return None
    share, spread = hits / n, Z * Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = np.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    return Interval(share, max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def _bins(member: Floats, scores: Floats, truths: Floats) -> tuple[ReliabilityBin, ...]:
    counts, hits = member.sum(axis=0), truths @ member
    means = ratio(scores @ member, counts)
    bins = []
    for mean, hit, count in zip(means.tolist(), hits.tolist(), counts.tolist(), strict=True):
        share = wilson(int(hit), int(count))
        if share is not None:
            bins.append(ReliabilityBin(mean, share.value, share.low, share.high, int(count)))
    return tuple(bins)
