"""Accuracy of the shipped models: ``python -m benchmarks.accuracy --data FOLDER [--held-back]``.

Imports every known layout that FOLDER holds (unpacked archives, one folder each) into a temporary
home and evaluates every model there by the path that the app takes. A figure on records that were
in training is shown, marked so, and never held against a target; what the cards say of records that
the weights, or the ensemble's member that answered, had not seen is quoted beside it. ``--held-back``
says that nothing in FOLDER was in training; ``--folds 10`` keeps only records of these folds.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row, Target, at_least, at_most, interval_words, show, tell
from ecgapp.analysis import (
    available_models,
    evaluate_store,
    open_model,
    predict_store,
    version_predictions,
)
from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import LAYOUTS, DatasetStore, import_dataset
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import evaluate_predictions
from ecgapp.models import Evaluation, ModelCard, Predictions, ReconstructionMetrics, TrainedModel
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task

ENOUGH = 5  # positives; a class with fewer is left out of the macro AUROC
AUROC = {"ptbxl_superclass": 0.90, "nine_class": 0.90}  # at least, by task
MSE = {"cae_lead2": 0.15}  # per sample at most, by model; the paper's is 0.305
SOURCES = {
    "ptbxl_superclass": ("ptb-xl", "ptb-xl-zscored"),
    "nine_class": ("challenge",),
    "cinc2017_rhythm": ("cinc2017",),
}
UNLABELLED = ("ptb-xl", "ptb-xl-zscored", "challenge", "ludb")  # where autoencoders are judged
NAMES = {"ptb-xl": "PTB-XL raw", "ptb-xl-zscored": "PTB-XL z-scored", "challenge": "Challenge 2021"}
ALL_FOLDS = tuple(range(1, 11))  # not fold 0: records of unknown patients


@dataclass(frozen=True, eq=False)
class Bench:
    """The data of all figures: the stores, the folds, and whether these were held back."""

    stores: dict[str, DatasetStore]
    settings: Settings
    folds: tuple[int, ...]
    held_back: bool

    def of(self, names: Sequence[str]) -> list[DatasetStore]:
        """The named stores that have records of the requested folds."""
        present = [self.stores[name] for name in names if name in self.stores]
        return [store for store in present if len(store.rows(self.folds))]

    def seen(self, card: ModelCard, stores: Sequence[DatasetStore]) -> tuple[int, int]:
        """The number of records of ``stores`` that the model was trained on, by its card, and of all."""
        total = sum(len(store.rows(self.folds)) for store in stores)
        known = [store for store in stores if store.name in card.provenance.datasets and not self.held_back]
        trained = fold_numbers(card.provenance.train_folds) & set(self.folds)
        return sum(len(store.rows(sorted(trained))) for store in known), total


def fold_numbers(words: str) -> set[int]:
    """``folds 1-8, 10`` -> {1, ..., 8, 10}: how a card names its folds."""
    spans = re.findall(r"(\d+)(?:-(\d+))?", words)
    return {fold for low, high in spans for fold in range(int(low), int(high or low) + 1)}


def layout_of(folder: str) -> str | None:
    """The layout whose name a folder's name begins with; the longest, where there are several."""
    fitting = [layout for layout in LAYOUTS if folder.startswith(layout)]
    return max(fitting, key=len, default=None)


def import_all(data: Path, settings: Settings, wanted: set[str]) -> dict[str, DatasetStore]:
    """A store for each wanted layout below ``data``.

    Raises:
        EcgAppError: a folder cannot be imported.
    """
    stores = {}
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        layout = layout_of(folder.name)
        if layout in wanted and layout not in stores:
            report = import_dataset(layout, folder, settings.stores / layout)
            tell(f"{layout}: {report.read} records imported, {report.n_refused} refused")
            stores[layout] = DatasetStore.open(settings.stores / layout)
    return stores


def classifier_rows(bench: Bench, model: TrainedModel) -> list[Row]:
    """Each source apart, all together, and what the card's own predictions give."""
    card = model.card
    stores = bench.of(SOURCES.get(_task_name(card), ()))
    predicted = [predict_store(model, store, bench.folds) for store in stores]
    rows = [_auroc_row(bench, card, [store], own) for store, own in zip(stores, predicted, strict=True)]
    if len(stores) > 1:
        together = Predictions(*(np.concatenate(part) for part in zip(*map(_parts, predicted), strict=True)))
        rows.append(_auroc_row(bench, card, stores, together))
    validated = version_predictions(card, bench.settings)
    if validated is not None and card.validation is not None:
        how = _quoted(card, card.validation.dataset)
        rows.append(_macro_row(card, validated, "the card's own records", how, judged=True))
        rows += _own_rows(bench, card, validated, how)
    return rows


def _own_rows(bench: Bench, card: ModelCard, validated: Predictions, how: str) -> list[Row]:
    """The card's own records of each source with a target, if all its data sets are in the folder.

    Predictions are in the order of the training's data sets; they are assigned to them only if the stored
    targets are those of the data sets, record by record.
    """
    stores, task = bench.of(card.provenance.datasets), card.task
    if task is None or [store.name for store in stores] != list(card.provenance.datasets):
        return []
    answers = [_answers(store, task) for store in stores]
    if not np.array_equal(np.concatenate(answers), validated.targets, equal_nan=True):
        return []
    rows, begin = [], 0
    for store, targets in zip(stores, answers, strict=True):
        part = slice(begin, begin + len(targets))
        begin += len(targets)
        if store.name in SOURCES.get(task.name, ()):
            own = Predictions(*(array[part] for array in _parts(validated)))
            where = f"the card's own records of {NAMES.get(store.name, store.name)}"
            rows.append(_macro_row(card, own, where, how, judged=True))
    return rows


def _answers(store: DatasetStore, task: Task) -> FloatArray:
    """The task's answers of the records that a training uses: of folds from 1, with an answer."""
    targets = task.targets(store.codes(store.rows(range(1, 11))))
    return targets[~np.isnan(targets).all(axis=1)]


def _auroc_row(bench: Bench, card: ModelCard, stores: Sequence[DatasetStore], predicted: Predictions) -> Row:
    seen, _ = bench.seen(card, stores)
    where = " and ".join(NAMES.get(store.name, store.name) for store in stores)
    return _macro_row(card, predicted, where, _seen_in_words(bench, card, stores), judged=seen == 0)


def _macro_row(card: ModelCard, predicted: Predictions, where: str, how: str, *, judged: bool) -> Row:
    evaluation, left_out = common_classes(card, predicted)
    what = f"macro AUROC, {card.name}, {where}"
    figure = evaluation.macro_auroc
    if figure is None:
        return Row(what, f"no class has {ENOUGH} positives", how, sample=f"n = {evaluation.n}")
    without = f"; without {', '.join(left_out)} (fewer than {ENOUGH} positives)" if left_out else ""
    sample = f"n = {evaluation.n}, {interval_words(figure)}"
    least = AUROC.get(_task_name(card))
    target = at_least(least, figure.value) if least else None
    return Row(what, f"{figure.value:.3f}", how + without, _if(judged, target), sample)


def common_classes(card: ModelCard, predicted: Predictions) -> tuple[Evaluation, list[str]]:
    """The evaluation over classes with ``ENOUGH`` positives, and the names of the others."""
    if card.task is None:
        raise TypeError("An autoencoder has no classes.")
    rare = (predicted.targets == 1).sum(axis=0) < ENOUGH
    targets = np.where(rare, np.float32(np.nan), predicted.targets)
    evaluation = evaluate_predictions(card.task, predicted.probabilities, targets, card.thresholds, "")
    return evaluation, [name for name, few in zip(card.task.label_names, rare, strict=True) if few]


def autoencoder_rows(bench: Bench, model: TrainedModel) -> list[Row]:
    """Each source that has the leads, and the card's own figure."""
    card, rows = model.card, []
    for store in bench.of(UNLABELLED):
        figures = evaluate_store(model, store, bench.folds)
        if isinstance(figures, ReconstructionMetrics):
            seen, _ = bench.seen(card, [store])
            how = _seen_in_words(bench, card, [store])
            rows.append(_mse_row(card, figures, NAMES.get(store.name, store.name), how, judged=seen == 0))
    if card.reconstruction is not None:
        how = _quoted(card, card.reconstruction.dataset)
        rows.append(_mse_row(card, card.reconstruction, "the card's own windows", how, judged=True))
    return rows


def _mse_row(card: ModelCard, figures: ReconstructionMetrics, where: str, how: str, *, judged: bool) -> Row:
    value, summed = figures.mse_per_sample, figures.mse_summed.value
    most = MSE.get(card.name)
    target = at_most(most, value.value) if most else None
    sample = f"{figures.n_windows} windows of {figures.n} records, {interval_words(value)}"
    measured = f"{value.value:.3f} (summed over a window: {summed:.1f})"
    return Row(f"MSE per sample, {card.name}, {where}", measured, how, _if(judged, target), sample)


def _if(judged: bool, target: Target | None) -> Target | None:
    """The target is always named, but only held against records that training has not seen."""
    return target if judged or target is None else replace(target, reached=None)


def _seen_in_words(bench: Bench, card: ModelCard, stores: Sequence[DatasetStore]) -> str:
    seen, total = bench.seen(card, stores)
    if bench.held_back:
        return "held back, not in training"
    if seen:
        return f"IN TRAINING: {seen} of {total} records, a fit and no test"
    validated = fold_numbers(card.provenance.validation_folds) & set(bench.folds)
    return "not in training, but used for validation" if validated else "not in training"


def _quoted(card: ModelCard, dataset: str) -> str:
    return f"quoted from the card, not in training: {dataset}. {card.provenance.note}".rstrip()


def _parts(predicted: Predictions) -> tuple[NDArray[Any], ...]:
    return predicted.probabilities, predicted.targets, predicted.folds


def _task_name(card: ModelCard) -> str:
    return card.task.name if card.task else ""


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--held-back", action="store_true", help="nothing in FOLDER was in training")
    parser.add_argument("--folds", type=int, nargs="+", default=ALL_FOLDS, help="only these folds, 1 to 10")
    parser.add_argument("--weights", type=Path, default=PROJECT / "weights", help="models to evaluate")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, home: Path) -> list[Row]:
    settings = Settings(home, options.weights)
    cards = available_models(settings)
    tasks = {name for card in cards.values() for name in SOURCES.get(_task_name(card), ())}
    wanted = tasks | (set(UNLABELLED) if any(card.is_autoencoder for card in cards.values()) else set())
    stores = import_all(options.data, settings, wanted)
    bench = Bench(stores, settings, tuple(options.folds), options.held_back)
    rows = []
    for name in (name for name, card in cards.items() if card.is_classifier or card.is_autoencoder):
        tell(f"evaluating {name}")
        model = open_model(name, settings)
        rows += (classifier_rows if model.card.is_classifier else autoencoder_rows)(bench, model)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where a folder cannot be used."""
    options = _arguments(arguments)
    try:
        with tempfile.TemporaryDirectory() as home:
            rows = _measure(options, Path(home))
    except EcgAppError as error:
        tell(str(error))
        return 1
    folds = ", ".join(map(str, sorted(options.folds)))
    show("Accuracy", rows, [f"Folds {folds}; intervals: bootstrap over records."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
