"""PhysioNet's ecg-arrhythmia 1.0.0: 45,152 records of Shaoxing and Ningbo (Zheng et al. 2022).

doi:10.13026/wgex-er52. Records up to JS10646 are Shaoxing's, the others Ningbo's. Diagnoses are the headers'
SNOMED CT codes, also those that ``ConditionNames_SNOMED-CT.csv`` does not define. Each record counts as its
own patient, the same as in the 2021 challenge, which holds the same records.
"""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.challenge import headers_below, patient_of, signal_file
from ecgapp.datasets.layouts.layout import NO_FILES, Entry, ImportOptions, Scan, files_state, register_layout
from ecgapp.errors import CorruptRecordError, DatasetError, IncompleteRecordError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord

FOLDER = "WFDBRecords"
SAMPLING_RATE = 500.0  # Hz
LAST_OF_SHAOXING = 10_646
NO_SIGNAL = "No lead of the record has a signal."
_NOTES = (
    "Patients are not named: each record counts as its own patient.",
    "Shaoxing's 399 records of sinus irregularity (SA) are not in this copy: of its eleven rhythms ten are.",
    "Some recordings occur twice, a few with other diagnoses. A repeated signal counts as the same patient.",
    "Records with single flat leads are kept, as published.",
)
_MERGED = re.compile(r"(\S+ 12 500 5000)\S.*?( 16 0 -?\d+ -?\d+ 0 I)\s*")
_CALIBRATION = re.compile(r"\S+\.mat \S+ \S+/mV")


@register_layout("ecg-arrhythmia", "Shaoxing and Ningbo, PhysioNet ecg-arrhythmia (WFDBRecords)")
def ecg_arrhythmia(source: Path, options: ImportOptions) -> Scan:
    """All headers below ``WFDBRecords``, which is the folder itself or lies in it."""
    folder = source if source.name == FOLDER else source / FOLDER
    first = next(headers_below(folder), None) if folder.is_dir() else None
    if first is None or not re.fullmatch(r"J?S\d{5}", first.stem):
        raise DatasetError(
            f"This folder is not ecg-arrhythmia: it needs a folder named {FOLDER} with records such as "
            "JS00001. Choose the unpacked archive."
        )
    missing = _missing_folders(folder.parent)
    notes = [*_NOTES, *([f"{missing} of the folders that RECORDS names are missing."] if missing else [])]
    entries = (_entry(header) for header in headers_below(folder))
    return Scan(entries, _read, SAMPLING_RATE, "CC BY 4.0", notes=tuple(notes))


def _missing_folders(root: Path) -> int:
    """The number of folders in the list ``RECORDS`` that are not there; 0 without the list."""
    if not (root / "RECORDS").is_file():
        return 0
    lines = (root / "RECORDS").read_text("utf-8", errors="replace").split()
    plain = [line for line in lines if re.fullmatch(rf"{FOLDER}(/\d+)+/?", line)]
    return sum(not (root / line).is_dir() for line in plain)


def _entry(header: Path) -> Entry:
    signal = signal_file(header)
    record = signal.stem
    digits = record.removeprefix("JS")
    early = digits.isdecimal() and int(digits) <= LAST_OF_SHAOXING
    patient = patient_of(record)
    source = "shaoxing" if early else "ningbo"
    state = files_state(header, signal)
    return Entry(f"ecg-arrhythmia/{record}", patient, stable_fold(patient), source, str(header), state=state)


def _read(where: str) -> ECGRecord:
    """The record with the codes of its header.

    Raises:
        RecordError: it cannot be read, or is flat in all leads.
    """
    header = Path(where)
    signal = signal_file(header)
    if not signal.is_file():
        raise IncompleteRecordError(NO_FILES)
    try:
        record = read_record([header, signal])
    except CorruptRecordError:
        repaired = with_line_break(header.read_text("utf-8", errors="replace"))
        if repaired is None:
            raise
        record = _read_repaired(repaired, signal)
    if (np.ptp(record.signal, axis=1) == 0).all():
        raise CorruptRecordError(NO_SIGNAL)
    return record


def with_line_break(header: str) -> str | None:
    """The ``header`` with the line break that two published ones lost behind their first line, else None.

    JS01052 and JS23074 lack it, and the first characters of the line behind it, which all leads share.
    """
    first, *others = header.splitlines()
    merged = _MERGED.fullmatch(first)
    calibration = _CALIBRATION.match(others[0]) if others else None
    if merged is None or calibration is None:
        return None
    return "\n".join((merged[1], calibration[0] + merged[2], *others)) + "\n"


def _read_repaired(header: str, signal: Path) -> ECGRecord:
    """The record with this text as its header; the signals' checksums prove that they belong together."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{signal.stem}.hea"
        path.write_text(header, "utf-8")
        return read_record([path, signal])
