"""The processes that score the worklist side by side, one for each slot."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ecgapp.config import PROJECT, Settings
from ecgapp.errors import JobError, StorageError
from ecgapp.system.processes import spawn, usable_cores
from ecgapp.worklist.worklist_store import ScoringProgress, Worklist

PROGRAM = (sys.executable, "-m", "ecgapp.worklist")
MOST = 4  # processes: with more, the disk and the database would be what limits
AGAIN_SECONDS = 10.0  # between two starts of one slot
MOST_STARTS = 4  # of one slot while no ECG is scored
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # one a process
_BROKE = "The scoring broke down several times. The technical details are in its log file."
_NO_ROOM = "The scoring cannot be started: this machine has no room for a process."


def slots() -> int:
    """The number of processes that score side by side on this machine."""
    return max(1, min(MOST, usable_cores()))


class ScorerPool:
    """Starts a process for each slot, and starts it again if it ends while ECGs wait.

    The processes end with the ``with`` block, with this process, or by themselves when nothing waits.
    """

    poll = 0.5  # seconds between two looks

    def __init__(self, settings: Settings, log: Path) -> None:
        self._settings, self._log = settings, log
        self._worklist = Worklist(settings)
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._started: dict[int, float] = {}
        self._starts = 0  # since an ECG was scored
        self._waiting = 0

    def __enter__(self) -> Self:
        return self

    def progress(self) -> ScoringProgress:
        """The number of ECGs, and of those that wait."""
        return self._worklist.progress()

    def is_at_work(self) -> bool:
        """See to it that what waits is scored; False once nothing waits and all processes have ended.

        Raises:
            JobError: the processes break down again and again, or cannot be started.
        """
        try:
            waiting = self.progress().waiting
        except StorageError:  # locked for a moment
            return True
        if waiting != self._waiting:
            self._waiting, self._starts = waiting, 0
        living = [slot for slot, child in self._children.items() if child.poll() is None]
        if not waiting:
            return bool(living)
        for slot in range(slots()):
            since = time.monotonic() - self._started.get(slot, -AGAIN_SECONDS)
            if slot not in living and since >= AGAIN_SECONDS:
                self._start(slot)
        return True

    def _start(self, slot: int) -> None:
        self._starts += 1
        if self._starts > MOST_STARTS * slots():
            raise JobError(_BROKE)
        surroundings = {name: "1" for name in _THREADS} | {"ECGAPP_HOME": str(self._settings.home.absolute())}
        command = (*PROGRAM, str(slot), str(os.getpid()))
        try:
            self._children[slot] = spawn(command, self._log, PROJECT, surroundings)
        except OSError as error:
            raise JobError(_NO_ROOM) from error
        self._started[slot] = time.monotonic()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for child in self._children.values():
            with suppress(ProcessLookupError):
                child.kill()  # what it has taken is free again when its slot is held anew
            child.wait()
