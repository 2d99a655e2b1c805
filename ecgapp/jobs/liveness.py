"""Whether a job's process lives, and what becomes of the job if not.

Any process may mark a job as lost: the supervising process of the job (``attendant``), and every page or
command that lists jobs.
"""

import sqlite3
import time
from collections.abc import Callable

from ecgapp.jobs import events, rows
from ecgapp.jobs.job import Run
from ecgapp.jobs.job_folder import JobFolders
from ecgapp.jobs.queue import ACTIVE_STATES
from ecgapp.jobs.time_limits import Timing
from ecgapp.storage.database import Database
from ecgapp.system import processes

NO_HEARTBEAT = "No heartbeat for several seconds. Stop the run, or wait: it may recover."
AGAIN = "One of its processes was lost. All of them start again from the last checkpoint."
_LOST = "The process ended unexpectedly: it was killed, or the machine was switched off."
_NEVER_STARTED = "The process did not start."
_NO_HEARTBEAT_BEFORE = (
    "The process has said nothing for a while. Stop the run, or wait whether it comes back."
)
_WITHOUT_HEARTBEAT = (NO_HEARTBEAT, _NO_HEARTBEAT_BEFORE)  # the second was written by earlier versions
_OVERDUE = "Stopped by force, as it did not stop when asked."


class Liveness:
    """Compares the rows of the jobs with their processes, heartbeats and endings."""

    def __init__(self, database: Database, folders: JobFolders, timing: Timing) -> None:
        self._database, self._folders, self._timing = database, folders, timing

    def check_all(self) -> None:
        """Check every active job, and every job lost for a missing heartbeat, because it may recover."""
        with self._database.read() as connection:
            watched = rows.select(connection, f"{ACTIVE_STATES} OR message IN (?, ?)", *_WITHOUT_HEARTBEAT)
        for run in watched:
            self.check(self._folders.complete(run))

    def check(self, run: Run) -> None:
        """End a job whose process is gone, has sent no heartbeat for too long, or has not stopped in time."""
        if not (run.active or run.message in _WITHOUT_HEARTBEAT):
            return
        if self._folders.ending(run) is not None:  # the process left its ending as a file
            self.end(run, "lost", _LOST)
        elif processes.is_elsewhere(run.process_started):  # cannot be inspected from this machine
            if self._is_silent(run):
                self.end(run, "lost", f"{_LOST} {run.resume_words}", condition=self._is_silent)
        elif run.pid is not None and not processes.is_alive(run.pid, run.process_started):
            self.end(run, "lost", f"{_LOST} {run.resume_words}")
        else:
            self._check_alive(run)

    def _check_alive(self, run: Run) -> None:
        if run.stop_requested is not None:  # it is given ``timing.stop`` seconds, with or without heartbeats
            message = f"{_OVERDUE} {run.resume_words}"
            if self._is_overdue(run) and self.end(run, "stopped", message, condition=self._is_overdue):
                processes.end_group(run.pid, run.process_started)  # its attendant sees that afterwards
        elif not self._is_silent(run):
            return
        elif _is_restarting(run):
            self._mark_restarting(run)
        elif run.active:
            message = f"{_NEVER_STARTED} {run.resume_words}" if run.pid is None else NO_HEARTBEAT
            self.end(run, "lost", message, condition=self._is_silent)

    def _mark_restarting(self, run: Run) -> None:
        with self._database.write() as connection:
            current = self._now(connection, run.id)
            silent = current is not None and self._is_silent(current)
            if silent and rows.update(connection, run.id, "state = 'running'", state="starting"):
                events.record(connection, self._folders.of(run.id), "starting", AGAIN)

    def end(
        self,
        run: Run,
        state: str,
        message: str,
        resume_helps: bool = True,
        condition: Callable[[Run], bool] = lambda current: True,
    ) -> bool:
        """Set a final state: the one that the process of ``run`` wrote, or else ``state``.

        Returns:
            Whether it was set. It is not if another process has ended the job or started it again since
            ``run`` was read, or if ``condition`` does not hold of the job any more.
        """
        with self._database.write() as connection:
            current = self._now(connection, run.id)
            if (
                current is None
                or current.pid != run.pid
                or not (current.active or current.message in _WITHOUT_HEARTBEAT)
            ):
                return False
            if run.pid is None and current.claimed != run.claimed:
                return False  # started again since
            written = self._folders.ending(current)
            if written is not None:
                state, message, resume_helps = written.state, written.message, written.resume_helps
            elif not condition(current):
                return False
            ended = written.time if written else time.time()
            rows.update(
                connection, run.id, state=state, message=message, resume_helps=resume_helps, ended=ended
            )
            events.record(connection, self._folders.of(run.id), state, message)
            return True

    def _now(self, connection: sqlite3.Connection, run_id: str) -> Run | None:
        row = rows.find_or_none(connection, run_id)
        return None if row is None else self._folders.complete(row)

    def _is_silent(self, run: Run) -> bool:
        limit = self._timing.start if run.state == "starting" else self._timing.stale
        return time.time() - (run.heartbeat or run.created) > limit

    def _is_overdue(self, run: Run) -> bool:
        return run.stop_requested is not None and time.time() - run.stop_requested > self._timing.stop


def _is_restarting(run: Run) -> bool:
    """Whether the job is silent because one of its processes was lost and all of them start again."""
    if run.state != "running" or len(run.devices) <= 1 or run.pid is None:
        return False
    return processes.children_at(run.pid, run.heartbeat or run.created) < len(run.devices)
