"""What is minimised, and how an epoch is judged: by reconstruction, or by labels."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ecgapp.errors import TrainingError
from ecgapp.evaluate import f1_by_label, macro_auroc
from ecgapp.models import Network
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task
from ecgapp.training.inference import Inference, combine_windows, probabilities
from ecgapp.training.windows import RecordSet, Rows, all_windows

_HEAVIEST = 20.0  # a rare label's positives weigh no more than this many negatives


@dataclass(frozen=True)
class Scores:
    """An epoch on the validation records; the highest ``score`` is kept."""

    loss: float
    score: float
    f1: float | None = None
    f1_by_label: dict[str, float] = field(default_factory=dict)
    auroc: float | None = None


class Objective(Protocol):
    """One phase's loss and its judgement."""

    def loss(self, network: Network, seen: Tensor, clean: Tensor, targets: Tensor) -> Tensor:
        """The mean loss of a batch: windows (batch, n_leads, n_samples), targets (batch, n_labels)."""

    def judge(self, inference: Inference, records: RecordSet, rows: Rows) -> Scores:
        """The network on all windows of these records."""


class Reconstruction:
    """Mean squared error per sample between the answer and the clean window."""

    def loss(self, network: Network, seen: Tensor, clean: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(network(seen).float(), clean)

    def judge(self, inference: Inference, records: RecordSet, rows: Rows) -> Scores:
        loss = float(inference.errors(records, all_windows(records, rows)).mean())
        return Scores(loss, -loss)


class Classification:
    """Binary cross-entropy of every known answer, or cross-entropy where one label is true."""

    def __init__(self, task: Task, targets: FloatArray, weighting: float, aggregation: str) -> None:
        self.task = task
        self.aggregation = aggregation
        self._weights = torch.from_numpy(label_weights(targets, weighting, task.multilabel))

    def loss(self, network: Network, seen: Tensor, clean: Tensor, targets: Tensor) -> Tensor:
        return self._entropy(network(seen).float(), targets)

    def judge(self, inference: Inference, records: RecordSet, rows: Rows) -> Scores:
        windows = all_windows(records, rows)
        logits = inference.logits(records, windows)
        truths = torch.from_numpy(records.targets[windows.owners])
        loss = float(self._entropy(torch.from_numpy(logits), truths))
        answers = combine_windows(
            probabilities(logits, self.task.multilabel), windows.owners, rows, self.aggregation
        )
        known = records.targets[rows]
        auroc = macro_auroc(answers, known)
        f1 = f1_by_label(answers if self.task.multilabel else _most_probable(answers), known)
        named = {
            n: float(value) for n, value in zip(self.task.label_names, f1, strict=True) if value == value
        }
        mean = float(np.mean(list(named.values()))) if named else None
        return Scores(loss, -loss if auroc is None else auroc, mean, named, auroc)

    def _entropy(self, logits: Tensor, targets: Tensor) -> Tensor:
        weights = self._weights = self._weights.to(logits.device)
        if not self.task.multilabel:
            return F.cross_entropy(logits, targets.argmax(1), weight=weights)
        known = ~targets.isnan()
        each = F.binary_cross_entropy_with_logits(
            logits, targets.nan_to_num(), weight=known.float(), pos_weight=weights, reduction="sum"
        )
        return each / known.sum().clamp(min=1)


def label_weights(targets: FloatArray, weighting: float, multilabel: bool) -> FloatArray:
    """What a positive of each label weighs, (n_labels,): 1 with no weighting, balanced with 1."""
    positives = np.nansum(targets == 1, axis=0).astype(np.float64)
    if multilabel:
        ratio = np.sum(targets == 0, axis=0) / np.maximum(positives, 1)
    else:
        ratio = len(targets) / (targets.shape[1] * np.maximum(positives, 1))
    weights: FloatArray = np.clip(ratio**weighting, 1 / _HEAVIEST, _HEAVIEST).astype(np.float32)
    return weights


def objective_for(
    task: Task | None, targets: FloatArray, weighting: float, aggregation: str
) -> Reconstruction | Classification:
    """The objective of this task, or reconstruction where there is none.

    Raises:
        TrainingError: no training record has any positive answer.
    """
    if task is None:
        return Reconstruction()
    if not (targets == 1).any():
        raise TrainingError("No training record has any of the task's labels. Choose other data.")
    return Classification(task, targets, weighting, aggregation)


def _most_probable(answers: FloatArray) -> FloatArray:
    """1 for each record's most probable label, 0 for the others."""
    answer: FloatArray = np.eye(answers.shape[1], dtype=np.float32)[answers.argmax(axis=1)]
    return answer
