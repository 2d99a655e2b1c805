"""The job as seen by the process that runs it: claim it, send heartbeats, set its final state."""

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

_CLAIMABLE = ("starting", "running", "stopping", "lost")
_log = logging.getLogger(__name__)


class Attachment:
    """This process's claim on one job. Only the claiming process changes the job's state.

    Among several processes one claims the job, with the pid of the process that started them (``leader``,
    by default this process). After a restart by the same leader, the new process continues the job.

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
            again = (run.pid, run.process_started) == (self.pid, self._token) and run.state in _CLAIMABLE
            if not again and (run.pid is not None or run.state not in ("starting", "stopping")):
                raise JobError("This run is not waiting for a process, or another process has it.")
            rows.update(connection, run_id, pid=self.pid, process_started=self._token)
        with suppress(OSError):
            store.folders.beat(run_id)
        if again and run.stop_requested is None and run.state != "starting":
            self._set("starting", AGAIN, ended=None)

    def send_heartbeat(self, begun: str = "") -> bool:
        """Send a heartbeat. A job that was marked lost is set to running again.

        ``begun`` is the sentence for the log once the work has begun, which sets a starting job to running.

        Returns:
            Whether the job must stop: a user asked, it was deleted or has ended, another process claimed it,
            or its launcher is gone.

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
            self._set("stopping" if run.stop_requested else "running", "Heartbeats have resumed.", ended=None)
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
        """Set the final state.

        If the database cannot be written, the ending is saved in the job's folder, and the next process that
        checks the job copies it to the database.

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
    """Sends heartbeats on a thread while the ``with`` block runs; ``on_heartbeat`` is called with each.

    ``stop`` is set as soon as the job is to stop. A signal handler may set it too; the next heartbeat records
    it. A heartbeat that fails, as the database is locked, is tried again the next time.
    """

    def __init__(
        self, attachment: Attachment, on_heartbeat: Callable[[], None], stop: threading.Event | None = None
    ) -> None:
        self.stop = stop or threading.Event()
        self._attachment = attachment
        self._on_heartbeat = on_heartbeat
        self._begun = ""
        self._over = False
        self._wake = threading.Event()
        self._lock = threading.Lock()  # held during a heartbeat, and at the end
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def begin(self, text: str) -> None:
        """Send a heartbeat at once that sets the job to running, with ``text`` for its log."""
        if not self._begun:
            self._begun = text
            self._wake.set()

    def end(self) -> None:
        """Send no heartbeat after this: it would set a lost job to running again."""
        with self._lock:
            self._over = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._attachment.store.timing.beat)
            self._wake.clear()
            with self._lock:
                if self._over:
                    return
                self._beat()
            self._measure()  # without the lock: a driver that hangs does not delay the final state

    def _beat(self) -> None:
        try:
            if self.stop.is_set():
                self._attachment.ask_to_stop()
            if self._attachment.send_heartbeat(self._begun):
                self.stop.set()
        except StorageError as error:
            _log.warning("A heartbeat failed: %s", error)

    def _measure(self) -> None:
        try:
            self._on_heartbeat()
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
