"""What every layout gives the importer: the records to read, and what their numbers mean."""

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
_LINES = 10_000  # of a table that are read at a time


@dataclass(frozen=True)
class ImportOptions:
    """What a user may choose; None leaves the choice to the layout.

    ``sampling_rate`` in Hz: records of another rate are resampled. ``leads`` are the ones stored.
    ``workers`` processes read side by side; 0: as many as pay. The store is the same for any number.
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
    """One record of a source: who it belongs to, and where it is, in words that ``Scan.read`` understands.

    ``codes`` None takes those that the record's own file holds. ``state`` is ``files_state`` of the files
    that are read for it.
    """

    record_id: str
    patient_id: str
    fold: int
    source: str
    where: str
    codes: tuple[str, ...] | None = None
    state: int = 0

    def member(self, record: ECGRecord) -> Membership:
        """The index line of this entry once ``record`` is read."""
        codes = record.codes if self.codes is None else self.codes
        return Membership(self.record_id, self.patient_id, self.fold, codes, self.source)


@dataclass(frozen=True)
class Scan:
    """A source folder as a layout understands it; nothing is read yet but its tables.

    ``entries`` are made as they are asked for, once, and what is wrong with a table may be found only then.
    ``read`` turns the ``where`` of one into its record or raises ``RecordError``. It must travel to another
    process: a function of a module, or a ``partial`` of one.
    """

    entries: Iterable[Entry]
    read: Read
    sampling_rate: float  # Hz, of the store
    licence: str
    leads: tuple[str, ...] = LEADS
    units: str = "mV"
    label_columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)  # found unusable while scanning
    private: bool = False  # patients get ids of ours


@dataclass(frozen=True)
class Layout:
    """A way in which ECGs lie in folders; ``scan`` refuses a folder that is not of this layout."""

    name: str
    title: str
    scan: Callable[[Path, ImportOptions], Scan]


LAYOUTS: dict[str, Layout] = {}


def register_layout(name: str, title: str) -> Callable[[Callable[[Path, ImportOptions], Scan]], Layout]:
    """Decorate a layout's ``scan`` to list it under ``name``; a doubled name is an error."""

    def register(scan: Callable[[Path, ImportOptions], Scan]) -> Layout:
        if name in LAYOUTS:
            raise ConfigError(f"There are two layouts named {name}.")
        LAYOUTS[name] = Layout(name, title, scan)
        return LAYOUTS[name]

    return register


def files_state(*paths: Path) -> int:
    """64 bits that change with the size or the time of change of any of these files, there or not."""
    return state_of_stats([_stat(path) for path in paths])


def state_of_stats(stats: Sequence[os.stat_result | None]) -> int:
    """The same of files that were looked at already."""
    said = [(stat.st_size, stat.st_mtime_ns) if stat else None for stat in stats]
    return int.from_bytes(hashlib.blake2b(repr(said).encode(), digest_size=8).digest(), "little")


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (OSError, ValueError):  # it is missing, or its name is none
        return None


def sorted_folders(folder: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """``folder`` and all below it in the order of their paths, each with its files by name.

    One folder's names are held at a time. Links to folders are not followed, and folders that may
    not be read are left out.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except PermissionError:
        return
    yield folder, [entry for entry in entries if entry.is_file()]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from sorted_folders(folder / entry.name)


def table_pieces(path: Path, columns: Sequence[str]) -> Iterator[pd.DataFrame]:
    """These columns of the CSV file ``path`` as text, empty cells as "", some thousands of lines at a time.

    Raises:
        DatasetError: it is no CSV table, or a column is missing.
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
    """All of the CSV file ``path`` as text, empty cells as ""; it must hold ``columns``.

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
    """A column of ids or folds; PTB-XL writes its patients as 15709.0.

    Raises:
        DatasetError: a cell is not a whole number.
    """
    numbers = pd.to_numeric(table[column], errors="coerce")
    if numbers.isna().any() or (numbers % 1 != 0).any():
        raise DatasetError(
            f"The table's column {column} must hold whole numbers only. Correct it and try again."
        )
    return [int(number) for number in numbers]
