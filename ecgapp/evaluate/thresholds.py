"""Decision thresholds of each label, optimised on validation records: exactly, or by a simplex search.

The challenge's score and plain F1 are means over labels, and a record's weight does not depend on its
predictions, so each label's threshold can be optimised alone, by trying every one that makes a
difference. Probabilities at a threshold count as positive.
"""

import numpy as np
from scipy.optimize import minimize

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats, checked, decide
from ecgapp.evaluate.challenge_scores import f_beta, f_beta_g_beta

UNDECIDED = 0.5  # the threshold of a label without positives


def best_thresholds(
    probabilities: AnyFloats, targets: AnyFloats, beta: float = 1.0, weights: AnyFloats | None = None
) -> Floats:
    """The thresholds (n_labels,) with the highest F-beta of each label, by sorting and scanning.

    ``weights`` (n_records,) are the records' weights, equal by default, or ``challenge_weights(targets)``
    for the CinC 2020 score. A threshold lies halfway between the lowest positive probability and the next
    one; of equally good ones the highest is taken. Labels without positives get 0.5.
    """
    scores, truths = checked(probabilities, targets)
    counts = np.ones(len(scores)) if weights is None else np.asarray(weights, dtype=np.float64)
    if counts.shape != (len(scores),):
        raise ConfigError("There must be one weight for each record.")
    columns = zip(scores.T, truths.T, strict=True)
    return np.array([_best_threshold(score, truth, counts, beta) for score, truth in columns])


def _best_threshold(scores: Floats, truths: Floats, weights: Floats, beta: float) -> float:
    order = np.argsort(-scores, kind="stable")
    order = order[~np.isnan(truths[order])]
    scores, hits, alarms = scores[order], (truths * weights)[order], ((1 - truths) * weights)[order]
    if not hits.any():
        return UNDECIDED
    ends = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))  # equal scores are positive together
    caught, false = np.cumsum(hits)[ends], np.cumsum(alarms)[ends]
    best = int(np.argmax(f_beta(caught, false, hits.sum() - caught, beta)))
    lowest = scores[ends[best]]
    below = scores[ends[best + 1]] if best + 1 < len(ends) else 0.0
    return _between(float(below), float(lowest))


def _between(below: float, above: float) -> float:
    """The middle of both, or ``above`` if float32 cannot represent a value between them."""
    middle = (below + above) / 2
    return middle if np.float32(below) < np.float32(middle) <= np.float32(above) else above


def nelder_mead_thresholds(probabilities: AnyFloats, targets: AnyFloats, beta: float = 2.0) -> Floats:
    """The thresholds (n_labels,) by a downhill simplex search for the CinC 2020 F-beta.

    The method of Singstad & Tronstad (Computing in Cardiology 2020): all labels in one simplex, from 0.5
    each. The score is constant between neighbouring probabilities, so the simplex starts 0.25 wide (with
    scipy's default, 0.025, the score often does not change at all). On labels with positives
    ``best_thresholds`` with ``challenge_weights`` is never worse.
    """
    scores, truths = checked(probabilities, targets)

    def loss(thresholds: Floats) -> float:
        return -float(np.nan_to_num(f_beta_g_beta(decide(scores, thresholds), truths, beta)[0]))

    start = np.full(scores.shape[1], UNDECIDED)
    best = minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"initial_simplex": np.vstack([start, start - 0.25 * np.eye(len(start))]), "adaptive": True},
    )
    return np.asarray(np.clip(best.x, 0.0, 1.0))
