"""``python -m ecgapp.jobs.attendant JOB``: the process beside a job's, which records how that ended.

It starts the job's process, kills it if it does not stop when asked, and starts the next job in the queue,
even if the server that started the job is gone.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

from ecgapp.config import Settings
from ecgapp.errors import JobError, StorageError
from ecgapp.jobs import rows
from ecgapp.jobs.job import NEW_RUN, TRAIN
from ecgapp.jobs.launcher import inherited
from ecgapp.jobs.retry import retried
from ecgapp.jobs.run_store import NOT_STARTED, RunStore
from ecgapp.jobs.time_limits import Timing
from ecgapp.system import processes

_KILLED = "The process was killed from outside; often the machine ran out of memory."
_CRASHED = "The process broke down; the technical details are at the end of its log file."
_NO_MEMORY = "The machine ran out of memory."
_FOR_TRAINING = f"Choose a smaller batch size, or a smaller data set. {NEW_RUN}"


def attend(store: RunStore, run_id: str) -> None:
    """Start the job's process, wait for it, set the job's final state, and start what waits behind it."""
    run = store.get(run_id)
    out_of_memory = processes.out_of_memory_kills()
    try:
        child = store.launcher.start_worker(run)
    except OSError:
        child = None
        _try(partial(store.liveness.end, run, "failed", f"{NOT_STARTED} {run.resume_words}"), store.timing)
    if child is not None:
        token = processes.start_token(child.pid) or "gone"
        with suppress(StorageError), store.database.write() as connection:  # the process does so, too
            rows.update(connection, run_id, "pid IS NULL", pid=child.pid, process_started=token)
        killed = _wait(store, run_id, child) < 0
        short = (killed or len(run.devices) > 1) and processes.out_of_memory_kills() > out_of_memory
        cause = _NO_MEMORY if short else _KILLED if killed else _CRASHED
        batches = short and run.kind == TRAIN  # a resume would take as much memory again
        cause = f"{cause} {_FOR_TRAINING if batches else run.resume_words}".strip()
        for known in (replace(run, pid=child.pid), run):  # without a pid if nothing could write it
            _try(partial(store.liveness.end, known, "lost", cause, not batches), store.timing)
    _try(partial(store.start_next, run.device), store.timing)


def _wait(store: RunStore, run_id: str, child: "subprocess.Popen[bytes]") -> int:
    """Wait for the process and check its job meanwhile; the exit code."""
    while True:
        with suppress(subprocess.TimeoutExpired):
            return child.wait(store.timing.attend)
        with suppress(StorageError, JobError):  # the database is locked, or the job was deleted
            store.liveness.check(store.get(run_id))


def _try(act: Callable[[], object], timing: Timing) -> None:
    """Call ``act``, again while the database cannot be written; the next reader of the list does the rest."""
    with suppress(StorageError):
        retried(act, timing)


if __name__ == "__main__":
    attend(RunStore(Settings.from_environment().runs, *inherited()), sys.argv[1])
