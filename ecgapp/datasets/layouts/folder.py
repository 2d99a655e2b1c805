"""A folder of any ECGs that the app reads, such as a hospital's own data, with or without labels.

Labels come from ``labels.csv``: a column ``record`` (the header's name, or its path below the folder,
without ``.hea``), optionally ``patient`` and ``fold`` (1 to 10, or 0 for never), and one column per label:
1, 0, or empty if unknown. If this file exists, it is the only source of labels.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.layout import (
    Entry,
    ImportOptions,
    Scan,
    read_table,
    register_layout,
    sorted_folders,
    state_of_stats,
    whole_numbers,
)
from ecgapp.errors import DatasetError, RecordError
from ecgapp.records import read_record
from ecgapp.records.record import LEADS, ECGRecord
from ecgapp.records.wfdb_reader import read_header
from ecgapp.tasks import column_code

LABELS = "labels.csv"
SAMPLE = 25  # records that are read to determine leads and sampling rate
LABELLED_ONLY = "The label file names the record, but it is not in the folder."
ECG_SUFFIXES = frozenset({".dat", ".mat", ".xml", ".dcm", ".scp", ".edf", ".bdf", ".ecg"})
_NO_LABELS = frozenset({"record", "patient", "fold"})
_MASTER = re.compile(rb"\s*[^\s/#]+/\d+\s")
_ANSWERS = {"1": True, "1.0": True, "0": False, "0.0": False}


class _File(NamedTuple):
    """The main file of a record: its suffix, and the state of all files that may belong to the record."""

    suffix: str
    state: int


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the label file."""

    codes: tuple[str, ...]
    patient: str | None
    fold: int | None


@register_layout("folder", "A folder of ECGs, with labels in labels.csv or without")
def folder(source: Path, options: ImportOptions) -> Scan:
    """All ECGs below ``source``, with the leads and the sampling rate that most of them have."""
    files = _records(source)
    if not files:
        raise DatasetError(
            "This folder holds no ECG records. Choose a folder with .hea files and their signals."
        )
    columns, lines = _label_file(source)
    lines = _by_path(lines, files)
    absent = sum(name not in files for name in lines)
    leads, rate = _majority(source, files)
    return Scan(
        _entries(source, files, lines),
        _read,
        sampling_rate=rate,
        licence="the hospital's own",
        leads=leads,
        label_columns=columns,
        notes=_notes(lines),
        refused={LABELLED_ONLY: absent} if absent else {},
        private=True,
    )


def _records(source: Path) -> dict[str, _File]:
    """The records by their paths below ``source``, without suffixes and without parts of longer records.

    It takes some 300 bytes per record; no other memory grows with the number of records.
    """
    records: dict[str, _File] = {}
    for folder, files in sorted_folders(source):
        below = folder.relative_to(source)
        visible = [file for file in files if not file.name.startswith(".")]
        records.update(((below / stem).as_posix(), file) for stem, file in _in_folder(folder, visible))
    return records


def _in_folder(folder: Path, files: Sequence[os.DirEntry[str]]) -> Iterator[tuple[str, _File]]:
    """The records among the ``files`` of one folder by their names, those with a header first."""
    names = [(Path(file.name).stem, Path(file.name).suffix) for file in files]
    headers = {stem: suffix for stem, suffix in names if suffix.lower() == ".hea"}
    others = {stem: suffix for stem, suffix in reversed(names) if suffix.lower() in ECG_SUFFIXES}
    parts = {name for stem, suffix in headers.items() for name in _parts(folder / f"{stem}{suffix}")}
    stats: dict[str, list[os.stat_result]] = {}
    for (stem, _), file in zip(names, files, strict=True):
        stats.setdefault(stem, []).append(file.stat())
    everything = state_of_stats([stat for group in stats.values() for stat in group])
    for stem in [*headers, *sorted(set(others) - set(headers))]:
        if stem not in headers or stem not in parts:
            # if no signal has the header's name, any file in the folder may be its signal
            state = state_of_stats(stats[stem]) if stem in others else everything
            yield stem, _File(sys.intern(headers.get(stem) or others[stem]), state)


def _parts(header: Path) -> list[str]:
    """The parts of a multi-segment record, if it is one; a bad header is refused later, by name."""
    with header.open("rb") as file:
        if not _MASTER.match(file.read(256)):
            return []
    try:
        return [segment.name for segment in read_header(header).segments]
    except RecordError:
        return []


def _entries(source: Path, files: dict[str, _File], lines: dict[str, _Line]) -> Iterator[Entry]:
    where, unlabelled = source.resolve().as_posix(), _Line((), None, None)
    for number, (name, file) in enumerate(files.items(), start=1):
        line = lines.get(name, unlabelled)
        patient = line.patient or f"{where}/{name}"
        fold = stable_fold(line.patient or name) if line.fold is None else line.fold
        codes = line.codes if lines else None
        path = str(source / f"{name}{file.suffix}")
        yield Entry(f"folder/{number:06d}", patient, fold, "folder", path, codes, file.state)


def _read(path: str) -> ECGRecord:
    return read_record([Path(path)])


def _label_file(source: Path) -> tuple[tuple[str, ...], dict[str, _Line]]:
    """The label columns, and each line by its record's name; empty without a label file."""
    if not (source / LABELS).is_file():
        return (), {}
    table = read_table(source / LABELS, ()).rename(columns=_reserved)
    if "record" not in table:
        raise DatasetError("The label file has no column record, which names each ECG. Add it.")
    names = [name.strip().removesuffix(".hea") for name in table["record"]]
    if len(set(names)) != len(names):
        raise DatasetError("The label file names a record twice. Keep one line for each record.")
    columns = tuple(column for column in table.columns if column not in _NO_LABELS)
    codes = _codes(table, columns)
    nothing = [""] * len(table)
    patients = [cell.strip() or None for cell in table.get("patient", nothing)]
    folds = _folds(table) if "fold" in table else [None] * len(table)
    return columns, dict(zip(names, map(_Line, codes, patients, folds), strict=True))


def _reserved(column: str) -> str:
    """The column's reserved name in lower case, or a label column as it is spelled."""
    return column.strip().lower() if column.strip().lower() in _NO_LABELS else column.strip()


def _codes(table: pd.DataFrame, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The answers in each line as codes; an empty cell gives none."""
    answers: list[list[str]] = [[] for _ in range(len(table))]
    for column in columns:
        for line, cell in zip(answers, table[column], strict=True):
            if cell.strip() == "":
                continue
            if cell.strip() not in _ANSWERS:
                raise DatasetError(f"The label file's column {column} must hold 1, 0 or nothing. Correct it.")
            line.append(column_code(column, _ANSWERS[cell.strip()]))
    return [tuple(line) for line in answers]


def _folds(table: pd.DataFrame) -> list[int | None]:
    folds = whole_numbers(table, "fold")
    if not all(0 <= fold <= 10 for fold in folds):
        raise DatasetError("The label file's column fold must hold the numbers 0 to 10. Correct it.")
    return list(folds)


def _by_path(lines: dict[str, _Line], files: dict[str, _File]) -> dict[str, _Line]:
    """The lines under their records' paths; a line may give the last part of a path only."""
    if not lines:
        return {}
    stems = Counter(name.rpartition("/")[2] for name in files)
    paths = {name.rpartition("/")[2]: name for name in files}
    resolved = {}
    for name, line in lines.items():
        if name not in files and stems[name] > 1:
            raise DatasetError(
                "The label file names a record that is there twice. Give its path in the folder."
            )
        resolved[name if name in files else paths.get(name, name)] = line
    return resolved


def _majority(source: Path, files: dict[str, _File]) -> tuple[tuple[str, ...], float]:
    """The leads and rate to store: all twelve leads if half of a sample has them, else the shared ones."""
    sample = islice(files.items(), 0, None, max(1, len(files) // SAMPLE))
    records = [record for name, file in sample if (record := _try(source / f"{name}{file.suffix}"))]
    if not records:
        return LEADS, 500.0
    shared = tuple(lead for lead in records[0].leads if all(lead in record.leads for record in records))
    complete = [record for record in records if set(LEADS) <= set(record.leads)]
    if shared and 2 * len(complete) < len(records):
        return shared, _commonest_rate(records)
    return LEADS, _commonest_rate(complete or records)


def _commonest_rate(records: Sequence[ECGRecord]) -> float:
    return Counter(record.sampling_rate for record in records).most_common(1)[0][0]


def _try(path: Path) -> ECGRecord | None:
    """The record at ``path``; None if it cannot be read, which the import itself counts."""
    try:
        return read_record([path])
    except RecordError:
        return None


def _notes(lines: dict[str, _Line]) -> tuple[str, ...]:
    if any(line.patient for line in lines.values()):
        return ()
    return ("Patients are not named: each record counts as its own patient.",)
