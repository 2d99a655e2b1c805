"""What a finding means where the disease is rarer, or commoner, than among the validation records.

Of those with a positive answer, prevalence * sensitivity have it and (1 - prevalence) * (1 - specificity)
do not: Bayes. The interval comes from draws of sensitivity and specificity under Jeffreys' prior, the
objective Bayesian way that Mossman & Berger (2001, doi:10.1177/0272989X0102100608) found best of five; where
nobody was wrong it reaches to the figure itself (Brown et al. 2001, doi:10.1214/ss/1009213286). One
record's own probability moves by the prior shift of Saerens et al. (2002,
doi:10.1162/089976602753284446). Both take for granted that the disease looks the same
there, only less often; where it is milder, or is found earlier, they promise too much.
"""

from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Floats
from ecgapp.models.validation_figures import Interval, LabelMetrics

DRAWS = 4000
HALF = 0.5  # Jeffreys' prior for a share: Beta(1/2, 1/2)


@dataclass(frozen=True)
class Meaning:
    """At ``prevalence``, the ``share`` of patients with this answer, above or below, that have the label."""

    positive: bool
    prevalence: float
    share: Interval


def validation_prevalence(metrics: LabelMetrics) -> float | None:
    """The share of the validation records that have the label; None where all or none of them do."""
    return metrics.n_positive / metrics.n if 0 < metrics.n_positive < metrics.n else None


def meaning_at(metrics: LabelMetrics, prevalence: float, positive: bool, seed: int = 0) -> Meaning | None:
    """What an answer above (``positive``) or below the threshold means at this prevalence.

    None where the counts do not say: too few positives to show a percentage, no negatives, or no such answer.

    Raises:
        ConfigError: the prevalence does not lie between 0 and 1.
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
    return Meaning(positive, prevalence, share)


def shifted(probability: float, before: float, after: float) -> float:
    """``probability``, true where the prevalence is ``before``, moved to where it is ``after``.

    Raises:
        ConfigError: a prevalence does not lie between 0 and 1.
    """
    _check(before)
    _check(after)
    yes, no = probability * after / before, (1 - probability) * (1 - after) / (1 - before)
    return yes / (yes + no)


def _draws(hits: int, n: int, rng: np.random.Generator) -> Floats:
    """Shares that ``hits`` of ``n`` could have come from."""
    return rng.beta(hits + HALF, n - hits + HALF, DRAWS)


def _bayes(among_ill: float | Floats, among_others: float | Floats, prevalence: float) -> Floats:
    """Of all with the answer, the share that is ill."""
    ill = prevalence * np.asarray(among_ill)
    return np.asarray(ill / (ill + (1 - prevalence) * np.asarray(among_others)))


def _check(prevalence: float) -> None:
    if not 0 < prevalence < 1:
        raise ConfigError("A prevalence lies between 0 and 100 per cent.")
