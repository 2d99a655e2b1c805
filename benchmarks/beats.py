"""Accuracy of the beat detector: ``python -m benchmarks.beats --data FOLDER``.

FOLDER holds the unpacked ``mitdb``, whose cardiologists marked every beat and every flutter wave. A beat is
found where one of ours lies within 150 ms (ANSI/AAMI EC57). Both leads together; no network takes part.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.table import Row, show, tell
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import wilson
from ecgapp.models.card_words import with_interval
from ecgapp.records import read_record
from ecgapp.records.wfdb_annotations import read_marks
from ecgapp.signals import r_peaks

BEATS = frozenset((*range(1, 14), 25, 31, 34, 35, 38, 41))  # WFDB's codes of beats
FLUTTER, VENTRICULAR = 31, 5  # of them: a flutter wave, a ventricular premature beat
TOLERANCE = 0.15  # s

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """One record: its marks' times (s) and codes, which of them are found, and how many beats we find."""

    codes: NDArray[np.int64]
    matched: NDArray[np.bool_]
    n_ours: int


def records(folder: Path) -> Iterator[Judged]:
    """Each record of ``folder``.

    Raises:
        EcgAppError: one cannot be read.
    """
    for header in sorted(folder.glob("*.hea")):
        record = read_record([header])
        marks = [m for m in read_marks(header.with_suffix(".atr").read_bytes()) if m.code in BEATS]
        times = np.array([mark.sample for mark in marks]) / record.sampling_rate
        ours = r_peaks(record.signal, record.sampling_rate) / record.sampling_rate
        yield Judged(np.array([mark.code for mark in marks]), _matched(times, ours), len(ours))


def _matched(truth: Floats, ours: Floats) -> NDArray[np.bool_]:
    """Flags of the true beats that have a detected beat of their own."""
    matched, place = np.zeros(len(truth), bool), 0
    for number, time in enumerate(truth.tolist()):
        while place < len(ours) and ours[place] < time - TOLERANCE:
            place += 1
        if place < len(ours) and ours[place] <= time + TOLERANCE:
            matched[number] = True
            place += 1
    return matched


def rows(judged: Sequence[Judged]) -> list[Row]:
    """Sensitivity of all beats, ventricular ones and flutter waves; how many of ours are true."""
    codes = np.concatenate([one.codes for one in judged])
    matched = np.concatenate([one.matched for one in judged])
    kinds = {
        "all beats": np.ones(len(codes), bool),
        "premature ventricular beats": codes == VENTRICULAR,
        "flutter waves": codes == FLUTTER,
    }
    lines = [
        Row(f"{name}: found", with_interval(wilson(int(matched[of].sum()), int(of.sum()))), "within 150 ms",
            None, f"{matched[of].sum():,} of {of.sum():,} in {len(judged)} records")
        for name, of in kinds.items()
    ]  # fmt: skip
    n_ours = sum(one.n_ours for one in judged)
    true = with_interval(wilson(int(matched.sum()), n_ours))
    return [*lines, Row("of ours, true", true, "within 150 ms", None, f"{matched.sum():,} of {n_ours:,}")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the records cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beats", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    try:
        judged = list(records(parser.parse_args(arguments).data / "mitdb"))
    except EcgAppError as error:
        tell(str(error))
        return 1
    show("Beats", rows(judged), ["Intervals: 95 %, Wilson, as if beats were independent of each other."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
