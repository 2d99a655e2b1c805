"""The objectives of both phases: the loss of a batch, and the scores after an epoch.

Several networks may learn together, as members of a stack: each has its own loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ecgapp.errors import TrainingError
from ecgapp.evaluate import f1_by_label, macro_auroc
from ecgapp.models.answers import ProbabilityRule, combine_windows
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.inference import Inference
from ecgapp.training.optimisation import KeptBy, Loss
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.training_config import TrainingConfig

_HEAVIEST = 20.0  # a rare label's positives weigh no more than this many negatives
_NOTHING = 1e-6  # instead of a division by zero where no answer is known


@dataclass(frozen=True, eq=False)
class Scores:
    """One network after an epoch, on its validation records; the highest ``score`` is kept.

    ``by_record`` is the mean loss of each record's windows, in the order of ``rows``; ``answers``
    (n_records, n_labels) a classifier's probabilities, not calibrated, in the same order.
    """

    loss: float
    score: float
    rows: Rows
    by_record: FloatArray
    f1: float | None = None
    weighted_f1: float | None = None  # the mean of the labels' F1, weighted by their positives
    f1_by_label: dict[str, float] = field(default_factory=dict)
    predicted_by_label: dict[str, int] = field(default_factory=dict)
    positives_by_label: dict[str, int] = field(default_factory=dict)  # that there are to find
    auroc: float | None = None
    answers: FloatArray | None = None
    constant_loss: float | None = None  # of the best answer that is the same for all of these records


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """The mean over networks that learn together; records' losses are the first one's."""
    if len(scores) == 1:
        return scores[0]
    f1 = [score.f1 for score in scores if score.f1 is not None]
    weighted = [score.weighted_f1 for score in scores if score.weighted_f1 is not None]
    auroc = [score.auroc for score in scores if score.auroc is not None]
    constant = [score.constant_loss for score in scores if score.constant_loss is not None]
    names = [name for name in scores[0].predicted_by_label if any(name in s.f1_by_label for s in scores)]
    return replace(
        scores[0],
        loss=fmean(score.loss for score in scores),
        score=fmean(score.score for score in scores),
        f1=fmean(f1) if f1 else None,
        weighted_f1=fmean(weighted) if weighted else None,
        f1_by_label={n: fmean(s.f1_by_label[n] for s in scores if n in s.f1_by_label) for n in names},
        predicted_by_label={
            name: round(fmean(score.predicted_by_label[name] for score in scores))
            for name in scores[0].predicted_by_label
        },
        positives_by_label={
            name: max(score.positives_by_label[name] for score in scores)
            for name in scores[0].positives_by_label
        },
        auroc=fmean(auroc) if auroc else None,
        constant_loss=fmean(constant) if constant else None,
    )


class Objective(Protocol):
    """One phase's loss and its judgement."""

    def losses(
        self, answers: Tensor, clean: Tensor, targets: Tensor, processes: ProcessGroup = ALONE
    ) -> Tensor:
        """Each member's mean loss over a batch of all processes, (members,); this process's part of it.

        ``answers`` is the network's, ``clean`` (batch, members, n_leads, n_samples), ``targets``
        (batch, members, n_labels). Averaged over processes the parts give the loss.
        """

    def judge(self, inference: Inference, records: RecordSet, rows: Rows, member: int = 0) -> Scores:
        """The network of one member on all windows of these records."""


class ReconstructionObjective:
    """Mean squared error per sample between the answer and the clean window."""

    def losses(
        self, answers: Tensor, clean: Tensor, targets: Tensor, processes: ProcessGroup = ALONE
    ) -> Tensor:
        if clean.shape[1] == 1:
            return F.mse_loss(answers.float().view_as(clean), clean).unsqueeze(0)
        return (answers.float().view_as(clean) - clean).square().mean((0, 2, 3))

    def judge(self, inference: Inference, records: RecordSet, rows: Rows, member: int = 0) -> Scores:
        errors, owners = inference.errors(records, rows)
        by_record = combine_windows(errors[:, None], owners, rows, "mean")[:, 0]
        loss = float(errors.mean())
        return Scores(loss, -loss, rows, by_record)


class ClassificationObjective:
    """Binary cross-entropy of every known answer, or cross-entropy where one label is true.

    ``weights`` (members, n_labels) is what a positive of each label weighs. The config says how windows are
    combined, which loss several true labels have (``Loss``), and by which figure an epoch is kept.
    """

    def __init__(self, task: Task, weights: Sequence[FloatArray], config: TrainingConfig) -> None:
        self.task = task
        self.aggregation = config.aggregation
        self._categorical = config.loss == Loss.CATEGORICAL and task.multilabel
        self._by_loss = config.keep_best_by == KeptBy.LOSS
        self._weights = torch.from_numpy(np.stack(weights))

    def losses(
        self, answers: Tensor, clean: Tensor, targets: Tensor, processes: ProcessGroup = ALONE
    ) -> Tensor:
        weights = self._weights = self._weights.to(answers.device)
        each, weight = self._entropies(answers.float().view_as(targets), targets, weights)
        total = processes.all_reduce_sum(weight.sum((0, 2))) / processes.size
        return each.sum((0, 2)) / total.clamp(min=_NOTHING)

    def judge(self, inference: Inference, records: RecordSet, rows: Rows, member: int = 0) -> Scores:
        logits, owners = inference.logits(records, rows)
        multilabel, names = self.task.multilabel, self.task.label_names
        truths, weights = torch.from_numpy(records.targets[owners]), self._weights[member].cpu()
        each, weight = self._entropies(torch.from_numpy(logits), truths, weights)
        loss = float(each.sum() / weight.sum().clamp(min=_NOTHING))
        by_window = each.sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=_NOTHING)
        by_record = combine_windows(by_window.numpy(), owners, rows, "mean")[:, 0]
        rule = ProbabilityRule(multilabel, aggregation=self.aggregation)
        answers = rule.records(logits, owners, rows)
        known = records.targets[rows]
        auroc = macro_auroc(answers, known)
        decided = answers if multilabel else _most_probable(answers)
        f1 = {n: float(v) for n, v in zip(names, f1_by_label(decided, known), strict=True) if v == v}
        predicted = dict(zip(names, (decided >= 0.5).sum(axis=0).tolist(), strict=True))
        positives = dict(zip(names, (known == 1).sum(axis=0).tolist(), strict=True))
        mean = float(np.mean(list(f1.values()))) if f1 else None
        score = -loss if auroc is None or self._by_loss else auroc
        constant = self._constant_loss(truths, weights)
        return Scores(
            loss,
            score,
            rows,
            by_record,
            f1=mean,
            weighted_f1=_weighted_mean(f1, positives),
            f1_by_label=f1,
            predicted_by_label=predicted,
            positives_by_label=positives,
            auroc=auroc,
            answers=answers,
            constant_loss=constant,
        )

    def _constant_loss(self, truths: Tensor, weights: Tensor) -> float:
        """The lowest loss of an answer that is the same for all windows: the entropy of the labels' shares.

        ``truths`` is (n_windows, n_labels), ``weights`` (n_labels,).
        """
        positive = weights * (truths == 1).sum(0)
        others = (truths == 0).sum(0) if self.task.multilabel else torch.ones_like(positive)
        if self._categorical:
            others = positive.sum() - positive
        best = (positive.clamp(min=_NOTHING) / others.clamp(min=_NOTHING)).log()
        each, weight = self._entropies(best.expand(truths.shape), truths, weights)
        return float(each.sum() / weight.sum().clamp(min=_NOTHING))

    def _entropies(self, logits: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The weighted entropy of each answer, and what it counts in the mean, both (..., n_labels)."""
        if not self.task.multilabel:
            weight = targets * weights
            return -weight * logits.log_softmax(-1), weight
        if self._categorical:
            shares = F.logsigmoid(logits)
            shares = shares - shares.logsumexp(-1, keepdim=True)
            return -weights * targets.nan_to_num() * shares, torch.full_like(shares, 1 / shares.shape[-1])
        known = (~targets.isnan()).float()
        each = F.binary_cross_entropy_with_logits(
            logits, targets.nan_to_num(), weight=known, pos_weight=weights, reduction="none"
        )
        return each, known


def label_weights(targets: FloatArray, weighting: float, multilabel: bool) -> FloatArray:
    """The weight of a positive of each label, (n_labels,): 1 without weighting, balanced with weighting 1."""
    positives = np.nansum(targets == 1, axis=0).astype(np.float64)
    if multilabel:
        ratio = np.sum(targets == 0, axis=0) / np.maximum(positives, 1)
    else:
        ratio = len(targets) / (targets.shape[1] * np.maximum(positives, 1))
    weights: FloatArray = np.clip(ratio**weighting, 1 / _HEAVIEST, _HEAVIEST).astype(np.float32)
    return weights


def objective_for(
    config: TrainingConfig, targets: FloatArray, members: Sequence[Rows]
) -> ReconstructionObjective | ClassificationObjective:
    """The objective of the config's task, or reconstruction where it has none.

    ``targets`` (n_records, n_labels) are those of all records, ``members`` what each network learns from.

    Raises:
        TrainingError: a member's records have no positive answer at all.
    """
    task = config.labels()
    if task is None:
        return ReconstructionObjective()
    refuse_unanswered(targets, members)
    weights = [label_weights(targets[rows], config.class_weighting, task.multilabel) for rows in members]
    return ClassificationObjective(task, weights, config)


def refuse_unanswered(targets: FloatArray, members: Iterable[Rows]) -> None:
    """See that each member has something to learn: ``targets`` (n_records, n_labels) are all records'.

    Raises:
        TrainingError: a member's records have no positive answer at all.
    """
    positive = (targets == 1).any(axis=1)
    if not all(positive[rows].any() for rows in members):
        raise TrainingError("No training record has any of the task's labels. Choose other data.")


def _weighted_mean(f1: Mapping[str, float], positives: Mapping[str, int]) -> float | None:
    """The mean of the labels' F1 weighted by their positives; None without any positive."""
    total = sum(positives[name] for name in f1)
    return sum(value * positives[name] for name, value in f1.items()) / total if total else None


def _most_probable(answers: FloatArray) -> FloatArray:
    """An array with 1 for each record's most probable label, and 0 for the others."""
    answer: FloatArray = np.eye(answers.shape[1], dtype=np.float32)[answers.argmax(axis=1)]
    return answer
