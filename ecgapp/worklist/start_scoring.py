"""Starting the scorers: processes of their own, that outlive the page, the tab and the server."""

import logging
import os
import sys
import threading
import time
from pathlib import Path

from ecgapp.config import PROJECT, Settings
from ecgapp.errors import JobError
from ecgapp.storage.lock import is_claimed
from ecgapp.system.processes import spawn
from ecgapp.worklist.worklist_store import Worklist

PROGRAM = (sys.executable, "-m", "ecgapp.worklist")
MOST = 4  # processes: with more, the disk and the database would be what limits
AGAIN_SECONDS = 10.0  # between two starts of one slot
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # one a process
_LOG = logging.getLogger(__name__)
_starting = threading.Lock()  # sessions are threads of one server
_started: dict[tuple[Path, int], float] = {}


def slots() -> int:
    """How many scorers run side by side on this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST, usable))


def slot_path(settings: Settings, slot: int) -> Path:
    """What the lock of this slot is named after."""
    return settings.worklist / f"slot-{slot}"


def start_scoring(settings: Settings) -> None:
    """See to it that what waits is scored: start the scorers that do not run.

    A process that is one too many finds its slot taken and ends. One that breaks down at once is not
    started again before ten seconds have passed.

    Raises:
        JobError: no process can be started.
    """
    if Worklist(settings).progress().waiting == 0:
        return
    with _starting:
        for slot in range(slots()):
            begun = _started.get((settings.worklist, slot), -AGAIN_SECONDS)
            if time.monotonic() - begun >= AGAIN_SECONDS and not is_claimed(slot_path(settings, slot)):
                _start(settings, slot)
                _started[settings.worklist, slot] = time.monotonic()


def _start(settings: Settings, slot: int) -> None:
    surroundings = {name: "1" for name in _THREADS} | {"ECGAPP_HOME": str(settings.home.absolute())}
    try:
        child = spawn((*PROGRAM, str(slot)), settings.worklist / "scorer.log", PROJECT, surroundings)
    except OSError as error:
        _LOG.error("No scorer can be started: %s", type(error).__name__)
        raise JobError("The scoring cannot be started: this machine has no room for a process.") from error
    threading.Thread(target=child.wait, daemon=True).start()  # so that no dead process stays listed
