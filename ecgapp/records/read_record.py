"""Reads the files of one ECG into an ``ECGRecord``."""

from collections.abc import Sequence
from pathlib import Path

from ecgapp.errors import CorruptRecordError, IncompleteRecordError, RecordError, UnsupportedRecordError
from ecgapp.records.leads import complete_leads
from ecgapp.records.record import ECGRecord
from ecgapp.records.wfdb_reader import read_header, read_wfdb

HEADER = ".hea"
SIGNAL_FILES = frozenset({".dat", ".mat"})


def read_record(files: Sequence[Path], record_id: str | None = None) -> ECGRecord:
    """Read the files of one record, given in any order; signal files may also lie beside the header.

    ``record_id`` is an id of ours; by default a random one. Missing limb leads that follow from I and II
    are added and marked as derived.

    Raises:
        RecordError: one sentence says what is wrong and what to do. No other exception is raised, whatever
            the files contain.
    """
    if not files:
        raise IncompleteRecordError(
            "No file was chosen. Choose a record's .hea file together with its signal file."
        )
    headers = [path for path in files if path.suffix.lower() == HEADER]
    if not headers:
        raise _without_header(files)
    try:
        header = headers[0] if len(headers) == 1 else _master(headers)
        return complete_leads(read_wfdb(header, files, record_id))
    except OSError:
        raise CorruptRecordError(
            "The files cannot be read from this disk. Copy them again and retry."
        ) from None
    except MemoryError:
        raise UnsupportedRecordError("The record is too long for this machine's memory.") from None


def _without_header(files: Sequence[Path]) -> RecordError:
    if any(path.suffix.lower() in SIGNAL_FILES for path in files):
        return IncompleteRecordError(
            "The signal file's header is missing. Choose the .dat or .mat file together with its .hea file."
        )
    return UnsupportedRecordError(
        "This kind of file is not read here. Choose a .hea file with its .dat or .mat file."
    )


def _master(headers: Sequence[Path]) -> Path:
    """The header of a multi-segment record among ``headers``."""
    masters = [path for path in headers if read_header(path).segments]
    if len(masters) != 1:
        raise UnsupportedRecordError("These files belong to several records. Open one record at a time.")
    return masters[0]
