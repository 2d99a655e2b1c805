"""Starting the processes of a job: its attendant, and by that the process that does the work."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ecgapp.config import PROJECT
from ecgapp.jobs.job import Run
from ecgapp.jobs.job_folder import JobFolders
from ecgapp.jobs.run_log import LOG_NAME
from ecgapp.jobs.time_limits import Timing
from ecgapp.system import processes

WORKER = (sys.executable, "-m", "ecgapp.worker")
ATTENDANT = (sys.executable, "-m", "ecgapp.jobs.attendant")
RESTARTS = 3  # of a job of several processes, when one of them is lost
_VARIABLE = "ECGAPP_JOBS"  # passes the command and the timing to the processes of a job, as JSON


class Launcher:
    """Starts detached processes, which outlive the page and the server: ``command`` and the job's id."""

    def __init__(self, folders: JobFolders, command: Sequence[str], timing: Timing) -> None:
        self._folders, self._command, self._timing = folders, tuple(command), timing

    def start_attendant(self, run: Run) -> None:
        """Start the attendant of a job that was claimed.

        Raises:
            OSError: this machine cannot start it.
        """
        child = self._spawn(run, ATTENDANT)
        threading.Thread(target=child.wait, daemon=True).start()  # so that no dead process stays listed

    def start_worker(self, run: Run) -> "subprocess.Popen[bytes]":
        """Start the process that does the work, or the one that starts several.

        Raises:
            OSError: this machine cannot start it.
        """
        return self._spawn(run, _together(self._command, len(run.devices)))

    def _spawn(self, run: Run, command: Sequence[str]) -> "subprocess.Popen[bytes]":
        surroundings = {
            "ECGAPP_HOME": str(self._folders.home.parent.resolve()),
            _VARIABLE: json.dumps({"command": self._command, "timing": asdict(self._timing)}),
        }
        log = self._folders.of(run.id) / LOG_NAME
        return processes.spawn([*command, run.id], log, PROJECT, surroundings)


def inherited(environment: Mapping[str, str] = os.environ) -> tuple[tuple[str, ...], Timing]:
    """The command and the timing that this process was started with, or the defaults."""
    if _VARIABLE not in environment:
        return WORKER, Timing()
    passed = json.loads(environment[_VARIABLE])
    return tuple(passed["command"]), Timing(**passed["timing"])


def _together(command: Sequence[str], n: int) -> list[str]:
    """``command`` as one process, or as ``n`` that find each other and start again when one is lost."""
    if n <= 1:
        return list(command)
    each = ["--nproc-per-node", str(n), "--max-restarts", str(RESTARTS), "--no-python"]
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", *each, *command]
