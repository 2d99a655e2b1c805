"""The source of records to score: a folder of ECG files, or an imported data set."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store, store_names
from ecgapp.datasets.manifest import MANIFEST
from ecgapp.errors import RecordError, ScoringError
from ecgapp.records import ECGRecord
from ecgapp.records.grouping import FolderFile, Group, grouped, in_folder
from ecgapp.records.read_record import HEADER

FOLDER, STORE = "folder", "store"
CHANGED = "The records have changed since their scoring began. Score them again into a new folder."
_NOT_THERE = "There is no folder and no data set of this name. Check the path."


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """One record of a source: its number from 1, and its name, the path below the folder without suffix.

    ``files`` are names below the folder with sizes in bytes; empty for a record of a data set, whose
    ``name`` is its id there.
    """

    number: int
    name: str
    files: tuple[tuple[str, int], ...] = ()


class ScoringSource(Protocol):
    """A folder or a data set, from which records are listed and read; it can be sent to another process."""

    @property
    def kind(self) -> str:
        """``FOLDER`` or ``STORE``."""

    @property
    def path(self) -> Path:
        """The folder, or that of the data set."""

    def digest(self) -> str:
        """A sha256 that changes if the source changes.

        Raises:
            EcgAppError: the source is gone or damaged.
        """

    def listed(self) -> Iterator[ListedRecord]:
        """Yields all records in the order of their numbers.

        Raises:
            EcgAppError: the source is gone or damaged.
        """

    def verify(self, records: Sequence[ListedRecord]) -> None:
        """Check the files of ``records`` before they are read.

        Raises:
            EcgAppError: they have changed.
        """

    def read(self, record: ListedRecord) -> ECGRecord:
        """Read one record.

        Raises:
            EcgAppError: it cannot be read; one sentence says why.
        """


@dataclass(frozen=True)
class FolderSource:
    """All files in ``path`` and below it, grouped into records as the worklist groups them."""

    path: Path
    uploads: Path  # where packed files are staged
    kind: str = FOLDER

    def digest(self) -> str:
        """The sha256 over names, sizes and modification times of all files."""
        state = hashlib.sha256()
        for file in sorted(self._files(), key=lambda file: file.name):
            state.update(f"{file.name}\0{file.size}\0{file.modified}\n".encode("utf-8", "surrogateescape"))
        return state.hexdigest()

    def listed(self) -> Iterator[ListedRecord]:
        """Yields the records in the order of their names."""
        for number, group in enumerate(grouped(self._files(), any_number=True), start=1):
            names = [(file.name, file.size) for file in group.files]
            yield ListedRecord(number, _name(names), tuple(names))

    def _files(self) -> list[FolderFile]:
        try:
            files = in_folder(str(self.path), any_number=True)
        except RecordError as error:
            raise ScoringError(_NOT_THERE) from error
        return [file for file in files if isinstance(file, FolderFile)]

    def verify(self, records: Sequence[ListedRecord]) -> None:
        """Raise an error where a file no longer has its size, or is gone."""
        for name, size in (file for record in records for file in record.files):
            path = self.path / name
            if not path.is_file() or path.stat().st_size != size:
                raise ScoringError(CHANGED)

    def read(self, record: ListedRecord) -> ECGRecord:
        """The record that its files make up."""
        files = tuple(FolderFile(self.path / name, name, size) for name, size in record.files)
        return Group("", files).read(self.uploads)


def _name(files: Sequence[tuple[str, int]]) -> str:
    """The path without suffix of a record's header, else of its first file."""
    headers = [name for name, _ in files if PurePosixPath(name).suffix.lower() == HEADER]
    return PurePosixPath(min(headers) if headers else files[0][0]).with_suffix("").as_posix()


@dataclass(frozen=True)
class StoreSource:
    """The records of the data set at ``path``, in the order of their import."""

    path: Path
    store: DatasetStore
    kind: str = STORE

    def digest(self) -> str:
        """The sha256 over the checksums of the data set's files."""
        return self.store.manifest.digest

    def listed(self) -> Iterator[ListedRecord]:
        """Yields the records by their ids in the data set."""
        self.store.verify_index()
        names = enumerate(self.store.record_ids(), start=1)
        return (ListedRecord(number, name) for number, name in names)

    def verify(self, records: Sequence[ListedRecord]) -> None:
        """Compare the files that hold the signals of ``records`` with their checksums."""
        rows = np.array([record.number - 1 for record in records], np.int64)
        for name in self.store.shards_of(rows):
            self.store.verify_file(name)

    def read(self, record: ListedRecord) -> ECGRecord:
        """The record in its row of the data set."""
        return self.store.record(record.number - 1)

    def __reduce__(self) -> tuple[object, ...]:
        """Copies in other processes open the data set themselves."""
        return _opened, (self.path,)


def _opened(path: Path) -> StoreSource:
    return StoreSource(path, DatasetStore.open(path))


def open_source(name: str, settings: Settings) -> ScoringSource:
    """The data set called ``name`` or at this path, else the folder at this path.

    Raises:
        ScoringError: there is neither.
        DatasetError: the data set is damaged.
    """
    path = Path(name).expanduser()
    if name in store_names(settings) or (path / MANIFEST).is_file():
        store = open_store(name, settings)
        return StoreSource(store.path, store)
    if not path.is_dir():
        raise ScoringError(_NOT_THERE)
    return FolderSource(path.resolve(), settings.uploads)
