"""The findings of a classifier in one record or in many: one row a label, each with its threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.window_preparation import Prepared, prepare_many
from ecgapp.errors import ModelError, SignalError
from ecgapp.models import LabelMetrics, ModelCard, TrainedModel
from ecgapp.models.answers import ProbabilityRule, mean_logits, member_logits
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task

UNCONFIRMED = "unconfirmed"  # the status of a finding that no reader has judged
_EDGE = 1e-6  # of a probability, so that its logit is finite


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
    """One record's labels in the task's order, with the probabilities behind them.

    ``window_probabilities`` is float32 (n_windows, n_labels); ``member_probabilities`` (n_members, n_labels)
    are the record's by each member of an ensemble, or by the one network.
    """

    rows: tuple[Finding, ...]
    window_probabilities: FloatArray
    member_probabilities: FloatArray
    prepared: Prepared
    card: ModelCard

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the reader, about the record and about its windows."""
        n_windows = len(self.window_probabilities)
        word = "highest" if self.card.aggregation == "max" else "mean"
        joined = [f"Each probability is the {word} of its {n_windows} windows."] if n_windows > 1 else []
        return (*self.prepared.warnings, *joined)

    @property
    def spread(self) -> NDArray[np.float64]:
        """The members' standard deviation in logits, (n_labels,); 0 for a single network."""
        inside = np.clip(self.member_probabilities.astype(np.float64), _EDGE, 1 - _EDGE)
        spread: NDArray[np.float64] = np.log(inside / (1 - inside)).std(axis=0)
        return spread

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
    (findings,) = find_many([record], model)
    if isinstance(findings, SignalError):
        raise findings
    return findings


def find_many(records: Sequence[ECGRecord], model: TrainedModel) -> list[Findings | SignalError]:
    """``find`` of each record, with the windows of all in the same forward passes.

    Returns:
        For each record its findings, or the error that says why the model cannot take it.

    Raises:
        ModelError: the model is an autoencoder.
    """
    task_of(model.card)
    prepared = prepare_many(records, model.card.preprocessing)
    usable = iter(_findings([one for one in prepared if isinstance(one, Prepared)], model))
    return [next(usable) if isinstance(one, Prepared) else one for one in prepared]


def _findings(prepared: Sequence[Prepared], model: TrainedModel) -> list[Findings]:
    if not prepared:
        return []
    card, task = model.card, task_of(model.card)
    rule = ProbabilityRule(task.multilabel, card.temperature, card.aggregation)
    windows = [one.windows.windows for one in prepared]
    ends, places = np.cumsum([len(each) for each in windows]), np.arange(len(prepared), dtype=np.int64)
    owners = np.repeat(places, [len(each) for each in windows])
    logits = member_logits(model.network, windows[0] if len(windows) == 1 else np.concatenate(windows))
    together = mean_logits(logits)
    members = np.stack([rule.records(each, owners, places) for each in logits], axis=1)
    answers = rule.records(together, owners, places), np.split(rule.windows(together), ends[:-1]), members
    return [
        Findings(_rows(record, card), by_window, by_member, one, card)
        for one, record, by_window, by_member in zip(prepared, *answers, strict=True)
    ]


def _rows(probabilities: FloatArray, card: ModelCard) -> tuple[Finding, ...]:
    labels = zip(task_of(card).label_names, probabilities.tolist(), card.thresholds, strict=True)
    return tuple(Finding(label, p, threshold, card.label_metrics(label)) for label, p, threshold in labels)


def task_of(card: ModelCard) -> Task:
    """The classifier's task.

    Raises:
        ModelError: the model is an autoencoder, which has no labels.
    """
    if card.task is None:
        raise ModelError(f"{card.name} is an autoencoder and finds no classes. Choose a classifier.")
    return card.task
