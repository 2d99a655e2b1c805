"""Waiting for the processes of runs, and leaving none behind."""

import os
import time
from collections.abc import Callable

import psutil

from ecgapp.jobs import RunStore


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process; the limit only keeps a broken test from hanging."""
    limit = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.02)


def end_all(store: RunStore) -> None:
    """Kill every process of the store's runs, attendants too; each has its run's id in its command."""
    for run in store.all():
        if run.state == "queued":
            store.cancel(run.id)
    ids = {run.id for run in store.all()}
    while running := [process for process in psutil.process_iter() if ids & _words(process)]:
        for process in running:
            process.kill()
        psutil.wait_procs(running)


def _words(process: psutil.Process) -> set[str]:
    try:
        return set(process.cmdline()) if process.pid != os.getpid() else set()
    except psutil.Error:  # it ended just now
        return set()
