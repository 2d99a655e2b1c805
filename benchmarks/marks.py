"""Rhythm marks made by eye, and windows drawn at random from them: ``python -m benchmarks.marks``.

The marks are in ``docs/recipes/marks`` (its README says how they were made). The command draws ten windows of
10 s from each record of ``cudb``, wherever they fall, and writes them with the rhythm that fills most of
each to ``cudb_random.csv``. Seeded.
"""

import csv
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "docs" / "recipes" / "marks"
VENTRICULAR = frozenset({"fibrillation", "flutter", "ventricular_tachycardia"})
RHYTHMS = VENTRICULAR | {"paced", "organised", "asystole", "noise", "unsure"}
SAMPLING_RATE = 250  # Hz, of cudb
WINDOW = 10.0  # seconds
WINDOWS_OF_A_RECORD = 10
SEED = 0


@dataclass(frozen=True)
class Mark:
    """One rhythm of one record, from ``start`` to ``end`` in seconds."""

    record: str
    start: float
    end: float
    rhythm: str
    note: str = ""

    def overlap(self, start: float, end: float) -> float:
        """How many seconds of the window from ``start`` to ``end`` it covers."""
        return max(0.0, min(self.end, end) - max(self.start, start))


def read_marks(name: str = "cudb") -> dict[str, list[Mark]]:
    """The marks in ``name``.csv by record, in the order of time; those of ``cudb`` leave no gaps."""
    found: dict[str, list[Mark]] = defaultdict(list)
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            times = float(row["start_s"]), float(row["end_s"])
            found[row["record"]].append(Mark(row["record"], *times, row["rhythm"], row["note"]))
    return dict(found)


def shares(marks: list[Mark], start: float, end: float) -> dict[str, float]:
    """How much of the window from ``start`` to ``end`` each rhythm fills, 0 to 1; rhythms that occur only."""
    seconds: dict[str, float] = defaultdict(float)
    for mark in marks:
        if covered := mark.overlap(start, end):
            seconds[mark.rhythm] += covered
    return {rhythm: covered / (end - start) for rhythm, covered in seconds.items()}


def ventricular_share(marks: list[Mark], start: float, end: float) -> float:
    """How much of the window is ventricular tachycardia, flutter or fibrillation, 0 to 1."""
    return sum(share for rhythm, share in shares(marks, start, end).items() if rhythm in VENTRICULAR)


def random_windows(marks: dict[str, list[Mark]]) -> list[tuple[str, float, float, str, float]]:
    """Record, start and end in s, the rhythm that fills most and its share: ten windows of each record."""
    generator = np.random.default_rng(SEED)
    drawn = []
    for record in sorted(marks):
        last = round((marks[record][-1].end - WINDOW) * SAMPLING_RATE)
        for first in sorted(generator.integers(0, last + 1, WINDOWS_OF_A_RECORD).tolist()):
            start = first / SAMPLING_RATE
            filled = shares(marks[record], start, start + WINDOW)
            rhythm = max(filled, key=lambda name: filled[name])
            drawn.append((record, start, start + WINDOW, rhythm, filled[rhythm]))
    return drawn


def main() -> int:
    """Write ``cudb_random.csv``."""
    with (FOLDER / "cudb_random.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("record", "start_s", "end_s", "rhythm", "share"))
        for record, start, end, rhythm, share in random_windows(read_marks()):
            writer.writerow((record, f"{start:.3f}", f"{end:.3f}", rhythm, f"{share:.2f}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
