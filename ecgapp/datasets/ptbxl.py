"""PTB-XL 1.0.3 as its archive unpacks (Wagner et al. 2020, doi:10.1038/s41597-020-0495-6),
and PTB-XL records kept as one z-scored array, whose volts are lost.

Folds and patients are PTB-XL's own, so both layouts share their patients' ids.
"""

import ast
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgapp.datasets.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    read_table,
    register_layout,
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
    """The official archive; 500 Hz where its records are there and 100 Hz is not asked for."""
    if not (source / DATABASE).is_file():
        raise DatasetError(f"This folder is not PTB-XL: it holds no {DATABASE}. Choose the unpacked archive.")
    low = not (source / "records500").is_dir() or options.sampling_rate == 100
    column = "filename_lr" if low else "filename_hr"
    table = read_table(source / DATABASE, (*_COLUMNS, column))
    loads = [partial(_read, source, name) for name in table[column]]
    return Scan(_entries(table, "ptb-xl", loads), 100.0 if low else 500.0, LICENCE)


@register_layout("ptb-xl-zscored", "PTB-XL, z-scored at 100 Hz (one array and index.csv)")
def ptb_xl_zscored(source: Path, options: ImportOptions) -> Scan:
    """An int16 array (n, 12, 1000) of thousandths of a standard deviation, and its table."""
    if not ((source / ARRAY).is_file() and (source / "index.csv").is_file()):
        raise DatasetError(f"This folder holds no {ARRAY} with its index.csv. Choose the folder that does.")
    table = read_table(source / "index.csv", _COLUMNS)
    _array.cache_clear()  # the file may be another than the last time
    try:
        array = _array(source / ARRAY)
    except (OSError, ValueError) as error:
        raise DatasetError("The array of signals cannot be read. Copy it again.") from error
    if array.ndim != 3 or array.shape[:2] != (len(table), len(LEADS)) or array.dtype != np.int16:
        raise DatasetError("The array of signals and its table do not fit together. Copy both again.")
    loads = [partial(_row, source / ARRAY, row) for row in range(len(table))]
    note = "Signals are z-scored per lead and filtered from 0.5 to 40 Hz: their volts are lost."
    return Scan(_entries(table, "ptb-xl-zscored", loads), 100.0, LICENCE, units="z-score", notes=(note,))


def _entries(table: pd.DataFrame, source: str, loads: list[partial[ECGRecord]]) -> list[Entry]:
    ids, patients, folds = (whole_numbers(table, name) for name in ("ecg_id", "patient_id", "strat_fold"))
    if not all(1 <= fold <= 10 for fold in folds):
        raise DatasetError("The table's column strat_fold must hold the folds 1 to 10. Copy the table again.")
    codes = [_codes(text) for text in table["scp_codes"]]
    return [
        Entry(f"ptb-xl/{ecg_id:05d}", f"ptb-xl:{patient}", fold, source, load, code)
        for ecg_id, patient, fold, load, code in zip(ids, patients, folds, loads, codes, strict=True)
    ]


def _codes(text: str) -> tuple[str, ...]:
    """The statements of a cell such as "{'NORM': 100.0, 'SR': 0.0}", whatever their likelihood."""
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
    """The mapped array, kept open from record to record, in each process that reads it."""
    array: NDArray[np.int16] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _row(path: Path, row: int) -> ECGRecord:
    signal = (_array(path)[row] / _STEPS).astype(np.float32)
    return ECGRecord("z-scored", signal, 100.0, units="z-score")
