"""F-beta and G-beta as defined by the PhysioNet/CinC Challenge 2020.

Record i has the weight 1 / max(1, number of its true labels). For each label, weighted true positives
TP, false positives FP and false negatives FN give

    F = (1 + b^2) TP / ((1 + b^2) TP + FP + b^2 FN)        G = TP / (TP + FP + b FN)

and the score is the unweighted mean over the labels whose denominator is not zero. A record may have
no label above its threshold (the PTB-XL benchmark's variant then takes the most probable label, so its
figures differ from these). Unknown targets are left out.
"""

import numpy as np

from ecgapp.evaluate.arrays import AnyFloats, Bools, Floats, checked, outcomes, ratio


def challenge_weights(targets: AnyFloats) -> Floats:
    """The weight of each record, (n_records,): 1 over the number of its true labels, or 1 without any."""
    return np.asarray(1.0 / np.maximum(1.0, np.nansum(targets, axis=1, dtype=np.float64)))


def f_beta(true_positive: Floats, false_positive: Floats, false_negative: Floats, beta: float) -> Floats:
    """F-beta of counts, of any shape; NaN if there are neither positives nor positive predictions."""
    hits = (1 + beta**2) * true_positive
    return ratio(hits, hits + false_positive + beta**2 * false_negative)


def g_beta(true_positive: Floats, false_positive: Floats, false_negative: Floats, beta: float) -> Floats:
    """G-beta of counts, of any shape; NaN if there are neither positives nor positive predictions."""
    return ratio(true_positive, true_positive + false_positive + beta * false_negative)


def f_beta_g_beta(decisions: Bools, targets: AnyFloats, beta: float = 2.0) -> tuple[float, float]:
    """The challenge's F and G of ``decisions`` (n_records, n_labels) on 0/1/NaN ``targets``.

    NaN if no label has a denominator.
    """
    _, known = checked(np.zeros(np.shape(targets)), targets)
    counts = np.einsum(
        "krl,r->kl", outcomes(np.asarray(decisions, dtype=bool), known), challenge_weights(known)
    )
    hits, alarms, misses = counts[0], counts[1], counts[2]
    return mean_defined(f_beta(hits, alarms, misses, beta)), mean_defined(g_beta(hits, alarms, misses, beta))


def mean_defined(values: Floats) -> float:
    """The mean over the values that are not NaN; NaN without any."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")
