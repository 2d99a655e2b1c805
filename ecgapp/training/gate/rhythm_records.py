"""Windows of ten seconds whose rhythm is known: the dangerous ones that a gate must not refuse.

``cudb`` (CU Ventricular Tachyarrhythmia Database, Nolle et al. 1986) is marked by eye in
``docs/recipes/marks/cudb.csv``; windows that hold noise or something unsure are left out. ``mitdb`` (MIT-BIH
Arrhythmia Database, Moody and Mark 2001, doi:10.1109/51.932724) has its own rhythm annotations. A window is
of the rhythm that fills most of it. Folds are by record: every patient has one record, but two records of
``mitdb``, 201 and 202, which are one patient's.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ecgapp.config import PROJECT
from ecgapp.datasets.rhythm_marks import MarkedSpan, read_spans
from ecgapp.errors import DatasetError
from ecgapp.records import read_record
from ecgapp.records.record import ECGRecord
from ecgapp.records.wfdb_annotations import read_marks

WINDOW = 10.0  # s
CUDB_MARKS = PROJECT / "docs" / "recipes" / "marks" / "cudb.csv"
LEFT_OUT = ("noise", "unsure")
FOLDS = 10
EVERY = 3  # of the windows of ``mitdb`` without a rare rhythm: they are many
MITDB_RHYTHMS = {  # of the annotations; all others are "other rhythm"
    "(VT": "ventricular tachycardia or flutter",
    "(VFL": "ventricular tachycardia or flutter",
    "(IVR": "idioventricular",
    "(AFIB": "atrial fibrillation or flutter",
    "(AFL": "atrial fibrillation or flutter",
    "(BII": "second-degree block",
    "(P": "paced",
    "(SVTA": "supraventricular tachycardia",
    "(B": "bigeminy or trigeminy",
    "(T": "bigeminy or trigeminy",
}
RARE = ("ventricular tachycardia or flutter", "idioventricular", "paced", "supraventricular tachycardia")


@dataclass(frozen=True, eq=False)
class RhythmWindow:
    """One window of one lead, its rhythm, and the fold of its patient."""

    record: ECGRecord
    rhythm: str
    fold: int


def rhythm_windows(source: str, folder: Path) -> Iterator[RhythmWindow]:
    """The windows of ``cudb`` or ``mitdb``.

    Raises:
        DatasetError: it is not in ``folder``, or its marks are missing.
    """
    marks = read_spans(CUDB_MARKS) if source == "cudb" else {}
    headers = sorted(folder.glob("*.hea"))
    if not headers:
        raise DatasetError(f"{source} is missing. Unpack it.")
    for number, header in enumerate(headers):
        record = _one_lead(read_record([header, header.with_suffix(".dat")]))
        stretches = marks.get(header.stem, []) if source == "cudb" else _mitdb_stretches(header, record)
        for place, (start, rhythm) in enumerate(_windows(stretches, record.duration)):
            if source == "cudb" or rhythm in RARE or place % EVERY == 0:
                yield RhythmWindow(_cut(record, start), rhythm, number % FOLDS + 1)


def _windows(stretches: Sequence[MarkedSpan], duration: float) -> Iterator[tuple[float, str]]:
    """Start and rhythm of each window that is not left out."""
    for number in range(int(duration / WINDOW)):
        start = number * WINDOW
        shares: dict[str, float] = defaultdict(float)
        for one in stretches:
            shares[one.rhythm.replace("_", " ")] += one.overlap(start, start + WINDOW)
        if shares and not any(shares[name] > 0 for name in LEFT_OUT):
            yield start, max(shares, key=shares.__getitem__)


def _cut(record: ECGRecord, start: float) -> ECGRecord:
    first = round(start * record.sampling_rate)
    behind = first + round(WINDOW * record.sampling_rate)
    return replace(record, signal=record.signal[:, first:behind])


def _one_lead(record: ECGRecord) -> ECGRecord:
    """MLII where there is one, else the first lead."""
    row = record.leads.index("MLII") if "MLII" in record.leads else 0
    lead = record.leads[row : row + 1]
    return replace(record, signal=record.signal[row : row + 1], leads=lead, derived=frozenset())


def _mitdb_stretches(header: Path, record: ECGRecord) -> list[MarkedSpan]:
    """The stretches from each annotated change of rhythm to the next."""
    try:
        marks = read_marks(header.with_suffix(".atr").read_bytes())
    except OSError as error:
        raise DatasetError(f"The annotations of mitdb's record {header.stem} are missing.") from error
    changes = [(mark.sample / record.sampling_rate, mark.text) for mark in marks if mark.text.startswith("(")]
    ends = [start for start, _ in changes[1:]] + [record.duration]
    return [
        MarkedSpan(start, end, MITDB_RHYTHMS.get(text, "other rhythm"))
        for (start, text), end in zip(changes, ends, strict=True)
    ]
