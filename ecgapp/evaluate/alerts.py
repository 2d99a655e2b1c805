"""The meaning of a threshold for 100 patients: how many are flagged, rightly flagged and missed.

Sensitivity and the share of false alarms come from the records, the prevalence is a parameter:

    alerts = 100 (p sensitivity + (1 - p) false alarms)    right = 100 p sensitivity
    missed = 100 p (1 - sensitivity)

The 95 % intervals are those of the records, by bootstrap draws; the prevalence counts as exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, checked, ratio
from ecgapp.evaluate.bootstrap import bootstrap_draws, interval
from ecgapp.models.validation_figures import Interval

Places = NDArray[np.intp]

PATIENTS = 100
FIGURES = ("alerts", "right", "missed", "sensitivity")


@dataclass(frozen=True)
class Alerts:
    """Numbers out of 100 patients at one threshold; ``sensitivity`` is a share. None if undefined."""

    threshold: float
    alerts: Interval | None
    right: Interval | None
    missed: Interval | None
    sensitivity: Interval | None


def alerts_by_threshold(
    probabilities: AnyFloats,
    targets: AnyFloats,
    thresholds: AnyFloats,
    prevalence: float,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> tuple[Alerts, ...]:
    """The numbers of one label at each of ``thresholds``.

    ``probabilities`` and ``targets`` are (n_records,). A probability at the threshold counts as an alert;
    records with unknown (NaN) targets are left out.

    Raises:
        ConfigError: the prevalence is no share, or the arrays do not fit each other.
    """
    if not 0 <= prevalence <= 1:
        raise ConfigError("A prevalence must lie between 0 and 100 %.")
    if np.ndim(probabilities) != 1:
        raise ConfigError("Alerts are counted for one label at a time.")
    scores, truths = checked(np.asarray(probabilities)[:, None], np.asarray(targets)[:, None])
    known = ~np.isnan(truths[:, 0])
    counted = _Counted.of(scores[known, 0], truths[known, 0], np.asarray(thresholds, np.float64))
    n = int(known.sum())
    point = counted.figures(np.ones((n, 1)), prevalence)[..., 0]
    draws = bootstrap_draws(lambda weights: counted.figures(weights, prevalence), n, n_bootstrap, seed)
    return tuple(
        Alerts(float(line), *(interval(float(point[k, i]), draws[k, i]) for k in range(len(FIGURES))))
        for i, line in enumerate(thresholds)
    )


def share_of(targets: AnyFloats) -> float:
    """The share of one label's known ``targets`` (n_records,) that are positive; 0 if none is known."""
    known = np.asarray(targets)[~np.isnan(targets)]
    return float(known.mean()) if known.size else 0.0


@dataclass(frozen=True, eq=False)
class _Counted:
    """Records in descending order of probability, with the number at or above each threshold."""

    order: Places
    truths: Floats  # in that order
    above: Places  # (n_thresholds,)

    @classmethod
    def of(cls, scores: Floats, truths: Floats, thresholds: Floats) -> "_Counted":
        order = np.argsort(-scores, kind="stable")
        above = np.searchsorted(-scores[order], -thresholds, side="right")
        return cls(order, truths[order], above)

    def figures(self, weights: Floats, prevalence: float) -> Floats:
        """``FIGURES`` under weights (n_records, n_draws): (4, n_thresholds, n_draws); NaN if undefined."""
        ranked = weights[self.order]
        yes = _running(ranked * self.truths[:, None])
        no = _running(ranked * (1 - self.truths[:, None]))
        sensitivity = ratio(yes[self.above], yes[-1])
        false_alarms = ratio(no[self.above], no[-1])
        sick, well = PATIENTS * prevalence, PATIENTS * (1 - prevalence)
        right = sick * sensitivity
        return np.stack([right + well * false_alarms, right, sick - right, sensitivity])


def _running(values: Floats) -> Floats:
    """The sums over the first 0, 1, 2, ... rows: (n_rows + 1, n_draws)."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums
