"""PhysioNet/CinC Challenge 2020 and 2021 (Reyna et al. 2021, doi:10.23919/cinc53138.2021.9662687).

Each record counts as its own patient, because the headers name none; its fold follows from its id. The
patients of the challenge's PTB-XL records (HR00001 is ecg_id 1) are unknown here and have other records in
PTB-XL, so these records are in fold 0, which is never used for training or validation.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.layout import (
    NO_FILES,
    Entry,
    ImportOptions,
    Scan,
    files_state,
    register_layout,
    sorted_folders,
)
from ecgapp.errors import DatasetError, IncompleteRecordError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord

SAMPLING_RATE = 500.0  # Hz; only the PTB (1000 Hz) and INCART (257 Hz) records have another
_NO_SOURCE = re.compile(r"training|training_wfdb|wfdb.*|g\d+", re.IGNORECASE)
_PREFIXES = {"HR": "ptb-xl", "JS": "chapman_ningbo", "A": "cpsc_2018", "Q": "cpsc_2018_extra", "E": "georgia"}
_PREFIXES |= {"S": "ptb", "I": "st_petersburg_incart"}


@register_layout("challenge", "PhysioNet/CinC Challenge 2020 or 2021 (.mat and .hea)")
def challenge(source: Path, options: ImportOptions) -> Scan:
    """All headers with a diagnosis line below ``source``; the folder of each is its origin."""
    first = next(headers_below(source), None)
    if first is None or not signal_file(first).is_file() or not _has_diagnosis(first) or _is_other(first):
        raise DatasetError(
            "This folder is not from the 2020 or 2021 challenge: it holds no .mat records whose headers name "
            "diagnoses. Choose the unpacked archive."
        )
    unknown = sum(_is_ptb_xl(_origin(source, header), header) for header in headers_below(source))
    notes = ["Patients are not named: each record counts as its own patient."]
    if unknown:
        notes.append(f"{unknown} PTB-XL records have unknown patients and are left out of all folds.")
    entries = (_entry(source, header) for header in headers_below(source))
    return Scan(entries, _read, SAMPLING_RATE, "CC BY 4.0", notes=tuple(notes))


def headers_below(source: Path) -> Iterator[Path]:
    """Yields all header files below ``source`` in the order of their paths."""
    for folder, files in sorted_folders(source):
        yield from (folder / file.name for file in files if file.name.endswith(".hea"))


def signal_file(header: Path) -> Path:
    """The signals beside ``header``, which may not exist.

    The archives of 2021 name one header S23074.hea although its signals are JS23074.mat.
    """
    signal = header.with_suffix(".mat")
    corrected = signal.with_name(f"J{signal.name}")
    return corrected if not signal.is_file() and corrected.is_file() else signal


def patient_of(record: str) -> str:
    """The patient of a record of the challenges, the same in every layout that holds the record."""
    return f"challenge:{record}"


def _is_other(header: Path) -> bool:
    """Whether the header is from ecg-arrhythmia, whose labels and traps its own layout knows."""
    return "WFDBRecords" in header.parts


def _entry(source: Path, header: Path) -> Entry:
    signal, origin = signal_file(header), _origin(source, header)
    record, is_ptb_xl = signal.stem, _is_ptb_xl(origin, header)
    patient = f"ptb-xl:unknown:{record}" if is_ptb_xl else patient_of(record)
    fold = 0 if is_ptb_xl else stable_fold(patient)
    state = files_state(header, signal)
    return Entry(f"challenge/{record}", patient, fold, origin, str(header), state=state)


def _is_ptb_xl(origin: str, header: Path) -> bool:
    return origin == "ptb-xl" or header.stem.startswith("HR")


def _origin(source: Path, header: Path) -> str:
    """The folder that names the source, or the source whose ids have this prefix."""
    for folder in header.relative_to(source).parts[:-1]:
        if not _NO_SOURCE.fullmatch(folder):
            return folder
    letters = re.match(r"[A-Z]*", signal_file(header).stem)
    return _PREFIXES.get(letters.group() if letters else "", "unknown")


def _has_diagnosis(header: Path) -> bool:
    lines = header.read_bytes()[:65_536].splitlines()
    return any(re.match(rb"#\s*Dx\s*:", line, re.IGNORECASE) for line in lines)


def _read(where: str) -> ECGRecord:
    header = Path(where)
    signal = signal_file(header)
    if not signal.is_file():
        raise IncompleteRecordError(NO_FILES)
    return read_record([header, signal])
