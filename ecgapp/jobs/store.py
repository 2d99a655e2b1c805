"""The run store: starts runs in processes of their own, one a device, and keeps their states true.

Every decision is one transaction, so that two clicks, two tabs or two servers start one process.
A run's process may die at any moment; ``refresh`` finds out, and starts what waits behind it.
"""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.errors import JobError
from ecgapp.jobs import process
from ecgapp.jobs.run import GRACE_SECONDS, STALE_SECONDS, Run
from ecgapp.jobs.table import RunTable, find, requeue, run_of, update

_ACTIVE = "state IN ('starting', 'running', 'stopping')"
_LOST = "The process ended without a word: it was killed, or the machine was switched off."
_KILLED = "The process was killed from outside; often the machine ran out of memory."
_CRASHED = "The process broke down; the technical details are at the end of its log file."
_SILENT = "The process has said nothing for a while. Stop the run, or wait whether it comes back."
_OVERDUE = "Stopped by force, as it did not stop when asked."
_CANCELLED = "Taken from the queue."
_RESUME = " Resume goes on from the last checkpoint."


def worker_command(run_id: str) -> Sequence[str]:
    """The command that ``launch`` runs: this Python, on ``ecgapp.worker``."""
    return [sys.executable, "-m", "ecgapp.worker", run_id]


class RunStore(RunTable):
    """The runs under ``folder``, and the processes behind them."""

    def __init__(self, folder: Path, command: Callable[[str], Sequence[str]] = worker_command) -> None:
        super().__init__(folder)
        self._command = command

    def launch(self, run_id: str) -> Run:
        """Start the run if its device is free and nobody waits before it; else it stays queued.

        The process is detached: it outlives the page and the server. A run that is already
        under way is left alone.
        """
        self.start_next(self.get(run_id).device)
        return self.get(run_id)

    def start_next(self, device: str) -> Run | None:
        """Start the first run in the device's queue; None where there is none, or the device is taken."""
        claimed = self.claim(device)
        if claimed is None:
            return None
        log = self.log_path(claimed.id)
        try:
            child = process.spawn(self._command(claimed.id), log, PROJECT, self.home_folder.parent.resolve())
        except OSError as error:
            self._end(claimed.id, "failed", "The process could not be started." + _RESUME)
            raise JobError("The training could not be started on this machine.") from error
        token = process.start_token(child.pid) or "gone"
        with self.database.write() as connection:
            update(connection, claimed.id, "pid IS NULL", pid=child.pid, process_started=token)
        threading.Thread(target=self._await, args=(claimed, child), daemon=True).start()
        return claimed

    def claim(self, device: str, run_id: str | None = None) -> Run | None:
        """Give ``device`` to the first run in its queue, which must be ``run_id`` where given.

        None where the device is taken, the queue empty, or another run's turn.
        """
        now = time.time()
        with self.database.write() as connection:
            row = connection.execute(
                "SELECT * FROM runs WHERE state = 'queued' AND device = ? ORDER BY position LIMIT 1",
                (device,),
            ).fetchone()
            if row is None or (run_id is not None and row["id"] != run_id) or _taken(connection, device):
                return None
            run = run_of(row)
            update(connection, run.id, state="starting", heartbeat=now, started=run.started or now)
            self._tell(connection, run.id, "starting", f"Starting on {device}.")
            return find(connection, run.id)

    def request_stop(self, run_id: str) -> Run:
        """Ask the run to write a checkpoint and end; a queued run is stopped at once.

        A lost run whose process is still there loses it.

        Raises:
            JobError: the run is not under way.
        """
        with self.database.write() as connection:
            run = find(connection, run_id)
            if run.state == "queued":
                update(connection, run_id, state="stopped", message=_CANCELLED, ended=time.time())
                self._tell(connection, run_id, "stopped", _CANCELLED)
            elif run.active and run.stop_requested is None:
                update(connection, run_id, state="stopping", stop_requested=time.time())
                self._tell(connection, run_id, "stopping", "Asked to stop.")
        if run.state == "lost" and process.end_group(run.pid, run.process_started):
            self.add_event(run_id, "lost", "The silent process was ended.")
        elif run.ended_for_now:
            raise JobError("This run is not under way, so there is nothing to stop.")
        return self.get(run_id)

    def cancel(self, run_id: str) -> Run:
        """Take a queued run from the queue.

        Raises:
            JobError: it is not in the queue.
        """
        if self.get(run_id).state != "queued":
            raise JobError("This run is not waiting in the queue. Stop it instead.")
        return self.request_stop(run_id)

    def resume(self, run_id: str) -> Run:
        """Queue the run again, to go on from its last checkpoint; one already under way is left alone.

        Raises:
            JobError: it has finished.
        """
        run = self.get(run_id)
        if run.state == "finished":
            raise JobError("This run has finished. Start a new one to train further.")
        if run.state == "lost":
            process.end_group(run.pid, run.process_started)
        with self.database.write() as connection:
            if find(connection, run_id).resumable:
                requeue(connection, run_id)
                self._tell(connection, run_id, "queued", "Queued again, to go on from the last checkpoint.")
        return self.launch(run_id)

    def delete(self, run_id: str) -> None:
        """Remove the run with its numbers, checkpoints and log.

        Raises:
            JobError: it is waiting or under way.
        """
        run = self.get(run_id)
        if not run.ended_for_now:
            raise JobError("This run is waiting or under way. Stop it before you delete it.")
        process.end_group(run.pid, run.process_started)
        self._remove(run_id)

    def refresh(self) -> tuple[Run, ...]:
        """Find lost runs, end those that do not stop, start what can start; all runs, newest first."""
        for run in self._where(_ACTIVE, ""):
            self._check(run)
        for device in sorted({run.device for run in self._where("state = 'queued'", "")}):
            self.start_next(device)
        return self.all()

    def _check(self, run: Run) -> None:
        now = time.time()
        silent = now - (run.heartbeat or run.created) > STALE_SECONDS
        if run.pid is not None and not process.is_alive(run.pid, run.process_started):
            self._end(run.id, "lost", _LOST + _RESUME, run.pid)
        elif run.stop_requested is not None and now - run.stop_requested > GRACE_SECONDS:
            self._end(
                run.id, "stopped", _OVERDUE + _RESUME, run.pid
            )  # first: who waits for it reports it lost
            process.end_group(run.pid, run.process_started)
        elif silent:
            self._end(run.id, "lost", _LOST + _RESUME if run.pid is None else _SILENT, run.pid)

    def _await(self, run: Run, child: "subprocess.Popen[bytes]") -> None:
        """On a thread of the process that started the run: see it end, say how, start the next."""
        code = child.wait()
        reason = _KILLED if code < 0 else _CRASHED
        self._end(run.id, "lost", reason + _RESUME, child.pid)
        self.start_next(run.device)

    def _end(self, run_id: str, state: str, message: str, pid: int | None = None) -> None:
        """Set a final state, unless the run's process has set one itself, or is a new one."""
        condition = f"{_ACTIVE} AND pid IS {'NULL' if pid is None else int(pid)}"
        with self.database.write() as connection:
            if update(connection, run_id, condition, state=state, message=message, ended=time.time()):
                self._tell(connection, run_id, state, message)


def _taken(connection: sqlite3.Connection, device: str) -> bool:
    """Whether a run holds the device; a lost run does as long as its process lives."""
    query = f"SELECT * FROM runs WHERE device = ? AND ({_ACTIVE} OR state = 'lost')"  # noqa: S608 - our words
    runs = [run_of(row) for row in connection.execute(query, (device,))]
    return any(run.active or process.is_alive(run.pid, run.process_started) for run in runs)
