"""Numbers that wait to be written: only so many of them, however long the disk is full."""

import json
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ecgapp.jobs import Metric
from ecgapp.storage.files import write_atomically

MOST_SAMPLES = 50_000  # reports of steps and of the machine, each a few points: some 50 MB
Report = Sequence[Metric]  # what was measured together
_log = logging.getLogger(__name__)


class Waiting:
    """Points that were told and are not written yet; any thread may add, take and give back.

    What is told once an epoch is kept whatever comes, the death of the process too: ``keep`` puts it into
    ``file``, where the next process finds it, until it is written. Of the samples between, every second
    one goes when there are too many: their curves stay, less fine.
    """

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._file = file
        self._kept = file.exists()
        self._epochs: list[Report] = _read(file) if self._kept else []
        self._taken: list[Report] = []  # epochs that somebody is writing
        self._samples: list[Report] = []

    @property
    def last_epoch(self) -> int:
        """The last one whose numbers wait; 0 where none do."""
        with self._lock:
            return max((int(step) for report in self._epochs for _, step, _ in report), default=0)

    def add_epoch(self, report: Report) -> None:
        """Numbers of which none may be missing."""
        with self._lock:
            self._epochs.append(report)

    def add_sample(self, report: Report) -> None:
        """Numbers of which there are many."""
        with self._lock:
            self._samples.append(report)
            self._thin()

    def take(self) -> tuple[list[Report], list[Report]]:
        """All that waits, epochs and samples; whoever takes it writes it and says so, or gives it back."""
        with self._lock:
            taken = (self._epochs, self._samples)
            self._taken = self._taken + self._epochs
            self._epochs, self._samples = [], []
        return taken

    def give_back(self, taken: tuple[list[Report], list[Report]]) -> None:
        """What could not be written goes before what was told since."""
        with self._lock:
            self._forget(taken[0])
            self._epochs = taken[0] + self._epochs
            self._samples = taken[1] + self._samples
            self._thin()

    def written(self, taken: tuple[list[Report], list[Report]]) -> None:
        """What was taken is written: nothing need be kept of it."""
        with self._lock:
            self._forget(taken[0])
            if self._kept and not self._taken and not self._epochs:
                with suppress(OSError):  # later, then: it tells again what is known
                    self._file.unlink(missing_ok=True)
                    self._kept = False

    def keep(self) -> None:
        """Put every epoch that is not written into the file, those too that somebody is just writing.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock:
            unwritten = self._taken + self._epochs
            if unwritten:
                write_atomically(self._file, json.dumps(unwritten).encode())
                self._kept = True

    def _forget(self, epochs: list[Report]) -> None:
        over = {id(report) for report in epochs}
        self._taken = [report for report in self._taken if id(report) not in over]

    def _thin(self) -> None:
        while len(self._samples) > MOST_SAMPLES:
            self._samples = self._samples[::-2][::-1]  # the latest stays


def _read(file: Path) -> list[Report]:
    """What another process could not write; nothing where the disk has spoilt it."""
    try:
        found = json.loads(file.read_text("utf-8"))
        return [[(str(name), float(step), float(value)) for name, step, value in report] for report in found]
    except (OSError, ValueError, TypeError) as error:
        _log.warning("The numbers of some epochs waited in a file that is damaged: %s", type(error).__name__)
        return []
