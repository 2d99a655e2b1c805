"""``python -m ecgapp.worker RUN``: the process of one run, the one place where jobs meet training.

It takes the run, beats, trains, writes the numbers, says how it ended, and starts the next in the
queue. It goes on when pages, tabs and servers close; SIGTERM asks it to write a checkpoint and end.
"""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from ecgapp import documents
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, JobError
from ecgapp.jobs import Attachment, Heartbeat, Metric, Run, RunStore, Usage, append_technical, names

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, StepReport

_STOPPED = "Stopped on request. Resume goes on from the last checkpoint."
_INTERRUPTED = "Interrupted at once. Resume goes on from the last checkpoint."
_NO_MEMORY = "The machine ran out of memory. Choose a smaller batch size, or a smaller data set."
_DISK = "A file could not be read or written. Check that the disk is not full, then resume."
_UNEXPECTED = "The training broke down unexpectedly. The technical details are at the end of its log file."


class Listener(Protocol):
    """Who follows a run in its own process: a terminal."""

    def say(self, text: str) -> None:
        """One line of the log."""

    def advance(self, step: int, steps: int) -> None:
        """``step`` steps of ``steps`` are done."""


class RunReporter:
    """What a training tells, kept as the run's numbers and log. Steps are written with each beat.

    ``stop`` is set when the training is to end; ``epochs`` is how many are planned, 0 while unknown.
    """

    def __init__(self, attachment: Attachment, run: Run, listener: Listener | None = None) -> None:
        self.stop = threading.Event()
        self.epochs = 0
        self._attachment, self._run, self._listener = attachment, run, listener
        self.store = attachment.store
        self._usage = Usage()
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
            **{names.F1_OF_LABEL + label: f1 for label, f1 in report.f1_by_label.items()},
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
        return self.stop.is_set()

    def beat(self) -> None:
        """With each heartbeat: look at the machine, and write what waits."""
        seconds = time.time() - (self._run.started or self._run.created)
        for name, value in {**self._usage.sample(), **_gpu_use(self._run.device)}.items():
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


def _gpu_use(device: str) -> dict[str, float]:
    """Memory that this process holds on its card in MiB, and the card's load where the driver tells it."""
    torch = sys.modules.get("torch")  # not imported for this: the training does, when it is time
    if torch is None or not device.startswith("cuda") or not torch.cuda.is_initialized():
        return {}
    use = {names.GPU_MEMORY: torch.cuda.memory_reserved(device) / 2**20}
    try:
        return use | {names.GPU_PERCENT: float(torch.cuda.utilization(device))}
    except Exception:  # the driver's Python binding is not installed, or says no in its own way
        return use


def execute(store: RunStore, run_id: str, settings: Settings, listener: Listener | None = None) -> Run:
    """Train the run, which must be starting, in this process; the run as it ended.

    Raises:
        JobError: another process has the run, or it is not its turn.
    """
    attachment = Attachment(store, run_id)
    run = store.get(run_id)
    reporter = RunReporter(attachment, run, listener)
    with _stop_on_signals(reporter.stop):
        with Heartbeat(attachment, reporter.beat, reporter.stop):
            state, message = _outcome(lambda: _train(run, reporter, settings), store, run_id)
        try:
            reporter.flush()
        finally:
            attachment.end(state, message)
    store.start_next(run.device)
    return store.get(run_id)


def _train(run: Run, reporter: RunReporter, settings: Settings) -> tuple[str, str]:
    """Import torch only now, while the heart beats already: on a busy machine it takes a while."""
    from ecgapp import training

    config = replace(documents.load(training.TrainingConfig, run.config), device=run.device)
    reporter.epochs = config.epochs * config.members
    try:
        if reporter.should_stop():
            raise training.Stopped
        model = training.train(config, reporter, reporter.store.folder(run.id), settings)
    except training.Stopped:
        return "stopped", _STOPPED
    return "finished", f"Finished. The model {model.card.name} can be promoted."


def _outcome(train: Callable[[], tuple[str, str]], store: RunStore, run_id: str) -> tuple[str, str]:
    """The final state, and why in plain words; the technical side of a surprise goes to the log file."""
    try:
        return train()
    except KeyboardInterrupt:  # a second Ctrl-C, by someone who does not want to wait
        return "stopped", _INTERRUPTED
    except EcgAppError as error:
        return "failed", str(error)
    except Exception as error:  # a bug or a broken machine; the run must say so, not vanish
        append_technical(store.log_path(run_id), traceback.format_exc())
        if isinstance(error, MemoryError):
            return "failed", _NO_MEMORY
        return "failed", _DISK if isinstance(error, OSError) else _UNEXPECTED


@contextmanager
def _stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """The first SIGTERM or Ctrl-C asks to stop; the next one of its kind does what it always does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _frame: object) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run ended as it should, 1 where it failed, 2 for wrong use."""
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m ecgapp.worker RUN\n")
        return 2
    settings = Settings.from_environment()
    try:
        run = execute(RunStore(settings.runs), arguments[0], settings)
    except EcgAppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 1 if run.state == "failed" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
