"""PTB-XL 1.0.3: its archive (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6), or one z-scored array.

Folds and patients are PTB-XL's own, so both layouts share their patients' ids.
"""

import ast
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.layouts.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    files_state,
    register_layout,
    table_pieces,
    whole_numbers,
)
from ecgapp.errors import DatasetError, IncompleteRecordError
from ecgapp.records import read_record
from ecgapp.records.record import LEADS, ECGRecord

DATABASE = "ptbxl_database.csv"
ARRAY = "signals_100hz_int16.npy"
LICENCE = "CC BY 4.0"
_STEPS = 1000.0  # of the z-scored int16 array, per unit
_COLUMNS = ("ecg_id", "patient_id", "scp_codes", "strat_fold")


@register_layout("ptb-xl", "PTB-XL (ptbxl_database.csv, records500 or records100)")
def ptb_xl(source: Path, options: ImportOptions) -> Scan:
    """The official archive, at 500 Hz unless these records are missing or 100 Hz is requested."""
    if not (source / DATABASE).is_file():
        raise DatasetError(f"This folder is not PTB-XL: it holds no {DATABASE}. Choose the unpacked archive.")
    low = not (source / "records500").is_dir() or options.sampling_rate == 100
    column = "filename_lr" if low else "filename_hr"
    entries = (
        _entry(line, "ptb-xl", line.file, _state(source / line.file))
        for line in _lines(source / DATABASE, column)
    )
    return Scan(entries, partial(_read, source), 100.0 if low else 500.0, LICENCE)


@register_layout("ptb-xl-zscored", "PTB-XL, z-scored at 100 Hz (one array and index.csv)")
def ptb_xl_zscored(source: Path, options: ImportOptions) -> Scan:
    """An int16 array (n, 12, 1000) of thousandths of a standard deviation, and its table."""
    if not ((source / ARRAY).is_file() and (source / "index.csv").is_file()):
        raise DatasetError(f"This folder holds no {ARRAY} with its index.csv. Choose the folder that does.")
    _array.cache_clear()  # the file may have changed
    try:
        array = _array(source / ARRAY)
    except (OSError, ValueError) as error:
        raise DatasetError("The array of signals cannot be read. Copy it again.") from error
    n = sum(1 for _ in _lines(source / "index.csv"))
    if array.ndim != 3 or array.shape[:2] != (n, len(LEADS)) or array.dtype != np.int16:
        raise DatasetError("The array of signals and its table do not fit together. Copy both again.")
    state = files_state(source / ARRAY)
    entries = (
        _entry(line, "ptb-xl-zscored", str(row), state)
        for row, line in enumerate(_lines(source / "index.csv"))
    )
    note = "Signals are z-scored per lead and filtered from 0.5 to 40 Hz: their voltages are unknown."
    return Scan(entries, partial(_row, source / ARRAY), 100.0, LICENCE, units="z-score", notes=(note,))


class _Line(NamedTuple):
    """One line of either table; ``file`` is the record's header without ``.hea``."""

    ecg_id: int
    patient: int
    fold: int
    codes: tuple[str, ...]
    file: str


def _lines(table: Path, file_column: str | None = None) -> Iterator[_Line]:
    columns = _COLUMNS if file_column is None else (*_COLUMNS, file_column)
    for piece in table_pieces(table, columns):
        ids, patients, folds = (whole_numbers(piece, name) for name in ("ecg_id", "patient_id", "strat_fold"))
        if not all(1 <= fold <= 10 for fold in folds):
            raise DatasetError(
                "The table's column strat_fold must hold the folds 1 to 10. Copy the table again."
            )
        codes = map(_codes, piece["scp_codes"])
        files = [""] * len(piece) if file_column is None else piece[file_column]
        yield from map(_Line, ids, patients, folds, codes, files)


def _entry(line: _Line, source: str, where: str, state: int) -> Entry:
    patient = f"ptb-xl:{line.patient}"
    return Entry(f"ptb-xl/{line.ecg_id:05d}", patient, line.fold, source, where, line.codes, state)


def _state(record: Path) -> int:
    return files_state(record.with_name(f"{record.name}.hea"), record.with_name(f"{record.name}.dat"))


def _codes(text: str) -> tuple[str, ...]:
    """The statements of a cell such as "{'NORM': 100.0, 'SR': 0.0}", at any likelihood."""
    try:
        statements = ast.literal_eval(text)
        return tuple(f"SCP:{code}" for code in dict(statements))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise DatasetError("The table's column scp_codes cannot be read. Copy the table again.") from error


def _read(source: Path, name: str) -> ECGRecord:
    header = source / f"{name}.hea"
    if Path(name).is_absolute() or ".." in Path(name).parts or not header.is_file():
        raise IncompleteRecordError(NO_FILES)
    return read_record([header, header.with_suffix(".dat")])


@lru_cache(maxsize=1)
def _array(path: Path) -> NDArray[np.int16]:
    """The memory-mapped array, which stays open in each process that reads it."""
    array: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _row(path: Path, row: str) -> ECGRecord:
    signal = (_array(path)[int(row)] / _STEPS).astype(np.float32)
    return ECGRecord("z-scored", signal, 100.0, units="z-score")
