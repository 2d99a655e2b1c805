"""``evaluate``: a model on the records of a store, with 95 % bootstrap intervals."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any

from ecgapp.analysis import (
    ClassifierEvaluation,
    evaluate_classifier,
    evaluate_store,
    familiarity,
    open_model,
)
from ecgapp.config import Settings
from ecgapp.datasets import open_store
from ecgapp.evaluate import OverallFigures, RecordFigure
from ecgapp.models import Evaluation, Interval, LabelMetrics, ModelCard, ReconstructionMetrics

_FIGURES = ("precision", "recall", "f1", "auroc", "auprc")
TITLES = {
    "accuracy": "accuracy, all labels right",
    "label_accuracy": "accuracy, mean of labels",
    "weighted_f1": "weighted F1",
    "challenge_2021": "Challenge 2021 score",
}
ERRORS = ("calibration error, mean", "calibration error, pooled", "calibration error, adaptive")
Result = Evaluation | ReconstructionMetrics | ClassifierEvaluation
_COUNTS = ("true_positive", "false_positive", "false_negative", "true_negative")


def evaluate(arguments: Namespace, settings: Settings) -> int:
    """Measure, and print a table or one JSON document."""
    model, store = open_model(arguments.model, settings), open_store(arguments.store, settings)
    judged: Callable[..., Result] = evaluate_classifier if model.card.is_classifier else evaluate_store
    result = judged(model, store, arguments.folds)
    note = familiarity(model.card, store)
    if arguments.json:
        document = {**_document(model.card, result), "note": note}
        sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join([*_lines(model.card, result), *([note] if note else [])]) + "\n")
    return 0


def _document(card: ModelCard, result: Result) -> dict[str, Any]:
    """Figures as numbers under their names, each with its interval beside it; null where undefined."""
    if isinstance(result, ClassifierEvaluation):
        return {**_document(card, result.evaluation), **_overall(result)}
    head = {"model": card.name, "sha256": card.sha256, "dataset": result.dataset, "n": result.n}
    if isinstance(result, ReconstructionMetrics):
        errors = {"mse_per_sample": result.mse_per_sample, "mse_summed": result.mse_summed}
        return {**head, "n_windows": result.n_windows, **_numbers(errors)}
    macro = _numbers(_macro(result))
    return {**head, "macro": macro, "per_class": {row.label: _row(row) for row in result.per_label}}


def _overall(result: ClassifierEvaluation) -> dict[str, Any]:
    """The figures of all labels together, each with its number of records, and the calibration errors."""
    errors = result.calibration
    numbers = {"mean": errors.mean, "pooled": errors.pooled, "adaptive": errors.adaptive}
    return {
        "overall": {
            name: {**_numbers({"value": figure.figure}), "n": figure.n}
            for name, figure in _figures(result.overall).items()
        },
        "challenge_2021_note": result.overall.sentence,
        "calibration_error": {**_numbers(numbers), "n": errors.n},
    }


def _figures(overall: OverallFigures) -> dict[str, RecordFigure]:
    figures = {
        "accuracy": overall.accuracy,
        "label_accuracy": overall.label_accuracy,
        "weighted_f1": overall.weighted_f1,
    }
    return figures | ({"challenge_2021": overall.challenge_2021} if overall.challenge_2021 else {})


def _macro(result: Evaluation) -> dict[str, Interval | None]:
    return {
        "auroc": result.macro_auroc,
        "auprc": result.macro_auprc,
        "f1": result.macro_f1,
        "f2": result.f2,
        "g2": result.g2,
    }


def _row(row: LabelMetrics) -> dict[str, Any]:
    counts = {name: getattr(row, name) for name in _COUNTS}
    figures = _numbers({name: getattr(row, name) for name in (*_FIGURES, "specificity")})
    known = {"n": row.n, "n_positive": row.n_positive, "sufficient": row.sufficient}
    return {**known, "threshold": row.threshold, **counts, **figures}


def _numbers(intervals: Mapping[str, Interval | None]) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for name, interval in intervals.items():
        numbers[name] = interval.value if interval else None
        numbers[f"{name}_interval"] = [interval.low, interval.high] if interval else None
    return numbers


def _lines(card: ModelCard, result: Result) -> list[str]:
    if isinstance(result, ClassifierEvaluation):
        return [*_lines(card, result.evaluation), *_overall_lines(result)]
    head = f"{card.name} on {result.dataset}: {result.n:,} records. 95 % intervals."
    if isinstance(result, ReconstructionMetrics):
        return [
            f"{head} {result.n_windows:,} windows.",
            f"  mean squared error per sample  {_figure(result.mse_per_sample, 4)}",
            f"  summed over a window           {_figure(result.mse_summed, 1)}",
        ]
    lines = [head, f"{'':<10}{'n+':>6}" + "".join(f"{name:>22}" for name in _FIGURES)]
    for row in result.per_label:
        figures = "".join(f"{_figure(getattr(row, name)):>22}" for name in _FIGURES)
        few = "" if row.sufficient else f"  insufficient data (n = {row.n_positive})"
        lines.append(f"{row.label:<10}{row.n_positive:>6}{figures}{few}")
    return [*lines, *[f"macro {name:<6} {_figure(value)}" for name, value in _macro(result).items()]]


def _overall_lines(result: ClassifierEvaluation) -> list[str]:
    lines = [
        f"{TITLES[name]:<28}{_figure(figure.figure)}  n = {figure.n:,}"
        for name, figure in _figures(result.overall).items()
    ]
    errors = result.calibration
    lines += [
        f"{title:<28}{_figure(error)}  n = {errors.n:,}"
        for title, error in zip(ERRORS, (errors.mean, errors.pooled, errors.adaptive), strict=True)
    ]
    return [*lines, *([result.overall.sentence] if result.overall.sentence else [])]


def _figure(interval: Interval | None, digits: int = 3) -> str:
    if interval is None:
        return "–"
    value, low, high = (f"{number:.{digits}f}" for number in (interval.value, interval.low, interval.high))
    return f"{value} ({low}-{high})"
