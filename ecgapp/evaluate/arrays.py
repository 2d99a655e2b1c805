"""Checks and counts of probabilities and targets, from which all figures are computed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError

Floats = NDArray[np.float64]
AnyFloats = NDArray[np.floating[Any]]
Bools = NDArray[np.bool_]


def checked(scores: AnyFloats, targets: AnyFloats) -> tuple[Floats, Floats]:
    """``scores`` and ``targets`` as float64 (n_records, n_labels); targets are 1, 0, or NaN if unknown.

    Raises:
        ConfigError: shapes differ, a score is not finite, or a target is none of the three.
    """
    answers, truths = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if answers.ndim != 2 or answers.shape != truths.shape:
        raise ConfigError("Predictions and targets must have one row a record and one column a label.")
    if not np.isfinite(answers).all():
        raise ConfigError("A prediction is not a finite number, so nothing can be measured with it.")
    if not (np.isnan(truths) | (truths == 0) | (truths == 1)).all():
        raise ConfigError("A target must be 1, 0, or unknown.")
    return answers, truths


def decide(probabilities: Floats, thresholds: AnyFloats | float) -> Bools:
    """Flags of the labels at or above their threshold, (n_records, n_labels).

    Raises:
        ConfigError: there is not one threshold for each label.
    """
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if thresholds.ndim > 1 or thresholds.size not in (1, probabilities.shape[1]):
        raise ConfigError("There must be one threshold for each label.")
    return np.asarray(probabilities >= thresholds)


def outcomes(decisions: Bools, targets: Floats) -> Floats:
    """The true positives, false positives, false negatives and true negatives of ``decisions``.

    Float64 (4, n_records, n_labels) of 0 and 1, in this order; all four are 0 if the target is unknown.
    """
    yes, no = targets == 1, targets == 0
    return np.stack([decisions & yes, decisions & no, ~decisions & yes, ~decisions & no]).astype(np.float64)


def ratio(numerator: AnyFloats, denominator: AnyFloats) -> Floats:
    """The quotient of two arrays, NaN where the denominator is 0."""
    out = np.full(np.broadcast_shapes(np.shape(numerator), np.shape(denominator)), np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(denominator) != 0)
    return out
