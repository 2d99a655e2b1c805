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

    Marks begin and end with a QRS complex: waves before the first and behind the last one are unknown. A
    lead with incomplete marks has no waves.
    """

    record: ECGRecord
    fold: int
    waves: tuple[tuple[Wave, ...], ...]


def marked_records(source: Path) -> list[MarkedRecord]:
    """All records of the unpacked database in ``source`` that have marks, in the order of their names.

    Raises:
        DatasetError: the folder is not the database, or has no marks.
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
