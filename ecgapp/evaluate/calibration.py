"""Temperature scaling: all logits of a model are divided by one temperature.

Guo et al. (2017), arXiv:1706.04599. Ranks within a label do not change, so AUROC and AUPRC stay the same.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_expit, log_softmax

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, checked

COLDEST, HOTTEST = 0.05, 20.0


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


def _sigmoid_loss(logits: Floats, targets: Floats) -> float:
    """The mean negative log-likelihood of each known target."""
    return float(-np.nanmean(log_expit(np.where(targets == 1, logits, -logits) + 0 * targets)))


def _softmax_loss(logits: Floats, targets: Floats) -> float:
    """The mean negative log-likelihood of each record's label."""
    return float(-np.mean(np.sum(targets * log_softmax(logits, axis=1), axis=1)))
