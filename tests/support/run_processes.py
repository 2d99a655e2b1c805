"""Waiting for the processes of jobs, setting their rows, and leaving none behind."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psutil

from ecgapp.jobs import ARM, IMPORT, SCORE, TRAIN, RunStore, Timing, rows
from ecgapp.jobs.job_folder import PROGRESS

QUICK = Timing(beat=0.05, attend=0.05, storage=1.0, retry=0.05)


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process; the limit only keeps a broken test from hanging.

    After a condition that takes long the pause is longer, as the other process needs the processor.
    """
    limit = time.monotonic() + 300
    while True:
        asked = time.monotonic()
        if condition():
            return
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(min(max(0.02, 4 * (time.monotonic() - asked)), 0.2))


def set_columns(store: RunStore, run_id: str, done: int | None = None, total: int = 0, **values) -> None:
    """Set columns of a run's row, whatever its state, and its progress where ``done`` is given.

    A ``heartbeat`` is a time, and may lie in the future: then the run is never lost.
    """
    seconds_left = values.pop("seconds_left", None)
    if "heartbeat" in values:
        values["claimed"] = values.pop("heartbeat")
    with store.database.write() as connection:
        assert rows.update(connection, run_id, **values)
    if done is not None or seconds_left is not None:
        store.folders.write_progress(run_id, done or 0, total, seconds_left)


def silence(store: RunStore, run_id: str, seconds: float) -> None:
    """Make the run's last heartbeat, and its start, ``seconds`` old."""
    moment = time.time() - seconds
    set_columns(store, run_id, claimed=moment)
    path = store.folder(run_id) / PROGRESS
    path.touch()
    os.utime(path, (moment, moment))


@contextmanager
def locked(store: RunStore) -> Iterator[None]:
    """Another process writes the list all the while."""
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


def end_all(store: RunStore) -> None:
    """Kill every process of the store's runs, attendants too; each has its run's id in its command."""
    runs = [run for kind in (TRAIN, IMPORT, SCORE, ARM) for run in store.all(kind)]
    for run in runs:
        if run.state == "queued":
            store.cancel(run.id)
    ids = {run.id for run in runs}
    while running := [process for process in psutil.process_iter() if ids & _words(process)]:
        for process in running:
            process.kill()
        psutil.wait_procs(running)


def _words(process: psutil.Process) -> set[str]:
    try:
        return set(process.cmdline()) if process.pid != os.getpid() else set()
    except psutil.Error:  # it ended just now
        return set()
