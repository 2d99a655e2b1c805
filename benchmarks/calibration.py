"""Calibration of the probabilities: ``python -m benchmarks.calibration``.

On the validation predictions that are kept beside each shipped classifier; no data are needed. First each
label's calibration error and Brier score, then the question whether a calibration for every label (Platt
1999, or beta: Kull et al. 2017, http://proceedings.mlr.press/v54/kull17a.html) beats the one temperature. All
three are fitted on the other folds and judged on the one left out. Platt's and beta's coefficients are drawn
towards leaving a probability as it is, by a normal prior of the strength ``PRIOR``, for some labels have ten
positives.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from benchmarks.table import Row, show, tell
from ecgapp.analysis import available_models, version_predictions
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import bootstrap_interval, fit_temperature, reliability
from ecgapp.models import Interval, ModelCard, Predictions

PRIOR = 10.0  # how much a squared unit of a coefficient weighs against the log-likelihood, times two
CLOSEST = 1e-6  # how near to 0 or 1 a probability may come before its logit is taken

Floats = NDArray[np.float64]
Calibrate = Callable[[Floats, Floats, Floats], Floats]  # logits, targets, others' logits -> their new logits


def losses(logits: Floats, targets: Floats) -> Floats:
    """Negative log-likelihood of each answer; 0 where the truth is unknown."""
    nll = -log_expit(np.where(targets == 1, logits, -logits))
    return np.where(np.isnan(targets), 0.0, nll)


def by_temperature(logits: Floats, targets: Floats, others: Floats) -> Floats:
    """One temperature for all labels."""
    return others / fit_temperature(logits, targets)


def by_platt(logits: Floats, targets: Floats, others: Floats) -> Floats:
    """A slope and a shift for each label."""
    return _each_label(lambda z: np.stack([z, np.ones_like(z)]), logits, targets, others, 1)


def by_beta(logits: Floats, targets: Floats, others: Floats) -> Floats:
    """Two slopes, of either end, and a shift for each label."""

    def parts(z: Floats) -> Floats:
        chance = np.clip(expit(z), CLOSEST, 1 - CLOSEST)
        return np.stack([np.log(chance), -np.log1p(-chance), np.ones_like(z)])

    return _each_label(parts, logits, targets, others, 2)


CALIBRATIONS: dict[str, Calibrate] = {
    "one temperature": by_temperature, "Platt for each label": by_platt, "beta for each label": by_beta,
}  # fmt: skip


def cross_fitted(calibrate: Calibrate, logits: Floats, predicted: Predictions) -> Floats:
    """Every record's logits, calibrated on the other folds."""
    calibrated, targets = np.empty_like(logits), predicted.targets.astype(np.float64)
    for fold in np.unique(predicted.folds):
        inside = predicted.folds == fold
        calibrated[inside] = calibrate(logits[~inside], targets[~inside], logits[inside])
    return calibrated


def rows(card: ModelCard, predicted: Predictions) -> list[Row]:
    """A line a label, then one a calibration."""
    lines = []
    names = card.task.label_names if card.task else ()
    columns = zip(predicted.probabilities.T, predicted.targets.T, strict=True)
    figures = [reliability(scores, truths) for scores, truths in columns]
    for name, figure in zip(names, figures, strict=True):
        measured = f"{_words(figure.ece)}; Brier {_words(figure.brier)}"
        sample = f"{figure.n_positive} of {figure.n}"
        lines.append(Row(f"{card.name}, {name}", measured, "calibration error, ten bins", None, sample))
    chances = np.clip(predicted.probabilities.astype(np.float64), CLOSEST, 1 - CLOSEST)
    return lines + _compared(card, np.log(chances / (1 - chances)), predicted)


def _compared(card: ModelCard, logits: Floats, predicted: Predictions) -> list[Row]:
    targets = predicted.targets.astype(np.float64)
    known = (~np.isnan(targets)).sum(axis=1).astype(np.float64)
    nll = {
        name: losses(cross_fitted(calibrate, logits, predicted), targets).sum(axis=1)
        for name, calibrate in CALIBRATIONS.items()
    }
    first = next(iter(nll.values()))
    lines = []
    for name, loss in nll.items():
        measured = f"{loss.sum() / known.sum():.5f}"
        if loss is not first:
            change = _mean(loss - first, known)
            measured += f" ({_signed(change)} against one temperature)"
        sample = f"n = {len(loss)} records, {known.sum():.0f} answers"
        lines.append(Row(f"{card.name}, log loss, {name}", measured, "fold by fold", None, sample))
    return lines


def _mean(values: Floats, known: Floats) -> Interval | None:
    """Per answer, over draws of records."""
    return bootstrap_interval(lambda w: np.asarray(values @ w / (known @ w)), len(values))


def _each_label(
    parts: Callable[[Floats], Floats], logits: Floats, targets: Floats, others: Floats, n_slopes: int
) -> Floats:
    calibrated = np.empty_like(others)
    for column in range(logits.shape[1]):
        known = ~np.isnan(targets[:, column])
        coefficients = _fitted(parts(logits[known, column]), targets[known, column], n_slopes)
        calibrated[:, column] = coefficients @ parts(others[:, column])
    return calibrated


def _fitted(features: Floats, targets: Floats, n_slopes: int) -> Floats:
    """Slopes stay above 0, for they are sought by their logarithm."""

    def coefficients(sought: Floats) -> Floats:
        return np.concatenate([np.exp(sought[:n_slopes]), sought[n_slopes:]])

    def cost(sought: Floats) -> float:
        nll = losses(coefficients(sought) @ features, targets).sum()
        return float(nll + PRIOR * np.square(sought).sum() / 2)

    return coefficients(minimize(cost, np.zeros(len(features)), method="BFGS").x)


def _words(figure: Interval | None) -> str:
    return "-" if figure is None else f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def _signed(figure: Interval | None) -> str:
    return "-" if figure is None else f"{figure.value:+.5f}, {figure.low:+.5f} to {figure.high:+.5f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a model's predictions cannot be read."""
    settings, lines = Settings.from_environment(), []
    try:
        for card in available_models(settings).values():
            predicted = version_predictions(card, settings) if card.is_classifier else None
            if predicted is not None:
                lines += rows(card, predicted)
    except EcgAppError as error:
        tell(str(error))
        return 1
    notes = [
        "Intervals: 95 %, 1,000 bootstrap draws of records, seed 0. Probabilities are of single members "
        "on records that they did not learn from; the temperature in force was fitted on all of them."
    ]
    show("Calibration", lines, notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
