"""What a training tells, kept as its run's numbers and log."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Protocol, TypeVar

from ecgapp.errors import InterruptedTrainingError, JobError
from ecgapp.jobs import Attachment, Metric, Run, Usage, metric_names
from ecgapp.worker.gpu_use import card_use
from ecgapp.worker.unwritten_metrics import Waiting

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, StepReport

UNWRITTEN = "unwritten-epochs.json"  # in the run's folder
_PATIENCE_SECONDS = 60.0  # of a training whose numbers can be kept nowhere
_NOWHERE = (
    "The numbers of an epoch could be written nowhere; the last checkpoint is intact. "
    "Free space on the disk, and check that the app may write to its folder."
)
Part = TypeVar("Part", str, int)


class Listener(Protocol):
    """Who follows a run in its own process: a terminal."""

    def say(self, text: str) -> None:
        """One line of the log."""

    def advance(self, step: int, steps: int) -> None:
        """``step`` steps of ``steps`` are done."""


class RunReporter:
    """What a training tells, kept as the run's numbers and log. Steps are written with each beat.

    What cannot be written waits, and the training goes on: each beat tries again. Meanwhile nobody's wish
    to stop the run can be read, either. Epochs wait in a file, too: no checkpoint is ahead of them. Where
    that cannot be written either, as on a disk that is full, the training ends: after a minute, or at
    once where it was asked to stop. It then has failed, with its last checkpoint intact.

    ``stop`` is set when the training is to end. So is ``asked``, but nobody is told: ``torchrun`` sends
    the same signal to end a run and to start it again. ``epochs`` is how many are planned, 0 while
    unknown.
    """

    def __init__(self, attachment: Attachment, run: Run, listener: Listener | None = None) -> None:
        self.stop = threading.Event()
        self.asked = threading.Event()
        self.epochs = run.epochs
        self._attachment, self._run, self._listener = attachment, run, listener
        self.store = attachment.store
        self._usage = Usage(attachment.pid)
        # the heartbeat's thread writes what the training's thread tells
        self._waiting = Waiting(self.store.folder(run.id) / UNWRITTEN)
        self._announced = self._in_trouble = False
        self._epoch = self._waiting.last_epoch
        self._seconds_left: float | None = None
        self._first: tuple[int, float] | None = None  # step and time of the first report

    def step(self, report: "StepReport") -> None:
        """Keep the numbers until the next beat."""
        if self._first is None:
            self._first = (report.step, time.monotonic())
            self._epoch = report.epoch - 1
        self.epochs = report.epochs
        self._seconds_left = _time_left(self._first, report.step, report.total_steps)
        numbers = {
            metric_names.STEP_LOSS: report.loss,
            metric_names.LEARNING_RATE: report.learning_rate,
            metric_names.THROUGHPUT: report.examples_per_second,
            metric_names.GRADIENT_NORM: report.gradient_norm,
        }
        self._waiting.add_sample(_points(report.step, numbers))
        if not self._announced:
            self._write()
        if self._listener is not None:
            self._listener.advance(report.step, report.total_steps)

    def epoch(self, report: "EpochReport") -> None:
        """Write the epoch's numbers at once, where that is possible; else keep them in a file.

        Raises:
            InterruptedTrainingError: neither can be done. No checkpoint may follow.
        """
        self._epoch, self.epochs = report.epoch, report.epochs
        self._seconds_left = report.seconds_left
        numbers = {
            metric_names.TRAIN_LOSS: report.train_loss,
            metric_names.VALIDATION_LOSS: report.validation_loss,
            metric_names.CONSTANT_LOSS: report.constant_loss,
            metric_names.EPOCH_SECONDS: report.seconds,
            metric_names.F1: report.f1,
            metric_names.AUROC: report.auroc,
            **_by_part(metric_names.F1_OF_LABEL, report.f1_by_label),
            **_by_part(metric_names.PREDICTED_OF_LABEL, report.predicted_by_label),
            **_by_part(metric_names.POSITIVES_OF_LABEL, report.positives_by_label),
            **_by_part(metric_names.F1_OF_MEMBER, dict(enumerate(report.f1_by_member, start=1))),
        }
        self._waiting.add_epoch(_points(report.epoch, numbers))
        self._write()
        self._keep()
        self.log(_epoch_words(report))

    def log(self, text: str) -> None:
        """One plain sentence, without a path or a patient."""
        self.store.write_log(self._run.id, text)
        if self._listener is not None:
            self._listener.say(text)

    def should_stop(self) -> bool:
        """Whether a page, a signal or another process asked to stop."""
        return self.stop.is_set() or self.asked.is_set()

    def beat(self) -> None:
        """With each heartbeat: look at the machine, and write what waits."""
        seconds = time.time() - (self._run.started or self._run.created)
        use = {**self._usage.sample(), **card_use(self._run.devices)}
        self._waiting.add_sample(_points(seconds, {**use, metric_names.SECONDS_LEFT: self._seconds_left}))
        self.flush()

    def flush(self) -> None:
        """Write what waits; where that fails it goes on waiting.

        Raises:
            JobError: it cannot be written.
        """
        taken = self._waiting.take()
        try:
            if self._first is not None and not self._announced:
                self._attachment.running()
                self._announced = True
            points = chain.from_iterable(chain.from_iterable(taken))
            self.store.add_metrics(self._run.id, points, bool(taken[0]))  # epochs survive a power cut
            if self._first is not None or self._epoch:
                self._attachment.progress(self._epoch, self.epochs, self._seconds_left)
        except BaseException:
            self._waiting.give_back(taken)
            self._in_trouble = True
            raise
        self._waiting.written(taken)
        self._in_trouble = False

    def _write(self) -> None:
        """Write at once; known trouble is left to the next beat, so that the training need not wait."""
        if not self._in_trouble:
            with suppress(JobError):
                self.flush()

    def _keep(self) -> None:
        """See that the last epochs are safe: written, or in the file."""
        limit = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return self._waiting.keep()
            except OSError as error:
                if self.should_stop() or time.monotonic() > limit:
                    raise InterruptedTrainingError(_NOWHERE) from error
            time.sleep(1.0)


def _time_left(first: tuple[int, float], step: int, total_steps: int) -> float | None:
    """Seconds, at the pace since the first report of this process."""
    done, elapsed = step - first[0], time.monotonic() - first[1]
    return (total_steps - step) * elapsed / done if done > 0 else None


def _epoch_words(report: "EpochReport") -> str:
    parts = [f"training loss {report.train_loss:.4f}", f"validation loss {report.validation_loss:.4f}"]
    if report.f1 is not None:
        parts.append(f"macro F1 {report.f1:.3f}")
    if report.auroc is not None:
        parts.append(f"macro AUROC {report.auroc:.3f}")
    return f"Epoch {report.epoch} of {report.epochs}: {', '.join(parts)}."


def _points(step: float, numbers: Mapping[str, float | None]) -> list[Metric]:
    return [(name, step, value) for name, value in numbers.items() if value is not None]


def _by_part(name: str, values: Mapping[Part, float]) -> dict[str, float]:
    return {f"{name}{part}": value for part, value in values.items()}
