"""The context of a job in its process: the job, and the ways to report and to be stopped."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from ecgapp.config import Settings
from ecgapp.errors import TrainingError
from ecgapp.jobs import Attachment, Heartbeat, Metric, MetricsWriter, Run, RunStore
from ecgapp.storage import documents
from ecgapp.worker.final_state import FinalState

T = TypeVar("T")


class Listener(Protocol):
    """Follows a job in its own process: a terminal."""

    def say(self, text: str) -> None:
        """Show one line of the log."""

    def advance(self, done: int, total: int) -> None:
        """Show that ``done`` steps of ``total`` are done."""


class JobStopped(Exception):  # noqa: N818  a request that was granted, not an error
    """The job's work ended because a user asked for it; ``message`` replaces the usual sentence."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class JobContext:
    """The job as its kind sees it.

    ``stop`` is set when the work is to end. So is ``signalled``, which no other process sees: ``torchrun``
    sends the same signal to end a job and to start it again. ``on_heartbeat`` is called with each heartbeat.
    """

    def __init__(self, attachment: Attachment, settings: Settings, listener: Listener | None = None) -> None:
        self.store: RunStore = attachment.store
        self.run: Run = self.store.get(attachment.run_id)
        self.settings, self.listener = settings, listener
        self.folder: Path = self.store.folder(self.run.id)
        self.pid = attachment.pid
        self.stop, self.signalled = threading.Event(), threading.Event()
        self.on_heartbeat: Callable[[], None] | None = None
        self.heart = Heartbeat(attachment, self._on_beat, self.stop)
        self.final = FinalState(attachment, self.heart, self.run.device)
        self.give_up: Callable[[TrainingError], None] = lambda error: None
        self._metrics = MetricsWriter(self.folder)
        self._progress: tuple[int, int] = (self.run.done, self.run.total)
        self._written = 0.0  # when the progress was last written

    def config(self, cls: type[T]) -> T:
        """The job's config.

        Raises:
            ConfigError: it makes no sense.
        """
        return documents.load(cls, self.run.config)

    def begin(self, text: str) -> None:
        """Set the job to running, with ``text`` for its log."""
        self.heart.begin(text)

    def progress(self, done: int, total: int, seconds_left: float | None = None) -> None:
        """Report that ``done`` steps of ``total`` are done. A full disk keeps the last report."""
        changed = (done, total) != self._progress
        if changed or time.monotonic() - self._written >= self.store.timing.beat:
            self._progress, self._written = (done, total), time.monotonic()
            with suppress(OSError):
                self.store.folders.write_progress(self.run.id, done, total, seconds_left)

    def metrics(self, points: Iterable[Metric], durable: bool = False) -> None:
        """Append points to the job's metrics; if ``durable``, they survive a power cut.

        Raises:
            OSError: they cannot be written.
        """
        self._metrics.write(points, durable)

    def log(self, text: str) -> None:
        """Append one plain sentence to the log, without a path or patient data."""
        self.store.write_log(self.run.id, text)
        if self.listener is not None:
            self.listener.say(text)

    def advance(self, done: int, total: int) -> None:
        """Show the listener that ``done`` steps of ``total`` are done."""
        if self.listener is not None:
            self.listener.advance(done, total)

    def should_stop(self) -> bool:
        """Whether a page, a signal or another process asked to stop."""
        return self.stop.is_set() or self.signalled.is_set()

    def check_stop(self) -> None:
        """Raise ``JobStopped`` if the work is to end."""
        if self.should_stop():
            raise JobStopped

    def _on_beat(self) -> None:
        if self.on_heartbeat is not None:
            self.on_heartbeat()
