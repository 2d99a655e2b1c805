"""Whether the process behind a run is there, speaks and stops when asked; what becomes of the run if not.

Who may judge is anyone who looks. A process speaks by writing into the list of runs, so while that
cannot be written nothing follows from its silence: all times begin anew when it can, for an hour at
most. Who looks at a process that is late tries to write, too, and so learns of the same trouble.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress

from ecgapp.errors import JobError
from ecgapp.jobs.queue import RunQueue
from ecgapp.jobs.run import GRACE_SECONDS, RESUME, STALE_SECONDS, START_SECONDS, Run
from ecgapp.jobs.run_table import run_of, update
from ecgapp.storage.database import PATIENCE_SECONDS
from ecgapp.system import processes

SILENT = "The process has said nothing for a while. Stop the run, or wait whether it comes back."
AGAIN = "One of its processes was lost. All of them start again from the last checkpoint."
LATE_SECONDS = 5.0  # two beats, and a little
_LOST = f"The process ended without a word: it was killed, or the machine was switched off. {RESUME}"
_OVERDUE = f"Stopped by force, as it did not stop when asked. {RESUME}"


class RunWatch(RunQueue):
    """The rows of the runs, and what is to be seen of their processes."""

    def _check(self, run: Run) -> None:
        if not (run.active or run.message == SILENT):
            return
        if processes.is_elsewhere(run.process_started):  # where its own attendant ends it, if it must
            if self._is_silent(run):
                self._end(run, "lost", _LOST, still=self._is_silent)
        elif run.pid is not None and not processes.is_alive(run.pid, run.process_started):
            self._end(run, "lost", _LOST)
        else:
            self._check_here(run)

    def _check_here(self, run: Run) -> None:
        if self._seconds_since(run.heartbeat or run.created) > LATE_SECONDS:
            self._try_to_write(run)
        if run.stop_requested is not None:  # silent or not, it has its time to end
            if self._is_overdue(run) and self._end(run, "stopped", _OVERDUE, still=self._is_overdue):
                processes.end_group(run.pid, run.process_started)  # its attendant sees it die after that
        elif not self._is_silent(run):
            return
        elif _starts_again(run):
            with self.database.write() as connection:
                now = _now(connection, run)
                silent = now is not None and self._is_silent(now)
                if silent and update(connection, run.id, "state = 'running'", state="starting"):
                    self._tell(connection, run.id, "starting", AGAIN)
        elif run.active:
            self._end(run, "lost", _LOST if run.pid is None else SILENT, still=self._is_silent)

    def _end(
        self,
        run: Run,
        state: str,
        message: str,
        resume_helps: bool = True,
        still: Callable[[Run], bool] = lambda now: True,
    ) -> bool:
        """Set a final state, and say whether that was done.

        Not where the process of ``run`` has set one itself, another has it now, or ``still`` no longer
        holds of the run: this may have waited for its turn to write.
        """
        with self.database.write() as connection:
            now = _now(connection, run)
            if now is None or now.pid != run.pid or not (now.active or now.message == SILENT):
                return False
            if run.pid is None and now.heartbeat != run.heartbeat:
                return False  # started again since
            if not still(now):
                return False
            ended = time.time()
            update(connection, run.id, state=state, message=message, resume_helps=resume_helps, ended=ended)
            self._tell(connection, run.id, state, message)
            return True

    def _is_silent(self, run: Run) -> bool:
        patience = START_SECONDS if run.state == "starting" else STALE_SECONDS
        return self._seconds_since(run.heartbeat or run.created) > patience

    def _is_overdue(self, run: Run) -> bool:
        return run.stop_requested is not None and self._seconds_since(run.stop_requested) > GRACE_SECONDS

    def _seconds_since(self, moment: float) -> float:
        """For how long since then the run's process could hear and speak, as far as this one knows."""
        return time.time() - max(moment, min(self.database.troubled, moment + PATIENCE_SECONDS))

    def _try_to_write(self, run: Run) -> None:
        """Change nothing, which takes room on the disk all the same; a failure is remembered."""
        with suppress(JobError), self.database.write(durable=False) as connection:
            update(connection, run.id, position=run.position)


def _now(connection: sqlite3.Connection, run: Run) -> Run | None:
    """The run as it is within this transaction; None where it was deleted meanwhile."""
    row = connection.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
    return None if row is None else run_of(row)


def _starts_again(run: Run) -> bool:
    """Whether the run is silent as some of its processes are new: one was lost, and took the rest with it."""
    if run.state != "running" or len(run.devices) == 1 or run.pid is None:
        return False
    return processes.children_at(run.pid, run.heartbeat or run.created) < len(run.devices)
