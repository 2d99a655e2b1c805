"""The one training loop, for both phases: epochs, reports, checkpoints, and a resume that is bit-equal."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ecgapp.errors import TrainingError
from ecgapp.models import Network
from ecgapp.training.checkpoint import load_checkpoint, save_checkpoint
from ecgapp.training.config import TrainingConfig
from ecgapp.training.learner import Learner, Weights
from ecgapp.training.objective import Objective, Scores
from ecgapp.training.reporting import EpochReport, Reporter, StepReport, Stopped
from ecgapp.training.windows import RecordSet, Rows, random_windows

_REPORT_EVERY = 10  # steps; each report waits for the device once


@dataclass(frozen=True, eq=False)
class Job:
    """One network's training: on which records it learns, on which it is judged, where it is kept."""

    config: TrainingConfig
    records: RecordSet
    train: Rows
    validation: Rows
    objective: Objective
    folder: Path
    identity: str  # of config and data; a checkpoint of another one is refused
    seed: int
    keep_best: bool = True  # False: the last epoch's weights, which no validation has chosen


@dataclass(frozen=True, eq=False)
class Outcome:
    """The weights that are kept, in eval mode and without gradients, and how many epochs were run."""

    network: Network
    epochs: int


@dataclass
class _Best:
    """The epoch that is kept so far, from 1; 0 where there is none yet."""

    score: float = -float("inf")
    epoch: int = 0
    weights: Weights | None = None


def run(job: Job, network: Network, reporter: Reporter) -> Outcome:
    """Train to the end, from the folder's checkpoint if there is one.

    Raises:
        Stopped: the reporter asked for it; the checkpoint is written.
        TrainingError: the loss is no longer a number, or the checkpoint is of no use.
    """
    try:
        return _Loop(job, network, reporter).run()
    except torch.OutOfMemoryError as error:
        raise TrainingError("The device has too little memory. Choose a smaller batch size.") from error


class _Loop:
    """Where a job stands: ``epoch`` epochs are done, and ``position`` steps of the next one."""

    def __init__(self, job: Job, network: Network, reporter: Reporter) -> None:
        config = job.config
        self.job, self.reporter = job, reporter
        self.batch = min(config.batch_size, len(job.train))
        self.steps = len(job.train) // self.batch  # in an epoch
        self.learner = Learner(config, network, job.objective, config.epochs * self.steps, job.seed)
        self.records = job.records.to(self.learner.device)
        self.targets = torch.from_numpy(job.records.targets)
        self.epoch = self.position = 0
        self.best = _Best()
        self.saved = time.monotonic()
        self.reported = (0, 0.0, self.saved)  # position, sum of losses, and time of the last report

    def run(self) -> Outcome:
        state = load_checkpoint(self.job.folder, self.job.identity)
        if state is not None:
            self._restore(state)
            self.reporter.log(f"Going on from epoch {self.epoch + 1}, step {self.position + 1}.")
        while not self._finished():
            self._run_epoch()
        network = self.learner.averaged
        if self.best.weights is not None:
            network.load_state_dict(self.best.weights)
        return Outcome(network.cpu(), self.epoch)

    def _finished(self) -> bool:
        patience = self.job.config.patience
        impatient = bool(patience) and self.epoch - self.best.epoch >= patience
        return self.epoch >= self.job.config.epochs or impatient

    def _run_epoch(self) -> None:
        """The rest of one epoch, its validation, and a checkpoint when it is time."""
        shift, first = self.job.config.augmentation.shift, self.position
        windows = random_windows(self.records, self.job.train, shift, (self.job.seed, self.epoch))
        if first:
            self.learner.resume_epoch()
        else:
            self.learner.start_epoch()
        started = time.monotonic()
        self.reported = (first, float(self.learner.losses), started)
        for position in range(first, self.steps):
            part = windows[position * self.batch : (position + 1) * self.batch]
            batch, targets = self.records.cut(part.positions.tolist()), self.targets[part.owners]
            self.learner.step(self.epoch * self.steps + position, batch, targets)
            self.position = position + 1
            if self.position % _REPORT_EVERY == 0 or self.position == self.steps:
                self._report_step()
            self._obey()
        self._end_epoch(started, self.steps - first)

    def _report_step(self) -> None:
        """Tell the mean loss since the last report, and end where it is no number."""
        total, norm = torch.stack([self.learner.losses, self.learner.gradient_norm]).tolist()
        _refuse_unstable(total)
        position, before, since = self.reported
        now, n_steps = time.monotonic(), self.position - position
        self.reported = (self.position, total, now)
        self.reporter.step(
            StepReport(
                step=self.epoch * self.steps + self.position,
                epoch=self.epoch + 1,
                loss=(total - before) / n_steps,
                learning_rate=self.learner.learning_rate,
                examples_per_second=n_steps * self.batch / max(now - since, 1e-9),
                total_steps=self.job.config.epochs * self.steps,
                gradient_norm=norm,
            )
        )

    def _obey(self) -> None:
        """Write a checkpoint when it is time, or when asked to stop; then stop."""
        stopping = self.reporter.should_stop()
        if stopping or self._due():
            self._save()
        if stopping:
            raise Stopped

    def _end_epoch(self, started: float, steps_done: int) -> None:
        scores = self.job.objective.judge(self.learner.inference(), self.records, self.job.validation)
        train_loss = float(self.learner.losses) / self.steps
        _refuse_unstable(train_loss + scores.loss)
        self.epoch, self.position = self.epoch + 1, 0
        if scores.score > self.best.score or not self.job.keep_best:
            self.best = _Best(scores.score, self.epoch, self.learner.averaged_weights())
        seconds = time.monotonic() - started
        self._report_epoch(scores, train_loss, seconds, seconds * self.steps / max(1, steps_done))
        if self._finished() or self._due():
            self._save()

    def _report_epoch(self, scores: Scores, train_loss: float, seconds: float, whole: float) -> None:
        """``whole`` is what a whole epoch takes, in seconds."""
        epochs = self.job.config.epochs
        self.reporter.epoch(
            EpochReport(
                epoch=self.epoch,
                epochs=epochs,
                train_loss=train_loss,
                validation_loss=scores.loss,
                f1=scores.f1,
                f1_by_label=scores.f1_by_label,
                auroc=scores.auroc,
                seconds=seconds,
                seconds_left=whole * (epochs - self.epoch),
            )
        )

    def _due(self) -> bool:
        return time.monotonic() - self.saved >= self.job.config.checkpoint_seconds

    def _save(self) -> None:
        _refuse_unstable(float(self.learner.losses))
        state = {
            "learner": self.learner.state(),
            "epoch": self.epoch,
            "position": self.position,
            "best": vars(self.best),
        }
        save_checkpoint(self.job.folder, self.job.identity, state)
        self.saved = time.monotonic()

    def _restore(self, state: dict[str, Any]) -> None:
        self.learner.restore(state["learner"])
        self.epoch, self.position = int(state["epoch"]), int(state["position"])
        self.best = _Best(**state["best"])


def _refuse_unstable(loss: float) -> None:
    if not abs(loss) < float("inf"):
        raise TrainingError(
            "The training became unstable: its loss is no longer a number. "
            "Lower the learning rate and start again."
        )
