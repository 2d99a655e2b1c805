"""A run as its own process sees it: take it, keep its heart beating, say how it ends."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ecgapp.errors import JobError
from ecgapp.jobs import run_log
from ecgapp.jobs.run import HEARTBEAT_SECONDS
from ecgapp.jobs.run_store import RunStore
from ecgapp.jobs.run_table import Value, find, update
from ecgapp.jobs.watch import AGAIN
from ecgapp.system import processes

_KEPT = ("starting", "running", "stopping", "lost")
_log = logging.getLogger(__name__)
_UNWRITTEN = "For a while nothing could be written."


class Attachment:
    """This process's hold on one run. Only the process that holds a run may change its state.

    Of several processes one holds the run, in the name of their ``leader``: the process that
    started them, by default this one. When they are lost and started again by the same leader, the
    new one takes the run where the other left it.

    Raises:
        JobError: the run is not starting, or another process has it.
    """

    def __init__(self, store: RunStore, run_id: str, leader: int | None = None) -> None:
        self.store = store
        self.run_id = run_id
        self.pid = leader or os.getpid()
        token = processes.start_token(self.pid) or ""
        with store.database.write() as connection:
            run = find(connection, run_id)
            again = (run.pid, run.process_started) == (self.pid, token) and run.state in _KEPT
            if not again and (run.pid is not None or run.state not in ("starting", "stopping")):
                raise JobError("This run is not waiting for a process, or another process has it.")
            self._update(connection, "TRUE", pid=self.pid, process_started=token, heartbeat=time.time())
            if again and run.stop_requested is None and run.state != "starting":
                self._update(connection, state="starting", message="", ended=None)
                self._tell(connection, "starting", AGAIN)

    def beat(self) -> bool:
        """Say that the process lives; whether it is to stop.

        A run that was taken for lost while the machine slept is under way again. One that was
        deleted, or given to another process, or whose leader was killed, is to stop.
        """
        if self.pid not in (os.getpid(), os.getppid()):
            return True
        with self.store.database.write(durable=False) as connection:
            if not self._update(connection, heartbeat=time.time()):
                return True
            run = find(connection, self.run_id)
            if run.state == "lost":
                state = "stopping" if run.stop_requested else "running"
                self._update(connection, state=state, message="", ended=None)
                self._tell(connection, state, "The process is heard again.")
        return run.stop_requested is not None or run.state not in ("starting", "running", "lost")

    def running(self) -> None:
        """Training begins."""
        with self.store.database.write() as connection:
            if update(connection, self.run_id, f"state = 'starting' AND pid = {self.pid}", state="running"):
                self._tell(connection, "running", "Training begins.")

    def ask_to_stop(self) -> None:
        """The process itself was asked to stop, by a signal."""
        with self.store.database.write() as connection:
            run = find(connection, self.run_id)
            if run.active and run.stop_requested is None:
                self._update(connection, state="stopping", stop_requested=time.time())
                self._tell(connection, "stopping", "The process was asked to stop.")

    def progress(self, epoch: int, epochs: int, seconds_left: float | None) -> None:
        """``epoch`` epochs of ``epochs`` are done."""
        with self.store.database.write(durable=False) as connection:
            self._update(connection, epoch=epoch, epochs=epochs, seconds_left=seconds_left)

    def end(self, state: str, message: str, resume_helps: bool = True) -> None:
        """Set the final state, and say why and what helps."""
        with self.store.database.write() as connection:
            if self._update(
                connection,
                state=state,
                message=message,
                resume_helps=resume_helps,
                ended=time.time(),
                seconds_left=None,
            ):
                self._tell(connection, state, message)

    def _tell(self, connection: sqlite3.Connection, kind: str, text: str) -> None:
        run_log.write_event(connection, self.run_id, kind, text)
        self.store.write_log(self.run_id, text)

    def _update(self, connection: sqlite3.Connection, condition: str = "", **values: Value) -> bool:
        return update(connection, self.run_id, condition or f"pid = {self.pid}", **values)


class Heartbeat:
    """Beats once, then on a thread every ``seconds`` while the ``with`` block runs; calls ``each_beat``.

    ``stop`` is set as soon as a beat says that the run is to stop; a signal handler may set it too,
    and the next beat makes it known. A beat that fails (the disk is full for a moment) is tried
    again, and told as an event when writing works again. So the run is not found silent while its last
    word waits, which is ``say_last``'s: no beat comes after that.
    """

    def __init__(
        self,
        attachment: Attachment,
        each_beat: Callable[[], None],
        stop: threading.Event | None = None,
        seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.stop = stop or threading.Event()
        self._attachment = attachment
        self._each_beat = each_beat
        self._seconds = seconds
        self._trouble = ""
        self._over = threading.Event()
        self._turn = threading.Lock()  # of a beat, or of the last word
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def say_last(self, say: Callable[[], None]) -> None:
        """Say the last word between two beats; where that fails they go on."""
        with self._turn:
            say()
            self._over.set()

    def _beat_on(self) -> None:
        while not self._over.wait(self._seconds):
            with self._turn:
                if self._over.is_set():
                    return
                self._beat_once()
            self._measure()  # not in its turn: a driver that hangs must not keep the last word back

    def _beat_once(self) -> None:
        try:
            if self.stop.is_set():
                self._attachment.ask_to_stop()
            if self._attachment.beat():
                self.stop.set()
            if self._trouble:
                self._attachment.store.add_event(self._attachment.run_id, "note", self._trouble)
                self._trouble = ""
        except JobError as error:
            self._trouble = f"{_UNWRITTEN} {error}"

    def _measure(self) -> None:
        """What is measured beside the beat may fail, as drivers do; the heart goes on beating."""
        try:
            self._each_beat()
        except JobError as error:
            self._trouble = f"{_UNWRITTEN} {error}"
        except Exception as error:
            _log.warning("A measurement beside the heartbeat failed: %s", type(error).__name__)

    def __enter__(self) -> Self:
        self._beat_once()
        self._measure()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
