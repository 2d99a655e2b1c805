"""The real 12-lead ECGs that quality is judged on, from unpacked archives, fold by fold."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ecgapp.datasets.challenge import challenge
from ecgapp.datasets.layout import ImportOptions
from ecgapp.datasets.ludb import ludb
from ecgapp.datasets.ptbxl import ptb_xl
from ecgapp.records import ECGRecord

SOURCES = {"ptb-xl": ptb_xl, "challenge2021": challenge, "ludb": ludb}
FITTED = range(1, 8)  # folds on which limits were chosen; patient-wise in each source
JUDGED = range(8, 11)  # and those on which they are judged


@dataclass(frozen=True, eq=False)
class RealECG:
    """One record, which source it is from, and what is said of it there."""

    source: str
    record_id: str
    record: ECGRecord
    codes: tuple[str, ...]


def records(
    folder: Path, folds: Collection[int], sources: Collection[str] = tuple(SOURCES)
) -> Iterator[RealECG]:
    """The records of these folds, source by source.

    The challenge's PTB-XL records have unknown patients, so they are in none.

    Raises:
        EcgAppError: a source is not there, or cannot be read.
    """
    for source in sources:
        scan = SOURCES[source].scan(folder / source, ImportOptions())
        for entry in scan.entries:
            if entry.fold in folds:
                record = scan.read(entry.where)
                yield RealECG(source, entry.record_id, record, (*(entry.codes or ()), *record.codes))
