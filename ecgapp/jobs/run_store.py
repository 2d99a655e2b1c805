"""The run store: starts runs in processes of their own, and keeps their states true.

Every decision is one transaction, so that two clicks, two tabs or two servers start one process.
A run's process may die at any moment; ``refresh`` finds out, and starts what waits behind it.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.errors import JobError
from ecgapp.jobs.queue import ACTIVE_STATES
from ecgapp.jobs.run import NEW_RUN, RESUME, Run
from ecgapp.jobs.run_table import find, update
from ecgapp.jobs.watch import SILENT, RunWatch
from ecgapp.storage.database import patiently
from ecgapp.system import processes

WORKER = (sys.executable, "-m", "ecgapp.worker")
COMMAND_VARIABLE = "ECGAPP_RUN_COMMAND"  # tells the attendant what to start, as JSON
RESTARTS = 3  # of a run of several processes, when one of them is lost
_LOOK_SECONDS = 1.0  # how often an attendant looks at its run
_KILLED = f"The process was killed from outside; often the machine ran out of memory. {RESUME}"
_CRASHED = f"The process broke down; the technical details are at the end of its log file. {RESUME}"
_WATCHED = f"{ACTIVE_STATES} OR message = ?"  # silent ones, too: they may come back, or end
_NO_MEMORY = f"The machine ran out of memory. Choose a smaller batch size, or a smaller data set. {NEW_RUN}"
_ENDED_SILENT = f"Stopped by force, as it did not answer. {RESUME}"
_CANCELLED = f"Taken from the queue. {RESUME}"
_NOT_STARTED = f"The process could not be started on this machine. {RESUME}"


class RunStore(RunWatch):
    """The runs under ``folder``, and the processes behind them: ``command`` and the run's id.

    Beside each stands a small attendant that watches it. So a run that does not stop is ended, and
    what waits in the queue starts, even where the server that launched it is long gone.
    """

    def __init__(self, folder: Path, command: Sequence[str] = WORKER) -> None:
        super().__init__(folder)
        self._command = tuple(command)

    def launch(self, run_id: str) -> Run:
        """Start the run if its devices are free and nobody waits before it; else it stays queued.

        The process is detached: it outlives the page and the server. A run that is already
        under way is left alone.
        """
        self.start_next(self.get(run_id).device)
        return self.get(run_id)

    def start_next(self, device: str) -> None:
        """Start all waiting runs that can start now and need one of the devices in ``device``."""
        while (claimed := self.claim(device)) is not None:
            attendant = self._spawn(claimed, [sys.executable, "-m", "ecgapp.jobs.attendant"])
            if attendant is not None:
                threading.Thread(target=self._bury, args=(claimed, attendant), daemon=True).start()

    def attend(self, run_id: str) -> None:
        """In the attendant: start the run's process, watch it, say how it ended, and start the next run."""
        run = self.get(run_id)
        out_of_memory = processes.out_of_memory_kills()
        child = patiently(lambda: self._spawn(run, _together(self._command, len(run.devices))))
        if child is not None:
            begun = replace(run, pid=child.pid)
            token = processes.start_token(child.pid) or "gone"
            with contextlib.suppress(JobError), self.database.write() as connection:  # it does so itself, too
                update(connection, run_id, "pid IS NULL", pid=child.pid, process_started=token)
            killed = self._watch(run_id, child) < 0
            short = (killed or len(run.devices) > 1) and processes.out_of_memory_kills() > out_of_memory
            cause = _NO_MEMORY if short else _KILLED if killed else _CRASHED
            for known in (begun, run):  # under its pid, or without one where nobody could write it
                patiently(partial(self._end, known, "lost", cause, not short))
        patiently(lambda: self.start_next(run.device))

    def _watch(self, run_id: str, child: "subprocess.Popen[bytes]") -> int:
        """Wait for the process, and see meanwhile that it speaks, and stops when asked; its exit code."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.wait(_LOOK_SECONDS)
            with contextlib.suppress(JobError):  # the disk is full for a moment, or the run was deleted
                self._check(self.get(run_id))

    def _spawn(self, run: Run, command: Sequence[str]) -> "subprocess.Popen[bytes] | None":
        """Start ``command`` on the run; where that fails, so has the run."""
        surroundings = {
            "ECGAPP_HOME": str(self.home_folder.parent.resolve()),
            COMMAND_VARIABLE: json.dumps(self._command),
        }
        try:
            return processes.spawn([*command, run.id], self.log_path(run.id), PROJECT, surroundings)
        except OSError:
            self._end(run, "failed", _NOT_STARTED)
            return None

    def _bury(self, run: Run, attendant: "subprocess.Popen[bytes]") -> None:
        """On a thread of whoever launched: wait for the attendant, which may not even have begun."""
        attendant.wait()
        patiently(lambda: self._end(run, "lost", _CRASHED))

    def request_stop(self, run_id: str) -> Run:
        """Ask the run to write a checkpoint and end; a queued run is stopped at once.

        A lost run whose process is still there loses it.

        Raises:
            JobError: the run is not under way.
        """
        with self.database.write() as connection:
            run = find(connection, run_id)
            silent = run.state == "lost" and processes.is_alive(run.pid, run.process_started)
            if run.ended_for_now and not silent:
                raise JobError("This run is not under way, so there is nothing to stop.")
            if run.active and run.stop_requested is None:
                update(connection, run_id, state="stopping", stop_requested=time.time())
                self._tell(connection, run_id, "stopping", "Asked to stop.")
            elif not run.active:
                message = _ENDED_SILENT if silent else _CANCELLED
                update(connection, run_id, state="stopped", message=message, ended=time.time())
                self._tell(connection, run_id, "stopped", message)
        if not run.active:
            processes.end_group(run.pid, run.process_started)
            self.start_next(run.device)  # one behind it may have waited for one of its devices only
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
        self.requeue(run_id)
        return self.launch(run_id)

    def extend(self, run_id: str, config: str) -> Run:
        """Queue an ended run again with another ``config``, of more epochs; its curves go on.

        Raises:
            JobError: it is waiting or under way.
        """
        if not self.get(run_id).ended_for_now:
            raise JobError("This run is waiting or under way. Stop it before you add epochs.")
        self._put_back(run_id, config)
        return self.launch(run_id)

    def move(self, run_id: str, places: int) -> Run:
        """Move a waiting run among those that wait for the same devices: -1 is one place earlier.

        Raises:
            JobError: it does not wait.
        """
        self.move_in_queue(run_id, places)
        return self.launch(run_id)

    def delete(self, run_id: str) -> None:
        """Remove the run with its numbers, checkpoints and log.

        Raises:
            JobError: it is waiting or under way.
        """
        run = self.get(run_id)
        if not run.ended_for_now:
            raise JobError("This run is waiting or under way. Stop it before you delete it.")
        processes.end_group(run.pid, run.process_started)
        self._remove(run_id)

    def refresh(self) -> tuple[Run, ...]:
        """Find lost runs, end those that do not stop, start what can start; all runs, newest first."""
        for run in self._where(_WATCHED, "", SILENT):
            self._check(run)
        for device in sorted({run.device for run in self._where("state = 'queued'", "")}):
            self.start_next(device)
        return self.all()


def _together(command: Sequence[str], n: int) -> list[str]:
    """``command`` as one process, or as ``n`` that find each other and start again when one is lost."""
    if n == 1:
        return list(command)
    each = ["--nproc-per-node", str(n), "--max-restarts", str(RESTARTS), "--no-python"]
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", *each, *command]
