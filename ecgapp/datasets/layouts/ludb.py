"""Lobachevsky University Database 1.0.1 (Kalyakulina et al. 2020, doi:10.1109/access.2020.3029211).

Its headers give each lead's peak-to-peak range as the gain, which ``records`` recognises and corrects.
There is one record per patient. A diagnosis becomes ``LUDB:`` and its text before any colon or comma.
"""

import re
from pathlib import Path

import numpy as np

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    files_state,
    read_table,
    register_layout,
)
from ecgapp.errors import DatasetError, IncompleteRecordError, UnknownUnitError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord

SAMPLING_RATE = 500.0  # Hz
_NO_DIAGNOSES = {"ID", "Sex", "Age"}


@register_layout("ludb", "Lobachevsky University Database (ludb.csv, data)")
def ludb(source: Path, options: ImportOptions) -> Scan:
    """All records of ``data``, with the diagnoses of ``ludb.csv``."""
    headers = sorted((source / "data").glob("*.hea"))
    if not headers or not (source / "ludb.csv").is_file():
        raise DatasetError(
            "This folder is not the Lobachevsky database: it needs ludb.csv and a folder named data. "
            "Choose the unpacked archive."
        )
    table = read_table(source / "ludb.csv", ["ID", "Rhythms"])
    cells = table.drop(columns=[name for name in table.columns if name in _NO_DIAGNOSES])
    codes = {
        patient.strip(): _codes("\n".join(row))
        for patient, row in zip(table["ID"], cells.itertuples(index=False), strict=True)
    }
    entries = [_entry(header, codes.get(header.stem, ())) for header in headers]
    return Scan(entries, _read, SAMPLING_RATE, "ODC-By 1.0")


def _codes(text: str) -> tuple[str, ...]:
    diagnoses = [re.split("[:,]", line)[0].strip() for line in text.splitlines()]
    return tuple(dict.fromkeys(f"LUDB:{diagnosis}" for diagnosis in diagnoses if diagnosis))


def _entry(header: Path, codes: tuple[str, ...]) -> Entry:
    patient = f"ludb:{header.stem}"
    fold, state = stable_fold(patient), files_state(header, header.with_suffix(".dat"))
    return Entry(f"ludb/{header.stem}", patient, fold, "ludb", str(header), codes, state)


def _read(where: str) -> ECGRecord:
    """The record in true millivolts; refused if all leads are scaled to a height of one "millivolt".

    Raises:
        RecordError: it cannot be read, or its voltage is unknown.
    """
    header = Path(where)
    if not header.with_suffix(".dat").is_file():
        raise IncompleteRecordError(NO_FILES)
    record = read_record([header, header.with_suffix(".dat")])
    if np.allclose(np.ptp(record.signal, axis=1), 1.0, atol=0.01):
        raise UnknownUnitError("All leads are scaled to one height, so the record's voltage is unknown.")
    return record
