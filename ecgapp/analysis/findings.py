"""What a classifier finds in a record: one row a label, never a probability without its threshold."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgapp.analysis.window_preparation import Prepared, prepare
from ecgapp.errors import ModelError
from ecgapp.models import LabelMetrics, ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task

UNCONFIRMED = "unconfirmed"  # the status of a finding that no reader has judged
BATCH = 64  # windows in one forward pass


@dataclass(frozen=True)
class Finding:
    """One label of one record, unconfirmed; ``metrics`` are its validation figures at ``threshold``."""

    label: str
    probability: float
    threshold: float
    metrics: LabelMetrics | None

    @property
    def positive(self) -> bool:
        return self.probability >= self.threshold


@dataclass(frozen=True, eq=False)
class Findings:
    """All labels in the task's order; ``window_probabilities`` is float32 (n_windows, n_labels)."""

    rows: tuple[Finding, ...]
    window_probabilities: FloatArray
    prepared: Prepared
    warnings: tuple[str, ...]

    @property
    def top(self) -> Finding:
        """The label furthest above, or least below, its own threshold."""
        return max(self.rows, key=lambda row: (row.positive, row.probability / max(row.threshold, 1e-6)))

    def best_window(self, label: str) -> int:
        """The window in which this label is likeliest."""
        column = [row.label for row in self.rows].index(label)
        return int(self.window_probabilities[:, column].argmax())


def find(record: ECGRecord, model: TrainedModel) -> Findings:
    """Every label's probability in ``record``, with its threshold and validation figures.

    Raises:
        ModelError: the model is an autoencoder.
        SignalError: the model cannot take this record; says why.
    """
    task = task_of(model.card)
    prepared = prepare(record, model)
    by_window = probabilities(model, prepared.windows.windows)
    rows = [
        Finding(label, float(probability), threshold, _metrics(model.card, label))
        for label, probability, threshold in zip(
            task.label_names, aggregate(by_window, model.card), model.card.thresholds, strict=True
        )
    ]
    warnings = (*prepared.warnings, *_about_aggregation(len(by_window), model.card))
    return Findings(tuple(rows), by_window, prepared, warnings)


def task_of(card: ModelCard) -> Task:
    """The classifier's task.

    Raises:
        ModelError: the model is an autoencoder, which has no labels.
    """
    if card.task is None:
        raise ModelError(f"{card.name} is an autoencoder and finds no classes. Choose a classifier.")
    return card.task


def run_network(model: TrainedModel, windows: FloatArray) -> FloatArray:
    """The network's output for each window (n_windows, n_leads, n_samples), in bounded batches."""
    with torch.inference_mode():
        batches = torch.split(torch.from_numpy(np.ascontiguousarray(windows)), BATCH)
        output: FloatArray = torch.cat([model.network(batch).float() for batch in batches]).numpy()
    return output


def probabilities(model: TrainedModel, windows: FloatArray) -> FloatArray:
    """Calibrated probabilities, float32 (n_windows, n_labels), of windows as the network takes them."""
    return calibrated(run_network(model, windows), model.card)


def calibrated(logits: FloatArray, card: ModelCard) -> FloatArray:
    """Probabilities of logits (..., n_labels), by the card's temperature."""
    scaled = torch.from_numpy(logits) / card.temperature
    answers = scaled.sigmoid() if task_of(card).multilabel else scaled.softmax(dim=-1)
    return np.asarray(answers.numpy(), dtype=np.float32)


def aggregate(by_window: FloatArray, card: ModelCard) -> FloatArray:
    """The record's probabilities (n_labels,) from its windows' (n_windows, n_labels)."""
    record: FloatArray = by_window.max(axis=0) if card.aggregation == "max" else by_window.mean(axis=0)
    return record


def aggregate_records(by_window: FloatArray, records: NDArray[np.int64], card: ModelCard) -> FloatArray:
    """The same for many records: ``records`` (n_windows,) says whose window each is, 0, 1, 2, ..."""
    groups = np.split(by_window, np.flatnonzero(np.diff(records)) + 1)
    return np.stack([aggregate(group, card) for group in groups])


def _metrics(card: ModelCard, label: str) -> LabelMetrics | None:
    per_label = card.validation.per_label if card.validation else ()
    return next((metrics for metrics in per_label if metrics.label == label), None)


def _about_aggregation(n_windows: int, card: ModelCard) -> list[str]:
    if n_windows == 1:
        return []
    word = "highest" if card.aggregation == "max" else "mean"
    return [f"Each probability is the {word} of its {n_windows} windows."]
