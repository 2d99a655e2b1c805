"""The training loop of both phases: epochs, reports, checkpoints, and a bit-equal resume."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ecgapp.errors import TrainingError
from ecgapp.models import Network
from ecgapp.training.data.sharding import epoch_order
from ecgapp.training.data.window_sampling import Rows
from ecgapp.training.inference import Inference
from ecgapp.training.loop.checkpoint import save_checkpoint
from ecgapp.training.loop.learner import Learner, Pace, Weights
from ecgapp.training.objective import Scores, mean_scores, objective_for
from ecgapp.training.preparation import PreparedTraining
from ecgapp.training.reporting import EpochReport, StepReport, Stopped, WatchedScores
from ecgapp.training.result.example_writer import ExampleWriter

State = dict[str, Any]  # what a checkpoint keeps
_REPORT_EVERY = 10  # steps; each report waits for the device once
_STOP, _SAVE = 1, 2  # what the leader decides on after a step


@dataclass
class _Best:
    """The epoch that is kept so far, from 1; 0 where there is none yet."""

    score: float = -float("inf")
    epoch: int = 0
    weights: Weights | None = None


class Loop:
    """The loop over a training's epochs: ``epoch`` are done, and ``position`` steps of the next one."""

    def __init__(self, training: PreparedTraining, networks: Sequence[Network]) -> None:
        config, members, records = training.config, training.members, training.records
        self.training, self.config = training, config
        self.reporter, self.processes = training.reporter, training.processes
        self.batch, self.steps = members[0].lanes.batch, members[0].lanes.steps
        self.objective = objective_for(config, records.targets, [member.train for member in members])
        pace = Pace.of(config, self.steps, self.batch)
        seeded = list(zip(networks, (member.seed for member in members), strict=True))
        self.learner = Learner(config, seeded, self.objective, pace, training.processes)
        self.records = records.to(self.learner.device)
        self.targets = torch.from_numpy(records.targets)
        self.examples = ExampleWriter(training.folder, training.stores)
        self.epoch = self.position = 0
        self.cycle = self.begun = 0  # cycles of the learning rate that are over; epochs before this one
        self.best = _Best()
        self.watched: Scores | None = None  # of the first member, on the watched records
        self.saved = time.monotonic()
        self.reported = (0, 0.0, self.saved)  # position, sum of losses, and time of the last report

    def run(self, state: State | None) -> tuple[list[Network], int]:
        """Train to the end, from the state that a checkpoint kept if there is one.

        Returns:
            The networks that are kept, in eval mode and without gradients, and how many epochs were run.
        """
        if state is not None:
            self._restore(state)
            self.reporter.log(f"Going on from epoch {self.epoch + 1}, step {self.position + 1}.")
        while not self._finished():
            self._run_epoch()
        if self.best.weights is not None:
            self.learner.averaged.load_state_dict(self.best.weights)
        return [network.cpu() for network in self.learner.averaged_networks()], self.epoch

    def _finished(self) -> bool:
        """Whether all cycles are over; those that are over are left behind."""
        self.cycle, self.begun = self._cycle_after(self.epoch, self.best.epoch)
        return self.cycle >= len(self.config.cycles)

    def _cycle_after(self, epoch: int, best: int) -> tuple[int, int]:
        """The cycle that goes on after ``epoch`` epochs, and where it began; ``best`` is the best so far.

        Each ends with its epochs, or earlier where they bring nothing.
        """
        config = self.config
        cycle, begun = self.cycle, self.begun
        for length in config.cycles[cycle:]:
            impatient = config.patience and epoch - max(best, begun) >= config.patience
            if epoch - begun < length and not impatient:
                break
            cycle, begun = cycle + 1, epoch
        return cycle, begun

    def _is_last(self, epoch: int, score: float) -> bool:
        """Whether ``epoch``, from 1, with this score is the last: as planned, or because patience ends."""
        better = self.training.keeps_best and score > self.best.score
        cycle, _ = self._cycle_after(epoch, epoch if better else self.best.epoch)
        return cycle >= len(self.config.cycles)

    def _run_epoch(self) -> None:
        """The rest of one epoch, its validation, and a checkpoint when it is time."""
        first, head_alone = self.position, self.config.head_epochs > 0 and self.cycle == 0
        if first:
            self.learner.resume_epoch(head_alone=head_alone)
        else:
            self.learner.start_epoch(head_alone=head_alone)
        started = time.monotonic()
        self.reported = (first, self._sum_of_losses(), started)
        positions, owners = self.batch_order()
        for position in range(first, self.steps):
            batch = self.records.cut(positions[position].reshape(-1).tolist())
            windows = batch.view(*positions[position].shape, *batch.shape[1:])
            self.learner.step(self._place(position), windows, self.targets[owners[position]])
            self.position = position + 1
            if self.position % _REPORT_EVERY == 0 or self.position == self.steps:
                self._report_step()
            self._obey()
        self._end_epoch(started, self.steps - first)

    def _place(self, position: int) -> int:
        """The step's number in the planned cycles: one that ended early is left as a whole."""
        before = sum(self.learner.pace.cycles[: self.cycle])
        return before + (self.epoch - self.begun) * self.steps + position

    def batch_order(self) -> tuple[Rows, Rows]:
        """The start of each window of this process, and its record: both (steps, batch, members)."""
        shift = self.config.augmentation.shift
        orders = [
            epoch_order(self.records, member.lanes, self.processes, shift, (member.seed, self.epoch))
            for member in self.training.members
        ]
        shape = (self.steps, -1, len(orders))
        positions = np.stack([order.positions for order in orders], -1).reshape(shape)
        return positions, np.stack([order.owners for order in orders], -1).reshape(shape)

    def _sum_of_losses(self) -> float:
        """Since the epoch's first step: the mean of members and processes."""
        return float(self.processes.all_reduce_sum(self.learner.losses).mean()) / self.processes.size

    def _report_step(self) -> None:
        """Report the mean loss since the last report, and end if it is not a number."""
        total = self._sum_of_losses()
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
                examples_per_second=n_steps * self.batch * self.learner.members / max(now - since, 1e-9),
                total_steps=self.learner.pace.total,
                epochs=self.config.all_epochs,
                gradient_norm=float(self.learner.gradient_norm),
            )
        )

    def _obey(self) -> None:
        """Write a checkpoint when it is time, or when asked to stop, and stop; the leader decides for all."""
        wish = _STOP * self.reporter.should_stop() + _SAVE * self._due()
        wish = self.processes.broadcast_int(wish)
        if wish:
            self._save()
        if wish & _STOP:
            raise Stopped

    def _end_epoch(self, started: float, steps_done: int) -> None:
        try:
            scores = self._judge()
        except Stopped:
            self._save()  # all steps are done: the epoch ends with its validation when it goes on
            raise
        train_loss = self._sum_of_losses() / self.steps
        _refuse_unstable(train_loss + sum(score.loss for score in scores))
        self.epoch, self.position = self.epoch + 1, 0
        if self.training.keeps_best and scores[0].score > self.best.score:
            self.best = _Best(scores[0].score, self.epoch, self.learner.averaged_weights())
        seconds = time.monotonic() - started
        self._report_epoch(scores, train_loss, seconds, seconds * self.steps / max(1, steps_done))
        if self.processes.broadcast_int(self._finished() or self._due()):
            self._save()

    def _judge(self) -> list[Scores]:
        """Each member's averaged network on its own validation records."""
        scores, device, precision = [], self.learner.device, self.learner.precision
        self.watched = None
        for number, network in enumerate(self.learner.averaged_networks()):
            inference = Inference(network, device, precision, self.processes, self.reporter.should_stop)
            if number == 0 and self.training.watched is not None:
                self.watched = self.objective.judge(inference, self.records, self.training.watched)
            rows = self.training.members[number].validation
            scores.append(self.objective.judge(inference, self.records, rows, number))
            if number == 0 and self.processes.is_leader:
                epoch = self.epoch + 1
                last = self._is_last(epoch, scores[0].score)
                self.examples.write(inference, self.records, scores[0], epoch, last=last)
        return scores

    def _report_epoch(
        self, scores: Sequence[Scores], train_loss: float, seconds: float, whole: float
    ) -> None:
        """``whole`` is what a whole epoch takes, in seconds."""
        epochs, mean = self.config.all_epochs, mean_scores(scores)
        self.reporter.epoch(
            EpochReport(
                epoch=self.epoch,
                epochs=epochs,
                train_loss=train_loss,
                validation_loss=mean.loss,
                f1=mean.f1,
                weighted_f1=mean.weighted_f1,
                f1_by_label=mean.f1_by_label,
                predicted_by_label=mean.predicted_by_label,
                positives_by_label=mean.positives_by_label,
                f1_by_member=tuple(score.f1 for score in scores if score.f1 is not None),
                auroc=mean.auroc,
                constant_loss=mean.constant_loss,
                watched=_watched_scores(self.watched),
                seconds=seconds,
                seconds_left=whole * (epochs - self.epoch),
            )
        )

    def _due(self) -> bool:
        return time.monotonic() - self.saved >= self.config.checkpoint_seconds

    def _save(self) -> None:
        _refuse_unstable(self._sum_of_losses())
        state = {
            "learner": self.learner.state(),
            "epoch": self.epoch,
            "position": self.position,
            "cycle": self.cycle,
            "begun": self.begun,
            "best": vars(self.best),
        }
        if self.processes.is_leader:
            save_checkpoint(self.training.checkpoints, self.training.identity, state)
        self.saved = time.monotonic()

    def _restore(self, state: State) -> None:
        if not self.learner.restore(state["learner"]):
            self.reporter.log("Another kind of device: its random numbers begin anew.")
        self.epoch, self.position = int(state["epoch"]), int(state["position"])
        self.cycle, self.begun = int(state["cycle"]), int(state["begun"])
        self.best = _Best(**state["best"])


def _watched_scores(scores: Scores | None) -> WatchedScores | None:
    if scores is None:
        return None
    return WatchedScores(scores.loss, scores.f1, scores.weighted_f1, scores.auroc)


def _refuse_unstable(loss: float) -> None:
    if not abs(loss) < float("inf"):
        raise TrainingError(
            "The training became unstable: its loss is no longer a number. Choose a lower learning rate."
        )
