"""The probability of the condition after a positive or negative result, at any prevalence.

By Bayes' theorem prevalence * sensitivity of the patients have the disease and a positive result, and
(1 - prevalence) * (1 - specificity) a positive result without it. The interval comes from draws of
sensitivity and specificity under Jeffreys' prior, the objective Bayesian method that is the best of five in
Mossman & Berger (2001, doi:10.1177/0272989X0102100608). If there are no false positives (or no false
negatives), the interval is extended to include the point estimate (Brown et al. 2001,
doi:10.1214/ss/1009213286). The probability of a single record is changed by the prior
shift of Saerens et al. (2002, doi:10.1162/089976602753284446). Both assume that sensitivity and specificity
are the same at the other prevalence; with milder or earlier disease they overestimate what a result says.
"""

from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Floats
from ecgapp.models.validation_figures import Interval, LabelMetrics

DRAWS = 4000
JEFFREYS = 0.5  # Jeffreys' prior for a proportion is Beta(1/2, 1/2)


@dataclass(frozen=True)
class PostTestProbability:
    """The share of patients with this test result who have the condition, at a given prevalence.

    For a ``positive`` result it is the positive predictive value, for a negative one 1 - the negative
    predictive value.
    """

    positive: bool
    prevalence: float
    share: Interval


def validation_prevalence(metrics: LabelMetrics) -> float | None:
    """The share of the validation records that have the label; None if all or none of them do."""
    return metrics.n_positive / metrics.n if 0 < metrics.n_positive < metrics.n else None


def meaning_at(
    metrics: LabelMetrics, prevalence: float, positive: bool, seed: int = 0
) -> PostTestProbability | None:
    """The probability after a result above (``positive``) or below the threshold, at this prevalence.

    None if the counts are too small: too few positives for a percentage, no negatives, or no such result.

    Raises:
        ConfigError: the prevalence is not above 0 and below 1.
    """
    _check(prevalence)
    n_negative = metrics.n - metrics.n_positive
    answers = (
        (metrics.true_positive, metrics.false_positive)
        if positive
        else (metrics.false_negative, metrics.true_negative)
    )
    if not metrics.sufficient or n_negative == 0 or sum(answers) == 0:
        return None
    among_ill, among_others = zip(answers, (metrics.n_positive, n_negative), strict=True)
    value = _bayes(answers[0] / metrics.n_positive, answers[1] / n_negative, prevalence)
    rng = np.random.default_rng(seed)
    draws = _bayes(_draws(*among_ill, rng), _draws(*among_others, rng), prevalence)
    low, high = np.percentile(draws, [2.5, 97.5])
    share = Interval(float(value), float(min(low, value)), float(max(high, value)))
    return PostTestProbability(positive, prevalence, share)


def shifted(probability: float, before: float, after: float) -> float:
    """``probability`` at the prevalence ``before``, converted to the prevalence ``after``.

    Raises:
        ConfigError: a prevalence is not above 0 and below 1.
    """
    _check(before)
    _check(after)
    yes, no = probability * after / before, (1 - probability) * (1 - after) / (1 - before)
    return yes / (yes + no)


def _draws(hits: int, n: int, rng: np.random.Generator) -> Floats:
    """Random shares from which ``hits`` of ``n`` may result."""
    return rng.beta(hits + JEFFREYS, n - hits + JEFFREYS, DRAWS)


def _bayes(among_ill: float | Floats, among_others: float | Floats, prevalence: float) -> Floats:
    """The share of ill patients among all with the result."""
    ill = prevalence * np.asarray(among_ill)
    return np.asarray(ill / (ill + (1 - prevalence) * np.asarray(among_others)))


def _check(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise ConfigError("The prevalence must be above 0 and below 1 (0 % and 100 %).")
