"""A model on the records of a dataset store: the same path that one record takes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.findings import find_many, task_of
from ecgapp.analysis.window_preparation import prepare_many
from ecgapp.datasets import DatasetStore
from ecgapp.errors import DatasetError, LeadsMissingError, ModelError, SignalError
from ecgapp.evaluate import (
    CalibrationErrors,
    OverallFigures,
    calibration_errors,
    evaluate_predictions,
    overall_figures,
    reconstruction_metrics,
    window_errors,
)
from ecgapp.models import Evaluation, ModelCard, Predictions, ReconstructionMetrics, TrainedModel
from ecgapp.models.answers import run_network
from ecgapp.records import ECGRecord
from ecgapp.tasks import Task

T = TypeVar("T")
RECORDS = 64  # preprocessed at a time, so that memory stays the same for any store


@dataclass(frozen=True)
class ClassifierEvaluation:
    """A classifier on a store's records: each label, all labels together, and calibration."""

    evaluation: Evaluation
    overall: OverallFigures
    calibration: CalibrationErrors


def evaluate_store(
    model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None = None
) -> Evaluation | ReconstructionMetrics:
    """A classifier's figures, or an autoencoder's errors, on the store's records of ``folds`` (None: all).

    Raises:
        ModelError: the model answers what a store's labels do not tell, e.g. where waves begin.
        LeadsMissingError: the store lacks leads that the model needs.
        DatasetError: there are no records in these folds, or none that answers one of the labels.
    """
    _refuse_without_labels(model.card)
    if model.card.is_autoencoder:
        return _reconstruction(model, store, folds, _name(store, folds))
    predicted, task = _labelled(model, store, folds), task_of(model.card)
    return _evaluated(task, predicted, model.card.thresholds, _name(store, folds))


def evaluate_classifier(
    model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None = None
) -> ClassifierEvaluation:
    """All figures of a classifier on the store's records of ``folds`` (None: all), with 95 % intervals.

    Raises:
        ModelError, LeadsMissingError, DatasetError: as ``evaluate_store``.
    """
    _refuse_without_labels(model.card)
    predicted, task = _labelled(model, store, folds), task_of(model.card)
    answers, lines = (predicted.probabilities, predicted.targets), model.card.thresholds
    return ClassifierEvaluation(
        _evaluated(task, predicted, lines, _name(store, folds)),
        overall_figures(task, *answers, lines),
        calibration_errors(*answers),
    )


def _evaluated(task: Task, predicted: Predictions, thresholds: tuple[float, ...], name: str) -> Evaluation:
    return evaluate_predictions(task, predicted.probabilities, predicted.targets, thresholds, name)


def _name(store: DatasetStore, folds: Sequence[int] | None) -> str:
    return f"{store.manifest.name}, {_in_words(folds)}"


def _labelled(model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None) -> Predictions:
    """The predictions of ``predict_store``.

    Raises:
        DatasetError: no record answers one of the model's labels.
    """
    predicted = predict_store(model, store, folds)
    if np.isnan(predicted.targets).all():
        raise DatasetError(
            "None of these records answers one of the model's labels. "
            "Choose a labelled data set or another model."
        )
    return predicted


def _refuse_without_labels(card: ModelCard) -> None:
    """Say what a model is evaluated on if the labels of a data set do not serve.

    Raises:
        ModelError: the model is a gate, a delineator or a network of ventricular rhythms.
    """
    needed = ""
    if card.is_gate:
        needed = "good and corrupted records"
    elif card.is_delineator:
        needed = "records with marked waves"
    elif card.is_ventricular:
        needed = "recordings with marked rhythms"
    if needed:
        raise ModelError(
            f"{card.name} is evaluated on {needed}, not on a data set. Its figures are on its card."
        )


def familiarity(card: ModelCard, store: DatasetStore) -> str | None:
    """A sentence where the model knows a data set of this name from its training, else None."""
    source = card.provenance
    if store.manifest.name not in source.datasets:
        return None
    return (
        f"The model knows a data set of this name: trained on {source.train_folds}, validated on "
        f"{source.validation_folds}. Figures on records that it has seen are too good."
    )


def predict_store(
    model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None = None
) -> Predictions:
    """The classifier's probabilities for each record of ``folds``, and the task's answers.

    Raises:
        LeadsMissingError, DatasetError: as ``evaluate_store``.
    """
    task = task_of(model.card)
    answers, order = [], []
    for records, rows in _records(model, store, folds):
        for findings in map(_usable, find_many(records, model)):
            answers.append([row.probability for row in findings.rows])
        order.append(rows)
    rows = np.concatenate(order)
    targets = store.targets(task, rows)
    recorded = store.folds[rows].astype(np.int64)
    return Predictions(np.array(answers, np.float32), targets, recorded)


def _reconstruction(
    model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None, name: str
) -> ReconstructionMetrics:
    errors, owners = [], []
    for records, rows in _records(model, store, folds):
        cut = [_usable(one).windows.windows for one in prepare_many(records, model.card.preprocessing)]
        windows = np.concatenate(cut)
        errors.append(window_errors(windows, run_network(model.network, windows)))
        owners.append(np.repeat(rows, [len(each) for each in cut]))
    n_samples = model.card.preprocessing.window
    return reconstruction_metrics(np.concatenate(errors), np.concatenate(owners), n_samples, name)


def _usable(result: T | SignalError) -> T:
    """The result; one record that the model cannot take ends the evaluation of a whole store."""
    if isinstance(result, SignalError):
        raise result
    return result


def _records(
    model: TrainedModel, store: DatasetStore, folds: Sequence[int] | None
) -> Iterator[tuple[list[ECGRecord], NDArray[np.int64]]]:
    """Groups of records, with the leads that the model needs, and their rows in the store."""
    needed = model.card.preprocessing.leads
    places = _places(needed, store.manifest.leads)
    rows = store.rows(folds)
    if len(rows) == 0:
        raise DatasetError("The dataset has no records in these folds. Choose other folds.")
    store.verify_index()  # no figure from a file that changed since its import
    for name in store.shards_of(rows):
        store.verify_file(name)
    rate = store.manifest.sampling_rate
    for signals, group in store.batches(rows, RECORDS):
        numbers = np.asarray(group, np.int64)
        records = [
            ECGRecord(str(row), signal[places], rate, needed)
            for row, signal in zip(numbers.tolist(), signals, strict=True)
        ]
        yield records, numbers


def _places(needed: Sequence[str], leads: Sequence[str]) -> list[int]:
    missing = [lead for lead in needed if lead not in leads]
    if missing:
        raise LeadsMissingError(f"The dataset has no lead {', '.join(missing)}, and this model needs it.")
    return [list(leads).index(lead) for lead in needed]


def _in_words(folds: Sequence[int] | None) -> str:
    if folds is None:
        return "all folds"
    numbers = ", ".join(str(fold) for fold in sorted(folds))
    return f"fold {numbers}" if len(folds) == 1 else f"folds {numbers}"
