"""What a training tells, kept as its run's numbers and log."""

import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from ecgapp.errors import JobError
from ecgapp.jobs import Attachment, Metric, Run, Usage, names

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, StepReport

Part = TypeVar("Part", str, int)
_MEBIBYTE = 2**20


class Listener(Protocol):
    """Who follows a run in its own process: a terminal."""

    def say(self, text: str) -> None:
        """One line of the log."""

    def advance(self, step: int, steps: int) -> None:
        """``step`` steps of ``steps`` are done."""


class RunReporter:
    """What a training tells, kept as the run's numbers and log. Steps are written with each beat.

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
        self._lock = threading.Lock()  # the heartbeat's thread writes what the training's thread tells
        self._waiting: list[Metric] = []
        self._epoch = 0
        self._seconds_left: float | None = None
        self._first: tuple[int, float] | None = None  # step and time of the first report

    def step(self, report: "StepReport") -> None:
        """Keep the numbers until the next beat."""
        if self._first is None:
            self._attachment.running()
            self._first = (report.step, time.monotonic())
            self._epoch = report.epoch - 1
        self.epochs = report.epochs
        self._seconds_left = _time_left(self._first, report.step, report.total_steps)
        self._keep(
            (names.STEP_LOSS, report.step, report.loss),
            (names.LEARNING_RATE, report.step, report.learning_rate),
            (names.THROUGHPUT, report.step, report.examples_per_second),
        )
        if report.gradient_norm is not None:
            self._keep((names.GRADIENT_NORM, report.step, report.gradient_norm))
        if self._listener is not None:
            self._listener.advance(report.step, report.total_steps)

    def epoch(self, report: "EpochReport") -> None:
        """Write the epoch's numbers at once: what is told here is not lost."""
        self._epoch, self.epochs = report.epoch, report.epochs
        self._seconds_left = report.seconds_left
        numbers = {
            names.TRAIN_LOSS: report.train_loss,
            names.VALIDATION_LOSS: report.validation_loss,
            names.EPOCH_SECONDS: report.seconds,
            names.F1: report.f1,
            names.AUROC: report.auroc,
            **_by_part(names.F1_OF_LABEL, report.f1_by_label),
            **_by_part(names.PREDICTED_OF_LABEL, report.predicted_by_label),
            **_by_part(names.POSITIVES_OF_LABEL, report.positives_by_label),
            **_by_part(names.F1_OF_MEMBER, dict(enumerate(report.f1_by_member, start=1))),
        }
        self._keep(*[(name, report.epoch, value) for name, value in numbers.items() if value is not None])
        self.flush()
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
        for name, value in {**self._usage.sample(), **_gpu_use(self._run.devices)}.items():
            self._keep((name, seconds, value))
        if self._seconds_left is not None:
            self._keep((names.SECONDS_LEFT, seconds, self._seconds_left))
        self.flush()

    def flush(self) -> None:
        """Write what waits; where that fails it goes on waiting."""
        with self._lock:
            points, self._waiting = self._waiting, []
        try:
            self.store.add_metrics(self._run.id, points)
        except JobError:
            with self._lock:
                self._waiting = points + self._waiting
            raise
        if self._first is not None or self._epoch:
            self._attachment.progress(self._epoch, self.epochs, self._seconds_left)

    def _keep(self, *points: Metric) -> None:
        with self._lock:
            self._waiting.extend(points)


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


def _by_part(name: str, values: Mapping[Part, float]) -> dict[str, float]:
    return {f"{name}{part}": value for part, value in values.items()}


def _gpu_use(devices: tuple[str, ...]) -> dict[str, float]:
    """Memory that the run holds on its cards together in MiB, and their mean load where the driver tells it.

    Other processes' memory only the driver knows: of several cards it is what is taken of them at
    all, as the run has them alone.
    """
    torch = sys.modules.get("torch")  # not imported for this: the training does, when it is time
    if torch is None or not devices[0].startswith("cuda") or not torch.cuda.is_initialized():
        return {}
    memory = torch.cuda.memory_reserved(devices[0])
    try:
        load = sum(torch.cuda.utilization(device) for device in devices) / len(devices)
        if len(devices) > 1:
            memory = sum(torch.cuda.device_memory_used(device) for device in devices)
    except Exception:  # the driver's Python binding is not installed, or says no in its own way
        return {names.GPU_MEMORY: memory / _MEBIBYTE}
    return {names.GPU_MEMORY: memory / _MEBIBYTE, names.GPU_PERCENT: float(load)}
