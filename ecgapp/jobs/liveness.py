"""Whether a job's process lives, and what becomes of the job if not.

Any process may mark a job as lost: its attendant, and every page or command that lists the jobs.
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

SILENT = "The process has said nothing for a while. Stop the run, or wait whether it comes back."
AGAIN = "One of its processes was lost. All of them start again from the last checkpoint."
_LOST = "The process ended without a word: it was killed, or the machine was switched off."
_OVERDUE = "Stopped by force, as it did not stop when asked."


class Liveness:
    """Compares the rows of the jobs with their processes, heartbeats and endings."""

    def __init__(self, database: Database, folders: JobFolders, timing: Timing) -> None:
        self._database, self._folders, self._timing = database, folders, timing

    def check_all(self) -> None:
        """Check every job that holds a device, and those without a heartbeat, which may come back."""
        with self._database.read() as connection:
            watched = rows.select(connection, f"{ACTIVE_STATES} OR message = ?", SILENT)
        for run in watched:
            self.check(self._folders.complete(run))

    def check(self, run: Run) -> None:
        """Set the final state of a job whose process is gone, is silent, or does not stop when asked."""
        if not (run.active or run.message == SILENT):
            return
        if self._folders.ending(run) is not None:  # its process could not write the database
            self.end(run, "lost", _LOST)
        elif processes.is_elsewhere(run.process_started):  # its own attendant ends it, if needed
            if self._is_silent(run):
                self.end(run, "lost", f"{_LOST} {run.resume_words}", still=self._is_silent)
        elif run.pid is not None and not processes.is_alive(run.pid, run.process_started):
            self.end(run, "lost", f"{_LOST} {run.resume_words}")
        else:
            self._check_alive(run)

    def _check_alive(self, run: Run) -> None:
        if run.stop_requested is not None:  # silent or not, it has its time to end
            message = f"{_OVERDUE} {run.resume_words}"
            if self._is_overdue(run) and self.end(run, "stopped", message, still=self._is_overdue):
                processes.end_group(run.pid, run.process_started)  # its attendant sees that afterwards
        elif not self._is_silent(run):
            return
        elif _starts_again(run):
            self._start_again(run)
        elif run.active:
            lost = f"{_LOST} {run.resume_words}"
            self.end(run, "lost", lost if run.pid is None else SILENT, still=self._is_silent)

    def _start_again(self, run: Run) -> None:
        with self._database.write() as connection:
            now = self._now(connection, run.id)
            silent = now is not None and self._is_silent(now)
            if silent and rows.update(connection, run.id, "state = 'running'", state="starting"):
                events.record(connection, self._folders.of(run.id), "starting", AGAIN)

    def end(
        self,
        run: Run,
        state: str,
        message: str,
        resume_helps: bool = True,
        still: Callable[[Run], bool] = lambda now: True,
    ) -> bool:
        """Set a final state: the one that the process of ``run`` wrote, or else ``state``.

        Returns:
            Whether it was set. It is not if another process has ended the job or started it again since
            ``run`` was read, or if ``still`` does not hold of the job any more.
        """
        with self._database.write() as connection:
            now = self._now(connection, run.id)
            if now is None or now.pid != run.pid or not (now.active or now.message == SILENT):
                return False
            if run.pid is None and now.claimed != run.claimed:
                return False  # started again since
            written = self._folders.ending(now)
            if written is not None:
                state, message, resume_helps = written.state, written.message, written.resume_helps
            elif not still(now):
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


def _starts_again(run: Run) -> bool:
    """Whether the job is silent because one of its processes was lost and all of them start again."""
    if run.state != "running" or len(run.devices) <= 1 or run.pid is None:
        return False
    return processes.children_at(run.pid, run.heartbeat or run.created) < len(run.devices)
