"""The waves that cardiologists marked by hand in the Lobachevsky database, lead by lead."""

from dataclasses import dataclass
from pathlib import Path

from ecgapp.datasets.layouts.layout import ImportOptions
from ecgapp.datasets.layouts.ludb import ludb
from ecgapp.errors import DatasetError
from ecgapp.records.record import ECGRecord
from ecgapp.records.waves import Wave
from ecgapp.records.wfdb_annotations import read_marks, waves_of


@dataclass(frozen=True, eq=False)
class MarkedRecord:
    """A record, its patient's fold, and the waves of each of its leads in order of time.

    Marks begin with one QRS complex and end with another: nothing is known before the first wave of a
    lead and behind its last one. A lead whose marks are not whole has no waves.
    """

    record: ECGRecord
    fold: int
    waves: tuple[tuple[Wave, ...], ...]


def marked_records(source: Path) -> list[MarkedRecord]:
    """Every record of the unpacked database in ``source`` that has marks, in the order of its names.

    Raises:
        DatasetError: the folder is not the database, or holds no marks.
        RecordError: a record cannot be read.
    """
    scan = ludb.scan(source, ImportOptions())
    marked = []
    for entry in scan.entries:
        record = scan.read(entry.where)
        stem = source / "data" / entry.record_id.removeprefix("ludb/")
        files = [stem.with_suffix(f".{lead.lower()}") for lead in record.leads]
        if all(file.is_file() for file in files):
            waves = tuple(waves_of(read_marks(file.read_bytes()), record.sampling_rate) for file in files)
            marked.append(MarkedRecord(record, entry.fold, waves))
    if not marked:
        raise DatasetError("The database holds no marks. Unpack it with its files .i, .ii and so on.")
    return marked
