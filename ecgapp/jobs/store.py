"""The run store: starts runs in processes of their own, one a device, and keeps their states true.

Every decision is one transaction, so that two clicks, two tabs or two servers start one process.
A run's process may die at any moment; ``refresh`` finds out, and starts what waits behind it.
"""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.errors import JobError
from ecgapp.jobs import process
from ecgapp.jobs.run import GRACE_SECONDS, STALE_SECONDS, Run
from ecgapp.jobs.table import RunTable, find, requeue, run_of, update

WORKER = (sys.executable, "-m", "ecgapp.worker")
COMMAND_VARIABLE = "ECGAPP_RUN_COMMAND"  # tells the attendant what to start, as JSON
_ACTIVE = "state IN ('starting', 'running', 'stopping')"
_LOST = "The process ended without a word: it was killed, or the machine was switched off."
_KILLED = "The process was killed from outside; often the machine ran out of memory."
_CRASHED = "The process broke down; the technical details are at the end of its log file."
_SILENT = "The process has said nothing for a while. Stop the run, or wait whether it comes back."
_OVERDUE = "Stopped by force, as it did not stop when asked."
_CANCELLED = "Taken from the queue."
_RESUME = " Resume goes on from the last checkpoint."


class RunStore(RunTable):
    """The runs under ``folder``, and the processes behind them: ``command`` and the run's id.

    Beside each stands a small attendant that waits for it. So what waits in the queue starts even
    where the process was killed, and the server that launched it is long gone.
    """

    def __init__(self, folder: Path, command: Sequence[str] = WORKER) -> None:
        super().__init__(folder)
        self._command = tuple(command)

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
        attendant = self._spawn(claimed, [sys.executable, "-m", "ecgapp.jobs.attendant"])
        if attendant is not None:
            threading.Thread(target=self._bury, args=(claimed, attendant), daemon=True).start()
        return claimed

    def attend(self, run_id: str) -> None:
        """In the attendant: start the run's process, see it end, say how, and start the next run."""
        run = self.get(run_id)
        child = self._spawn(run, self._command)
        if child is not None:
            token = process.start_token(child.pid) or "gone"
            with self.database.write() as connection:
                update(connection, run_id, "pid IS NULL", pid=child.pid, process_started=token)
            reason = _KILLED if child.wait() < 0 else _CRASHED
            self._end(replace(run, pid=child.pid), "lost", reason + _RESUME)
        self.start_next(run.device)

    def _spawn(self, run: Run, command: Sequence[str]) -> "subprocess.Popen[bytes] | None":
        """Start ``command`` on the run; where that fails, so has the run."""
        surroundings = {
            "ECGAPP_HOME": str(self.home_folder.parent.resolve()),
            COMMAND_VARIABLE: json.dumps(self._command),
        }
        try:
            return process.spawn([*command, run.id], self.log_path(run.id), PROJECT, surroundings)
        except OSError:
            self._end(run, "failed", "The process could not be started on this machine." + _RESUME)
            return None

    def _bury(self, run: Run, attendant: "subprocess.Popen[bytes]") -> None:
        """On a thread of whoever launched: wait for the attendant, which may not even have begun."""
        attendant.wait()
        self._end(run, "lost", _CRASHED + _RESUME)

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
            self._end(run, "lost", _LOST + _RESUME)
        elif run.stop_requested is not None and now - run.stop_requested > GRACE_SECONDS:
            self._end(run, "stopped", _OVERDUE + _RESUME)  # before the attendant sees it die
            process.end_group(run.pid, run.process_started)
        elif silent:
            self._end(run, "lost", _LOST + _RESUME if run.pid is None else _SILENT)

    def _end(self, run: Run, state: str, message: str) -> None:
        """Set a final state, unless the process of ``run`` has set one itself, or another has it now."""
        with self.database.write() as connection:
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
            now = run_of(row) if row is not None else None  # None: deleted meanwhile
            if now is None or not now.active or now.pid != run.pid:
                return
            if run.pid is None and now.heartbeat != run.heartbeat:
                return  # started again since
            update(connection, run.id, state=state, message=message, ended=time.time())
            self._tell(connection, run.id, state, message)


def _taken(connection: sqlite3.Connection, device: str) -> bool:
    """Whether a run holds the device; a lost run does as long as its process lives."""
    query = f"SELECT * FROM runs WHERE device = ? AND ({_ACTIVE} OR state = 'lost')"  # noqa: S608 - our words
    runs = [run_of(row) for row in connection.execute(query, (device,))]
    return any(run.active or process.is_alive(run.pid, run.process_started) for run in runs)
