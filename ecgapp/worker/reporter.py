"""Writes the reports of a training as its job's metrics, progress and log."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ecgapp.errors import InterruptedTrainingError
from ecgapp.jobs import Metric, Usage, metric_names
from ecgapp.worker.context import JobContext
from ecgapp.worker.gpu_use import gpu_use

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, StepReport

_NOWHERE = (
    "The numbers of an epoch could be written nowhere; the last checkpoint is intact. "
    "Free space on the disk, and check that the app may write to its folder."
)


class RunReporter:
    """Writes what a training reports, at once. An epoch's metrics are stored before its checkpoint."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._usage = Usage(context.pid)
        self._seconds_left: float | None = None
        self._first: tuple[int, float] | None = None  # step and time of the first report
        context.on_heartbeat = self._measure

    def step(self, report: "StepReport") -> None:
        """Write the metrics of a step; a full disk loses them."""
        if self._first is None:
            self._first = (report.step, time.monotonic())
            self._context.begin("Training begins.")
        done, elapsed = report.step - self._first[0], time.monotonic() - self._first[1]
        self._seconds_left = (report.total_steps - report.step) * elapsed / done if done > 0 else None
        points = _points(report.step, report, metric_names.STEP_SERIES)
        with suppress(OSError):
            self._context.metrics(points)
        self._context.progress(report.epoch - 1, report.epochs, self._seconds_left)
        self._context.advance(report.step, report.total_steps)

    def epoch(self, report: "EpochReport") -> None:
        """Write the metrics of an epoch, trying again for a while if the disk is full.

        Raises:
            InterruptedTrainingError: they cannot be written, or not before the training is to stop. No
                checkpoint may follow.
        """
        self._seconds_left = report.seconds_left
        points = _points(report.epoch, report, metric_names.EPOCH_SERIES)
        timing = self._context.store.timing
        limit = time.monotonic() + timing.storage
        while True:
            try:
                self._context.metrics(points, durable=True)
                break
            except OSError as error:
                if self.should_stop() or time.monotonic() > limit:
                    raise InterruptedTrainingError(_NOWHERE) from error
            time.sleep(timing.retry)
        self._context.progress(report.epoch, report.epochs, report.seconds_left)
        self.log(_epoch_words(report))

    def log(self, text: str) -> None:
        """Append one plain sentence to the log, without a path or patient data."""
        self._context.log(text)

    def should_stop(self) -> bool:
        """Whether a page, a signal or another process asked to stop."""
        return self._context.should_stop()

    def _measure(self) -> None:
        """Write the training's use of the machine, with each heartbeat."""
        run = self._context.run
        seconds = time.time() - (run.started or run.created)
        use = {**self._usage.sample(), **gpu_use(run.devices)}
        if self._seconds_left is not None:
            use[metric_names.SECONDS_LEFT] = self._seconds_left
        self._context.metrics((name, seconds, value) for name, value in use.items())


def _points(step: float, report: object, series: Mapping[str, str]) -> list[Metric]:
    """The fields of ``report`` that have a value, as points of their series; a group has several."""
    points: list[Metric] = []
    for field, name in series.items():
        value = getattr(report, field)
        if isinstance(value, tuple):
            value = dict(enumerate(value, start=1))
        if isinstance(value, Mapping):
            points += [(f"{name}{part}", step, float(one)) for part, one in value.items()]
        elif value is not None:
            points.append((name, step, float(value)))
    return points


def _epoch_words(report: "EpochReport") -> str:
    parts = [f"training loss {report.train_loss:.4f}", f"validation loss {report.validation_loss:.4f}"]
    if report.f1 is not None:
        parts.append(f"macro F1 {report.f1:.3f}")
    if report.auroc is not None:
        parts.append(f"macro AUROC {report.auroc:.3f}")
    return f"Epoch {report.epoch} of {report.epochs}: {', '.join(parts)}."
