"""The reports of a training while it runs, and the protocol of their receiver."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class StepReport:
    """The report every few steps: the mean loss since the last report, and the speed since then."""

    step: int  # of the whole training, from 1
    epoch: int  # from 1
    loss: float
    learning_rate: float
    examples_per_second: float  # windows
    total_steps: int
    epochs: int  # of the whole training
    gradient_norm: float | None = None  # of the last step, before clipping


@dataclass(frozen=True)
class WatchedScores:
    """The scores after an epoch on records that are watched, and neither learnt from nor chosen by."""

    loss: float
    f1: float | None = None  # macro
    weighted_f1: float | None = None
    auroc: float | None = None


@dataclass(frozen=True)
class EpochReport:
    """The report after each epoch, on the averaged weights and the validation records.

    The loss is the mean squared error per sample in pretraining, else the (cross) entropy.
    F1 is the macro mean at probability 0.5 (the most probable label where only one can be true).
    Where several members learn together, figures are means over them.
    """

    epoch: int  # from 1
    epochs: int
    train_loss: float
    validation_loss: float
    f1: float | None = None
    weighted_f1: float | None = None  # the mean weighted by each label's positives
    f1_by_label: dict[str, float] = field(default_factory=dict)
    predicted_by_label: dict[str, int] = field(default_factory=dict)  # validation records that got the label
    positives_by_label: dict[str, int] = field(default_factory=dict)  # validation records that have the label
    f1_by_member: tuple[float, ...] = ()  # macro F1 of each member that learns at present
    auroc: float | None = None  # macro mean over the labels that have both answers
    constant_loss: float | None = None  # the lowest of an answer that is the same for every record
    watched: WatchedScores | None = None
    seconds: float = 0.0
    seconds_left: float = 0.0


class Reporter(Protocol):
    """The receiver of a training's reports: a run's metrics, a terminal, a test."""

    def step(self, report: StepReport) -> None:
        """A few steps were done."""

    def epoch(self, report: EpochReport) -> None:
        """An epoch was done and validated."""

    def log(self, text: str) -> None:
        """One plain sentence for the log."""

    def should_stop(self) -> bool:
        """Whether to write a checkpoint and end; asked after every step, so it must be cheap."""


class Stopped(Exception):  # noqa: N818  a wish that was granted, not an error
    """The training ended because it was asked to; its checkpoint is written."""
