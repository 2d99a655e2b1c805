"""A job as its own process has it: take it, send heartbeats, set its final state."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from ecgapp.errors import JobError, StorageError
from ecgapp.jobs import events, rows
from ecgapp.jobs.job_folder import Ending
from ecgapp.jobs.liveness import AGAIN
from ecgapp.jobs.rows import Value
from ecgapp.jobs.run_store import RunStore
from ecgapp.system import processes

_TAKEABLE = ("starting", "running", "stopping", "lost")
_log = logging.getLogger(__name__)


class Attachment:
    """This process's hold on one job. Only the process that holds a job changes its state.

    Of several processes one holds the job, under the pid of their ``leader``: the process that started them,
    by default this one. When they are lost and started again by the same leader, the new one takes the job
    where the other left it.

    Raises:
        JobError: the job is not starting, or another process has it.
    """

    def __init__(self, store: RunStore, run_id: str, leader: int | None = None) -> None:
        self.store = store
        self.run_id = run_id
        self.pid = leader or os.getpid()
        self._token = processes.start_token(self.pid) or ""
        with store.database.write() as connection:
            run = rows.find(connection, run_id)
            again = (run.pid, run.process_started) == (self.pid, self._token) and run.state in _TAKEABLE
            if not again and (run.pid is not None or run.state not in ("starting", "stopping")):
                raise JobError("This run is not waiting for a process, or another process has it.")
            rows.update(connection, run_id, pid=self.pid, process_started=self._token)
        with suppress(OSError):
            store.folders.beat(run_id)
        if again and run.stop_requested is None and run.state != "starting":
            self._set("starting", AGAIN, ended=None)

    def beat(self, begun: str = "") -> bool:
        """Send a heartbeat, and read from the database whether the job is to stop.

        A lost job is under way again. One that was deleted, or given to another process, or whose leader was
        killed, is to stop. ``begun`` is the sentence for the log once the work has begun, which sets a
        starting job to running.

        Raises:
            StorageError: the database cannot be read or written.
        """
        if self.pid not in (os.getpid(), os.getppid()):
            return True
        with suppress(OSError):
            self.store.folders.beat(self.run_id)
        with self.store.database.read() as connection:
            run = rows.find_or_none(connection, self.run_id)
        if run is None or run.pid != self.pid:
            return True
        if run.state == "lost":
            self._set(
                "stopping" if run.stop_requested else "running", "The process is heard again.", ended=None
            )
        elif run.state == "starting" and begun:
            self._set("running", begun)
        return run.stop_requested is not None or run.state not in ("starting", "running", "lost")

    def ask_to_stop(self) -> None:
        """Record that the process itself was asked to stop, by a signal.

        Raises:
            StorageError: the database cannot be written.
        """
        with self.store.database.read() as connection:
            run = rows.find_or_none(connection, self.run_id)
        if run is not None and run.active and run.stop_requested is None:
            self._set("stopping", "The process was asked to stop.", stop_requested=time.time())

    def end(self, ending: Ending) -> None:
        """Set the final state. If the database cannot be written, the next process that reads it does so.

        Raises:
            StorageError: neither the database nor the job's folder can be written.
        """
        ending = replace(ending, pid=self.pid, process_started=self._token)
        written = False
        with suppress(OSError):
            self.store.folders.write_ending(self.run_id, ending)
            written = True
        try:
            self._set(ending.state, ending.message, resume_helps=ending.resume_helps, ended=time.time())
        except StorageError:
            if not written:
                raise

    def _set(self, state: str, text: str, **values: Value) -> None:
        message = text if state in ("stopped", "finished", "failed", "lost") else ""
        with self.store.database.write() as connection:
            if rows.update(
                connection, self.run_id, f"pid = {self.pid}", state=state, message=message, **values
            ):
                events.record(connection, self.store.folder(self.run_id), state, text)


class Heartbeat:
    """Sends heartbeats on a thread while the ``with`` block runs; ``each_beat`` is called with each.

    ``stop`` is set as soon as the job is to stop. A signal handler may set it too; the next heartbeat records
    it. A heartbeat that fails, as the database is locked, is tried again the next time.
    """

    def __init__(
        self, attachment: Attachment, each_beat: Callable[[], None], stop: threading.Event | None = None
    ) -> None:
        self.stop = stop or threading.Event()
        self._attachment = attachment
        self._each_beat = each_beat
        self._begun = ""
        self._over = False
        self._wake = threading.Event()
        self._turn = threading.Lock()  # of a heartbeat, or of the end
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def begin(self, text: str) -> None:
        """Send a heartbeat at once that sets the job to running, with ``text`` for its log."""
        if not self._begun:
            self._begun = text
            self._wake.set()

    def end(self) -> None:
        """No heartbeat comes after this: it would make a lost job running again."""
        with self._turn:
            self._over = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._attachment.store.timing.beat)
            self._wake.clear()
            with self._turn:
                if self._over:
                    return
                self._beat()
            self._measure()  # outside of its turn: a driver that hangs does not delay the final state

    def _beat(self) -> None:
        try:
            if self.stop.is_set():
                self._attachment.ask_to_stop()
            if self._attachment.beat(self._begun):
                self.stop.set()
        except StorageError as error:
            _log.warning("A heartbeat failed: %s", error)

    def _measure(self) -> None:
        try:
            self._each_beat()
        except Exception as error:  # drivers fail in their own ways
            _log.warning("A measurement beside the heartbeat failed: %s", type(error).__name__)

    def __enter__(self) -> Self:
        self._beat()
        self._measure()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()
        self._thread.join()
