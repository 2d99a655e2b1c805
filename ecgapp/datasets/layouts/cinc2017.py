"""PhysioNet/CinC Challenge 2017 (Clifford et al. 2017, doi:10.22489/cinc.2017.065-469).

One hand-held lead, similar to lead I, often recorded upside down, 300 Hz, 9 to 61 s. Patients are not
named: each record counts as its own patient.
"""

from dataclasses import replace
from pathlib import Path

from ecgapp.datasets.folds import stable_fold
from ecgapp.datasets.layouts.layout import NO_FILES, Entry, ImportOptions, Scan, files_state, register_layout
from ecgapp.errors import DatasetError, IncompleteRecordError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord

SAMPLING_RATE = 300.0  # Hz
REFERENCES = ("REFERENCE-v3.csv", "REFERENCE-v2.csv", "REFERENCE-v1.csv", "REFERENCE.csv")
_NOTES = (
    "The single lead is hand-held and sometimes upside down; it is stored as lead I.",
    "Patients are not named: each record counts as its own patient.",
)


@register_layout("cinc2017", "PhysioNet/CinC Challenge 2017 (training2017, REFERENCE-v3.csv)")
def cinc2017(source: Path, options: ImportOptions) -> Scan:
    """The training set, with labels from the newest reference table in or beside the folder."""
    labels, files = _labels(source), _signals(source)
    if not labels or not any(record in files for record in labels):
        raise DatasetError(
            "This folder is not from the 2017 challenge: it holds no REFERENCE-v3.csv with the recordings "
            "in it. Choose the unpacked archive."
        )
    entries = (_entry(record, label, files.get(record)) for record, label in sorted(labels.items()))
    return Scan(entries, _read, SAMPLING_RATE, "ODC-By 1.0", leads=("I",), notes=_NOTES)


def _labels(source: Path) -> dict[str, str]:
    """The rhythm of each recording, from the newest version of the table."""
    folders = (source, source / "training2017", source / "training", source.parent)
    tables = [folder / name for name in REFERENCES for folder in folders if (folder / name).is_file()]
    if not tables:
        return {}
    lines = tables[0].read_text("utf-8", errors="replace").split()
    pairs = [line.split(",") for line in lines]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and pair[1] in {"N", "A", "O", "~"}}


def _signals(source: Path) -> dict[str, Path]:
    """The header of each recording; the validation sample repeats some recordings and is not searched."""
    for folder in (source / "training2017", source / "training", source):
        headers = {path.stem: path for path in folder.rglob("*.hea") if "validation" not in path.parts}
        if headers:
            return headers
    return {}


def _entry(record: str, label: str, header: Path | None) -> Entry:
    patient = f"cinc2017:{record}"
    codes = (f"CINC2017:{label}",)
    state = files_state(header, header.with_suffix(".mat")) if header else 0
    fold, where = stable_fold(patient), str(header) if header else ""
    return Entry(f"cinc2017/{record}", patient, fold, "cinc2017", where, codes, state)


def _read(where: str) -> ECGRecord:
    header = Path(where)
    if not where or not header.with_suffix(".mat").is_file():
        raise IncompleteRecordError(NO_FILES)
    record = read_record([header, header.with_suffix(".mat")])
    return replace(record, signal=record.signal[:1], leads=("I",), derived=frozenset())
