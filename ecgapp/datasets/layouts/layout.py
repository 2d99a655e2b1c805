"""The interface of source layouts: the records to read, and the meaning of their numbers."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ecgapp.datasets.membership import Membership
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.records.record import LEADS, ECGRecord

NO_FILES = "The record's files are missing."
_UNREADABLE = "The table of records cannot be read as CSV. Save it again as CSV in UTF-8."
_LINES = 10_000  # of a table, read at a time


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import; None leaves the choice to the layout.

    ``sampling_rate`` is in Hz; records of another rate are resampled. ``leads`` are the stored ones.
    ``workers`` processes read in parallel; 0 chooses their number. The store is the same for any number.
    """

    sampling_rate: float | None = None
    leads: tuple[str, ...] | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        if self.sampling_rate is not None and not 10 <= self.sampling_rate <= 10_000:
            raise ConfigError("The sampling rate must lie between 10 and 10,000 Hz.")
        if self.leads is not None and (not self.leads or len(set(self.leads)) != len(self.leads)):
            raise ConfigError("Choose at least one lead, each once.")
        if self.workers < 0:
            raise ConfigError("At least one process must read the records.")


Read = Callable[[str], ECGRecord]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a source: its ids and fold, and ``where``, the argument of ``Scan.read``.

    ``codes`` None means those in the record's own file. ``state`` is ``files_state`` of its files.
    """

    record_id: str
    patient_id: str
    fold: int
    source: str
    where: str
    codes: tuple[str, ...] | None = None
    state: int = 0

    def member(self, record: ECGRecord) -> Membership:
        """The index entry of this record once it is read as ``record``."""
        codes = record.codes if self.codes is None else self.codes
        return Membership(self.record_id, self.patient_id, self.fold, codes, self.source)


@dataclass(frozen=True)
class Scan:
    """The records of a source folder according to a layout, before any record is read.

    ``entries`` can be iterated once; errors of a table may be raised only then. ``read`` returns the record
    of an entry's ``where`` or raises ``RecordError``. It must be picklable: a function of a module, or a
    ``partial`` of one.
    """

    entries: Iterable[Entry]
    read: Read
    sampling_rate: float  # Hz, of the store
    licence: str
    leads: tuple[str, ...] = LEADS
    units: str = "mV"
    label_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)  # unusable records by reason
    private: bool = False  # whether patients get pseudonyms


@dataclass(frozen=True)
class SourceLayout:
    """An arrangement of ECGs in folders; ``scan`` refuses a folder with another layout.

    ``first_code_leads``: each record's codes are in the publisher's order, the main diagnosis first.
    """

    name: str
    title: str
    scan: Callable[[Path, ImportOptions], Scan]
    first_code_leads: bool = False


LAYOUTS: dict[str, SourceLayout] = {}


def register_layout(
    name: str, title: str, first_code_leads: bool = False
) -> Callable[[Callable[[Path, ImportOptions], Scan]], SourceLayout]:
    """A decorator that registers a layout's ``scan`` under ``name``; a repeated name is an error."""

    def register(scan: Callable[[Path, ImportOptions], Scan]) -> SourceLayout:
        if name in LAYOUTS:
            raise ConfigError(f"There are two layouts named {name}.")
        LAYOUTS[name] = SourceLayout(name, title, scan, first_code_leads)
        return LAYOUTS[name]

    return register


def files_state(*paths: Path) -> int:
    """A hash of 64 bits of the sizes and modification times of these files, which may be missing."""
    return state_of_stats([_stat(path) for path in paths])


def state_of_stats(stats: Sequence[os.stat_result | None]) -> int:
    """A hash of 64 bits of the sizes and modification times in ``stats``; None for a missing file."""
    values = [(stat.st_size, stat.st_mtime_ns) if stat else None for stat in stats]
    return int.from_bytes(hashlib.blake2b(repr(values).encode(), digest_size=8).digest(), "little")


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # it is missing, or its name is invalid
        return None


def sorted_folders(folder: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Yields ``folder`` and all below it in the order of their paths, each with its files by name.

    One folder's names are in memory at a time. Links to folders are not followed, and folders without
    permission to read are left out.
    """
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except PermissionError:
        return
    yield folder, [entry for entry in entries if entry.is_file()]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from sorted_folders(folder / entry.name)


def table_pieces(path: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yields these columns of the CSV file ``path`` as text, some thousands of lines at a time.

    Empty cells are "".

    Raises:
        DatasetError: the file is no CSV table, or a column is missing.
    """
    wanted = set(columns)
    try:
        with pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            usecols=lambda name: name in wanted,
            chunksize=_LINES,
        ) as pieces:
            for piece in pieces:
                _require(piece, columns)
                yield piece
    except (OSError, ValueError) as error:  # pandas' parser and decoder errors are ValueErrors
        raise DatasetError(_UNREADABLE) from error


def read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The CSV file ``path`` as text, empty cells as ""; it must have ``columns``.

    Raises:
        DatasetError: it is no CSV table, or a column is missing.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DatasetError(_UNREADABLE) from error
    _require(table, columns)
    return table


def _require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DatasetError(f"The table of records has no column {', '.join(missing)}. Choose another folder.")


def whole_numbers(table: pd.DataFrame, column: str) -> list[int]:
    """A column of ids or folds as whole numbers; PTB-XL writes its patients as 15709.0.

    Raises:
        DatasetError: a cell is not a whole number.
    """
    numbers = pd.to_numeric(table[column], errors="coerce")
    if numbers.isna().any() or (numbers % 1 != 0).any():
        raise DatasetError(
            f"The table's column {column} must hold whole numbers only. Correct it and try again."
        )
    return [int(number) for number in numbers]
