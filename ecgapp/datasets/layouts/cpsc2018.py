"""China Physiological Signal Challenge 2018 as its organisers published it (Liu et al. 2018).

doi:10.1166/jmihi.2018.2442. One MATLAB file a record, a struct with 12 leads in mV at 500 Hz, 6 to 144 s, and
up to three labels a record in ``REFERENCE.csv``. The codes of a record keep the order of its labels: the
organisers' score uses the first one. The copies in the PhysioNet challenges have lost that order.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.challenge import patient_of
from ecgapp.datasets.layouts.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    files_state,
    read_table,
    register_layout,
    sorted_folders,
)
from ecgapp.errors import CorruptRecordError, DatasetError, IncompleteRecordError
from ecgapp.records.record import LEADS, ECGRecord

TABLE = "REFERENCE.csv"
SAMPLING_RATE = 500.0  # Hz
LARGEST = 64 << 20  # bytes; the longest record, of 144 s, has 7 MB
CLASSES = ("Normal", "AF", "I-AVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")  # labels 1 to 9
CODES = {str(number): f"CPSC:{name}" for number, name in enumerate(CLASSES, start=1)}
COLUMNS = ("First_label", "Second_label", "Third_label")
NO_STRUCT = "The record's MATLAB file does not hold twelve leads in a struct named ECG."
_NOTES = (
    "Patients are not named: each record counts as its own patient.",
    "Each record's first code is the first label in the organisers' table.",
    "Records with clipped or flat leads are kept, as published.",
)


@register_layout(
    "cpsc2018", "CPSC 2018 as published (TrainingSet1 to 3, REFERENCE.csv)", first_code_leads=True
)
def cpsc2018(source: Path, options: ImportOptions) -> Scan:
    """All recordings of the tables ``REFERENCE.csv`` in or below the folder."""
    tables, files = _files(source)
    if not tables or not files:
        raise DatasetError(
            f"This folder is not the challenge of 2018 as published: it needs {TABLE} and recordings such as "
            "A0001.mat. Choose the folder that holds both."
        )
    labels: dict[str, tuple[str, ...]] = {}
    for table in tables:
        labels |= dict(_labels(table))
    unlabelled = len(files.keys() - labels.keys())
    refused = {"The table of labels does not name the record.": unlabelled} if unlabelled else {}
    entries = (_entry(name, codes, files.get(name)) for name, codes in sorted(labels.items()))
    return Scan(entries, _read, SAMPLING_RATE, "not stated by the publisher", notes=_NOTES, refused=refused)


def _files(source: Path) -> tuple[list[Path], dict[str, Path]]:
    """The label tables, and the file of each recording that no header accompanies."""
    tables: list[Path] = []
    recordings: dict[str, Path] = {}
    for folder, files in sorted_folders(source):
        names = {file.name for file in files}
        tables += [folder / TABLE] if TABLE in names else []
        recordings |= {
            Path(name).stem: folder / name
            for name in sorted(names)
            if name.endswith(".mat") and f"{name[:-4]}.hea" not in names
        }
    return tables, recordings


def _labels(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields each recording with its codes in the table's order."""
    table = read_table(path, ("Recording", COLUMNS[0])).reindex(
        columns=["Recording", *COLUMNS], fill_value=""
    )
    for name, *cells in table.itertuples(index=False):
        numbers = [cell.strip().removesuffix(".0") for cell in cells if cell.strip()]
        if not numbers or not CODES.keys() >= set(numbers):
            raise DatasetError("The table's labels must be the numbers 1 to 9. Copy the table again.")
        codes = dict.fromkeys(CODES[number] for number in numbers)
        yield name.strip().removesuffix(".mat"), tuple(codes)


def _entry(name: str, codes: tuple[str, ...], file: Path | None) -> Entry:
    patient = patient_of(name)
    state = files_state(file) if file else 0
    return Entry(
        f"cpsc2018/{name}", patient, stable_fold(patient), "cpsc_2018", str(file or ""), codes, state
    )


def _read(where: str) -> ECGRecord:
    """The record; its sex and its age, which five records lack, are not read.

    Raises:
        RecordError: the file is missing, too large, or holds no such struct.
    """
    file = Path(where)
    if not where or not file.is_file():
        raise IncompleteRecordError(NO_FILES)
    if file.stat().st_size > LARGEST:
        raise CorruptRecordError(NO_STRUCT)
    signal = _samples(file)
    if signal.dtype.kind not in "fiu" or signal.ndim != 2 or signal.shape[0] != len(LEADS):
        raise CorruptRecordError(NO_STRUCT)
    return ECGRecord(file.stem, signal.astype(np.float32), SAMPLING_RATE)


def _samples(file: Path) -> NDArray[Any]:
    """The field ``data`` of the struct; no other variable of the file is read."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(file, variable_names=["ECG"])
        return np.asarray(content["ECG"]["data"][0, 0])
    except (
        MatReadError, OSError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError,
        MemoryError, OverflowError, zlib.error, struct.error,
    ) as error:  # fmt: skip
        raise CorruptRecordError(NO_STRUCT) from error
