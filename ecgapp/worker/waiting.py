"""Numbers that wait to be written: in memory, and only so many of them, however long the disk is full."""

import threading
from collections.abc import Sequence

from ecgapp.jobs import Metric

MOST_SAMPLES = 50_000  # reports of steps and of the machine, each a few points: some 50 MB
Report = Sequence[Metric]  # what was measured together


class Waiting:
    """Points that were told and are not written yet; any thread may add, take and give back.

    What is told once an epoch is kept whatever comes. Of the samples between, every second one goes when
    there are too many: their curves stay, less fine.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._epochs: list[Report] = []
        self._samples: list[Report] = []

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
        """All that waits, epochs and samples; whoever takes it writes it, or gives it back."""
        with self._lock:
            taken = (self._epochs, self._samples)
            self._epochs, self._samples = [], []
        return taken

    def give_back(self, taken: tuple[list[Report], list[Report]]) -> None:
        """What could not be written goes before what was told since."""
        with self._lock:
            self._epochs = taken[0] + self._epochs
            self._samples = taken[1] + self._samples
            self._thin()

    def _thin(self) -> None:
        while len(self._samples) > MOST_SAMPLES:
            self._samples = self._samples[::-2][::-1]  # the latest stays
