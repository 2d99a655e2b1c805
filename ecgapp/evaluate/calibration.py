"""Temperature scaling: all logits are divided by one temperature, or those of each label by its own.

Guo et al. (2017), arXiv:1706.04599. Ranks within a label do not change, so AUROC and AUPRC stay the same.
Each label's own temperature comes with a shift of its logits (Platt 1999), which changes no ranks either.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_expit, log_softmax

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, checked

COLDEST, HOTTEST = 0.05, 20.0
LARGEST_SHIFT = 20.0  # of a logit: odds of 5e8


@dataclass(frozen=True)
class LabelCalibration:
    """The temperature and the shift of each label: a logit z becomes z / temperature + shift."""

    temperatures: tuple[float, ...]
    shifts: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.temperatures) != len(self.shifts) or not all(t > 0 for t in self.temperatures):
            raise ConfigError("A calibration needs one temperature above 0 and one shift for each label.")

    def logits(self, logits: AnyFloats) -> Floats:
        """The calibrated ``logits``, (n_records, n_labels)."""
        return np.asarray(logits, dtype=np.float64) / np.array(self.temperatures) + np.array(self.shifts)

    def probabilities(self, logits: AnyFloats) -> Floats:
        """The calibrated probabilities of ``logits``, (n_records, n_labels)."""
        return np.asarray(expit(self.logits(logits)))


def fit_temperature(logits: AnyFloats, targets: AnyFloats, multilabel: bool = True) -> float:
    """The temperature between 0.05 and 20 at which ``targets`` are most likely.

    Both are (n_records, n_labels). Multi-label: a sigmoid for each label, unknown targets left out.
    Otherwise a softmax over the labels, and records with an unknown target are left out.

    Raises:
        ConfigError: no target is known, or the shapes do not fit.
    """
    logits, known = checked(logits, targets)
    loss = _sigmoid_loss if multilabel else _softmax_loss
    if not multilabel:
        rows = ~np.isnan(known).any(axis=1)
        logits, known = logits[rows], known[rows]
    if np.isnan(known).all():
        raise ConfigError("Probabilities cannot be calibrated on records without known labels.")
    best = minimize_scalar(
        lambda log: loss(logits / np.exp(log), known),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(best.x))


def fit_label_temperatures(logits: AnyFloats, targets: AnyFloats) -> LabelCalibration:
    """The temperature and shift of each label at which its ``targets`` are most likely.

    Both are (n_records, n_labels); unknown targets are left out. A label without positives or without
    negatives keeps its logits.

    Raises:
        ConfigError: the shapes do not fit.
    """
    scores, truths = checked(logits, targets)
    fitted = [_fit_label(score, truth) for score, truth in zip(scores.T, truths.T, strict=True)]
    return LabelCalibration(tuple(t for t, _ in fitted), tuple(shift for _, shift in fitted))


def _fit_label(logits: Floats, targets: Floats) -> tuple[float, float]:
    known = ~np.isnan(targets)
    scores, truths = logits[known], targets[known]
    if not 0 < truths.sum() < truths.size:
        return 1.0, 0.0

    def loss(sought: Floats) -> tuple[float, Floats]:
        slope, shift = np.exp(-sought[0]), sought[1]
        moved = scores * slope + shift
        excess = expit(moved) - truths
        gradient = np.array([-np.mean(excess * scores) * slope, np.mean(excess)])
        return float(-np.mean(log_expit(np.where(truths == 1, moved, -moved)))), gradient

    bounds = [(np.log(COLDEST), np.log(HOTTEST)), (-LARGEST_SHIFT, LARGEST_SHIFT)]
    best = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds, options={"gtol": 1e-8})
    return float(np.exp(best.x[0])), float(best.x[1])


def _sigmoid_loss(logits: Floats, targets: Floats) -> float:
    """The mean negative log-likelihood of each known target."""
    return float(-np.nanmean(log_expit(np.where(targets == 1, logits, -logits) + 0 * targets)))


def _softmax_loss(logits: Floats, targets: Floats) -> float:
    """The mean negative log-likelihood of each record's label."""
    return float(-np.mean(np.sum(targets * log_softmax(logits, axis=1), axis=1)))
