"""Recordings of one or two leads with the rhythm marked over time: ``cudb`` and ``mitdb``.

The marks lie in CSV files with the columns record, start_s, end_s and rhythm. The authors of this project
made them by eye (``docs/recipes/marks``), because the databases' own files have none or only some.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgapp.errors import DatasetError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord

RHYTHMS = (
    "organised", "paced", "ventricular_tachycardia", "flutter", "fibrillation", "asystole", "noise", "unsure",
)  # fmt: skip
VENTRICULAR = frozenset({"ventricular_tachycardia", "flutter", "fibrillation"})
DATABASES = ("cudb", "mitdb")


@dataclass(frozen=True)
class MarkedSpan:
    """The time span of one rhythm, in s of the recording."""

    start: float
    end: float
    rhythm: str

    def overlap(self, start: float, end: float) -> float:
        """The length in s of the span's part between ``start`` and ``end``."""
        return max(0.0, min(end, self.end) - max(start, self.start))


@dataclass(frozen=True, eq=False)
class RhythmRecording:
    """One patient's recording and the spans of its rhythms; the rhythm outside them is ``elsewhere``."""

    name: str  # "cudb/cu01"
    record: ECGRecord
    spans: tuple[MarkedSpan, ...]
    elsewhere: str

    def share(self, start: float, end: float, rhythms: frozenset[str]) -> float:
        """The share of the time from ``start`` to ``end`` s that is marked as one of ``rhythms``."""
        unmarked = 1.0 - share_of(self.spans, start, end) if self.elsewhere in rhythms else 0.0
        return share_of(self.spans, start, end, rhythms) + unmarked


def share_of(
    spans: Sequence[MarkedSpan], start: float, end: float, rhythms: Collection[str] = RHYTHMS
) -> float:
    """The share of the time from ``start`` to ``end`` s that is covered by spans of ``rhythms``."""
    covered = sum(span.overlap(start, end) for span in spans if span.rhythm in rhythms)
    return covered / (end - start)


def rhythm_recordings(database: str, data: Path, marks: Path) -> list[RhythmRecording]:
    """All recordings of ``data/database`` with their spans from ``marks/<database>.csv``, by name.

    All of ``cudb`` is marked. In ``mitdb`` only ventricular runs are marked; the rest is organised.

    Raises:
        DatasetError: the marks or the recordings are missing, or a rhythm is unknown.
        RecordError: a recording cannot be read.
    """
    spans = read_spans(marks / f"{database}.csv")
    headers = sorted((data / database).glob("*.hea"))
    if not headers:
        raise DatasetError(f"There are no recordings of {database}. Unpack the database into that folder.")
    elsewhere = "organised" if database == "mitdb" else "unsure"
    return [
        RhythmRecording(
            f"{database}/{header.stem}", read_record([header]), tuple(spans.get(header.stem, ())), elsewhere
        )
        for header in headers
    ]


def read_spans(path: Path) -> dict[str, list[MarkedSpan]]:
    """The spans of each record in a CSV file, in order of time.

    Raises:
        DatasetError: the file is missing, lacks a column, or names an unknown rhythm.
    """
    spans: dict[str, list[MarkedSpan]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                span = MarkedSpan(float(row["start_s"]), float(row["end_s"]), row["rhythm"])
                spans.setdefault(row["record"], []).append(span)
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            "The rhythm marks cannot be read. Restore the folder docs/recipes/marks."
        ) from error
    unknown = {span.rhythm for each in spans.values() for span in each} - set(RHYTHMS)
    if unknown:
        raise DatasetError(f"The rhythm marks name unknown rhythms: {', '.join(sorted(unknown))}.")
    return {name: sorted(each, key=lambda span: span.start) for name, each in spans.items()}
