"""Linear heads on standardised features: logistic regression, its penalty chosen in the training part.

The heads are solved to the minimum in double precision, and their weights are those of the raw features. A
label that has one answer only gets its smoothed share. ``conventional_learners`` has the learners of
scikit-learn, and ``multinomial_head`` a head for labels that exclude each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from ecgapp.evaluate.arrays import Floats
from ecgapp.experiments.trials.label_targets import (
    has_both_answers,
    label_log_losses,
    refuse_unlearnable,
)
from ecgapp.experiments.trials.pooled_features import mean_and_scale
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows

INVERSE_PENALTIES = (0.003, 0.03, 0.3)  # scikit-learn's C
_INNER_FOLDS = 3


@dataclass(frozen=True, eq=False)
class LogisticHead:
    """A logit for each label: ``weights`` (n_features, n_labels) and ``bias`` (n_labels,) on raw features."""

    weights: Floats
    bias: Floats
    inverse_penalty: float

    def probabilities(self, features: FloatArray) -> FloatArray:
        """Probabilities of each label, float32 (n_records, n_labels)."""
        answers: FloatArray = expit(features @ self.weights + self.bias).astype(np.float32)
        return answers


def fit_logistic_head(
    features: FloatArray,
    targets: FloatArray,
    groups: Rows,
    inverse_penalties: Sequence[float] = INVERSE_PENALTIES,
) -> LogisticHead:
    """A logistic regression for each label; unknown targets (NaN) are left out of their label.

    The penalty is the one with the lowest mean log loss over three folds of the training records, the same
    for all labels; ``groups`` (n_records,) keeps a patient in one fold.

    Raises:
        TrainingError: no label has both answers.
    """
    refuse_unlearnable(targets)
    if len(inverse_penalties) == 1:
        return _fitted(features, targets, inverse_penalties[0])
    return _fitted(features, targets, _best(features, targets, groups, inverse_penalties))


def _best(
    features: FloatArray, targets: FloatArray, groups: Rows, inverse_penalties: Sequence[float]
) -> float:
    distinct, numbers = np.unique(groups, return_inverse=True)
    fold = np.random.default_rng(0).permutation(len(distinct))[numbers] % _INNER_FOLDS
    losses = []
    for inverse_penalty in inverse_penalties:
        loss = 0.0
        for left_out in range(_INNER_FOLDS):
            inside, outside = fold != left_out, fold == left_out
            head = _fitted(features[inside], targets[inside], inverse_penalty)
            logits = features[outside] @ head.weights + head.bias
            loss += float(np.nansum(label_log_losses(logits, targets[outside])))
        losses.append(loss)
    return inverse_penalties[int(np.argmin(losses))]


def _fitted(features: FloatArray, targets: FloatArray, inverse_penalty: float) -> LogisticHead:
    mean, scale = mean_and_scale(features)
    standard = (features - mean) / scale
    n_features, n_labels = features.shape[1], targets.shape[1]
    weights, bias = np.zeros((n_features, n_labels)), np.full(n_labels, -20.0)
    for label in range(n_labels):
        known = ~np.isnan(targets[:, label])
        if has_both_answers(targets[:, label]):
            answers = targets[known, label]
            weights[:, label], bias[label] = _logistic(standard[known], answers, inverse_penalty)
        elif known.any():
            share = (targets[known, label].sum() + 0.5) / (known.sum() + 1)
            bias[label] = np.log(share / (1 - share))
    raw = weights / scale[:, None]
    return LogisticHead(raw, bias - mean @ raw, inverse_penalty)


def _logistic(x: Floats, y: FloatArray, inverse_penalty: float) -> tuple[Floats, float]:
    """Weights and bias at the lowest sum of half the squared weights and C times the log losses."""
    signs = np.where(y == 1, 1.0, -1.0)

    def loss(theta: Floats) -> tuple[float, Floats]:
        margins = signs * (x @ theta[:-1] + theta[-1])
        pull = -signs * expit(-margins) * inverse_penalty
        value = inverse_penalty * np.logaddexp(0, -margins).sum() + 0.5 * theta[:-1] @ theta[:-1]
        return float(value), np.append(x.T @ pull + theta[:-1], pull.sum())

    start = np.zeros(x.shape[1] + 1)
    solved = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return solved[:-1], float(solved[-1])
