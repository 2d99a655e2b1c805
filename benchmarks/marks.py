"""Windows drawn at random from the rhythm marks of ``cudb``: ``python -m benchmarks.marks``.

The marks are in ``docs/recipes/marks`` (its README says how they were made). The command draws ten windows of
10 s from each record, wherever they fall, and writes them with the rhythm that fills most of each to
``cudb_random.csv``. Seeded.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ecgapp.datasets.rhythm_marks import RHYTHMS, MarkedSpan, read_spans, share_of

FOLDER = Path(__file__).parents[1] / "docs" / "recipes" / "marks"
SAMPLING_RATE = 250  # Hz, of cudb
WINDOW = 10.0  # seconds
WINDOWS_OF_A_RECORD = 10
SEED = 0


def random_windows(
    spans: Mapping[str, Sequence[MarkedSpan]],
) -> list[tuple[str, float, float, str, float]]:
    """Record, start and end in s, the rhythm that fills most and its share: ten windows of each record."""
    generator = np.random.default_rng(SEED)
    drawn = []
    for record in sorted(spans):
        last = round((spans[record][-1].end - WINDOW) * SAMPLING_RATE)
        for first in sorted(generator.integers(0, last + 1, WINDOWS_OF_A_RECORD).tolist()):
            start = first / SAMPLING_RATE
            filled = {name: share_of(spans[record], start, start + WINDOW, {name}) for name in RHYTHMS}
            rhythm = max(filled, key=lambda name: filled[name])
            drawn.append((record, start, start + WINDOW, rhythm, filled[rhythm]))
    return drawn


def main() -> int:
    """Write ``cudb_random.csv``."""
    with (FOLDER / "cudb_random.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("record", "start_s", "end_s", "rhythm", "share"))
        for record, start, end, rhythm, share in random_windows(read_spans(FOLDER / "cudb.csv")):
            writer.writerow((record, f"{start:.3f}", f"{end:.3f}", rhythm, f"{share:.2f}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
