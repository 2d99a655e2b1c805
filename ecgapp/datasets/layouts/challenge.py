"""PhysioNet/CinC Challenge 2020 and 2021 (Reyna et al. 2021, doi:10.23919/cinc53138.2021.9662687).

Each record counts as its own patient, because the headers name none; its fold follows from its id. The
patients of the challenge's PTB-XL records (HR00001 is ecg_id 1) are unknown here and have other records in
PTB-XL, so these records are in fold 0, which is never used for training or validation.

PTB and INCART have several records of many patients, and the archive does not say whose they are (75
recordings of 32 INCART patients, doi:10.13026/C2V88N; 549 of 290 PTB patients, doi:10.13026/C28C71). All
records of such a source count as one patient and are in one fold.
"""

import re
from collections import Counter
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
_LOST = {"ptb": r"S\d{4}", "st_petersburg_incart": r"I\d{4}"}  # sources without patients, and their ids


@register_layout("challenge", "PhysioNet/CinC Challenge 2020 or 2021 (.mat and .hea)")
def challenge(source: Path, options: ImportOptions) -> Scan:
    """All headers with a diagnosis line below ``source``; the folder of each is its origin."""
    first = next(headers_below(source), None)
    if first is None or not signal_file(first).is_file() or not _has_diagnosis(first) or _is_other(first):
        raise DatasetError(
            "This folder is not from the 2020 or 2021 challenge: it holds no .mat records whose headers name "
            "diagnoses. Choose the unpacked archive."
        )
    notes = _notes(source)
    entries = (_entry(source, header) for header in headers_below(source))
    return Scan(entries, _read, SAMPLING_RATE, "CC BY 4.0", notes=notes)


def _notes(source: Path) -> tuple[str, ...]:
    """Sentences on the records whose patients are unknown."""
    counts = Counter(_lost_source(_origin(source, header), header) for header in headers_below(source))
    notes = ["Patients are not named: each record counts as its own patient."]
    if n_ptb_xl := counts["ptb-xl"]:
        notes.append(f"{n_ptb_xl} PTB-XL records have unknown patients and are left out of all folds.")
    notes += [
        f"Possible leak: {name} has several records of many patients, and the archive does not say whose. "
        f"All {counts[name]} of its records count as one patient and are in fold {stable_fold(_group(name))}."
        for name in _LOST
        if counts[name]
    ]
    return tuple(notes)


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
    record, lost = signal.stem, _lost_source(origin, header)
    if lost == "ptb-xl":
        patient, fold = f"ptb-xl:unknown:{record}", 0
    else:
        patient = _group(lost) if lost else patient_of(record)
        fold = stable_fold(patient)
    state = files_state(header, signal)
    return Entry(f"challenge/{record}", patient, fold, origin, str(header), state=state)


def _lost_source(origin: str, header: Path) -> str:
    """The source of a record if its patients have several records, but are unknown; "" for all others."""
    if origin == "ptb-xl" or header.stem.startswith("HR"):
        return "ptb-xl"
    if origin.lower() in _LOST:
        return origin.lower()
    if origin in _PREFIXES.values():
        return ""
    return next((name for name, ids in _LOST.items() if re.fullmatch(ids, signal_file(header).stem)), "")


def _group(source: str) -> str:
    """The id under which all records of ``source`` count as one patient."""
    return f"challenge:{source}:unknown"


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
