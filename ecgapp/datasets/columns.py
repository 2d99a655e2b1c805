"""The index of a store: everything about each record except its signal.

Values of fixed size lie in ``.npy`` columns, which are memory-mapped. Strings that many records share
(codes, source, derived leads) are stored once as a *kind*; a column has the number of each record's
kind. The names of records and patients lie in Parquet and are read for the requested rows.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ecgapp.datasets.manifest import DAMAGED, StoreManifest
from ecgapp.errors import DatasetLostError
from ecgapp.records.record import FloatArray

NAMES, KINDS = "names.parquet", "kinds.parquet"
COLUMNS: dict[str, np.dtype[Any]] = {
    "fold": np.dtype("<i2"),
    "n_samples": np.dtype("<i8"),
    "shard": np.dtype("<i4"),
    "row": np.dtype("<i4"),  # within the shard
    "kind": np.dtype("<i4"),
    "patient": np.dtype("<u8"),  # ``patient_key``
    "scale": np.dtype("<f4"),  # (n_records, n_leads)
}

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, pa.ArrowException)

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class RecordKind:
    """The values that records of one source with equal labels share."""

    codes: tuple[str, ...]
    source: str
    derived: tuple[str, ...]


def patient_key(patient_id: str) -> int:
    """A hash of 64 bits for a patient; among a million patients two agree with a probability of 10^-7."""
    return int.from_bytes(hashlib.blake2b(patient_id.encode(), digest_size=8).digest(), "little")


def column_file(name: str) -> str:
    """The file name of one of ``COLUMNS``."""
    return f"{name}.npy"


class Columns:
    """The index of the store in ``folder``, read-only; opening it reads no rows.

    Raises:
        DatasetLostError: a file is missing or does not have the size in the manifest.
    """

    def __init__(self, folder: Path, manifest: StoreManifest) -> None:
        self._folder, self._n = folder, manifest.n_records
        sizes = {file.name: file.size for file in manifest.index}
        if set(sizes) != {NAMES, KINDS, *map(column_file, COLUMNS)}:
            raise DatasetLostError(DAMAGED)
        try:
            if any((folder / name).stat().st_size != size for name, size in sizes.items()):
                raise DatasetLostError(DAMAGED)
            columns = {name: _map(folder / column_file(name)) for name in COLUMNS}
        except (OSError, ValueError) as error:
            raise DatasetLostError(DAMAGED) from error
        for name, column in columns.items():
            shape = (self._n, len(manifest.leads)) if name == "scale" else (self._n,)
            if column.shape != shape or column.dtype != COLUMNS[name]:
                raise DatasetLostError(DAMAGED)
        self.fold: NDArray[np.int16] = columns["fold"]
        self.n_samples: Rows = columns["n_samples"]
        self.shard: NDArray[np.int32] = columns["shard"]
        self.row: NDArray[np.int32] = columns["row"]
        self.kind: NDArray[np.int32] = columns["kind"]
        self.patient: NDArray[np.uint64] = columns["patient"]
        self.scale: FloatArray = columns["scale"]

    @cached_property
    def kinds(self) -> tuple[RecordKind, ...]:
        """All distinct kinds, read on first use.

        Raises:
            DatasetLostError: the file is damaged.
        """
        try:
            table = pq.read_table(self._folder / KINDS).to_pydict()
            lines = zip(table["codes"], table["source"], table["derived"], strict=True)
            return tuple(RecordKind(tuple(codes), source, tuple(derived)) for codes, source, derived in lines)
        except _UNREADABLE as error:
            raise DatasetLostError(DAMAGED) from error

    def kinds_of(self, rows: Rows | None) -> NDArray[np.int32]:
        """The index in ``kinds`` of each of ``rows``.

        Raises:
            DatasetLostError: the column names a kind that does not exist.
        """
        numbers = self.kind if rows is None else self.kind[rows]
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(self.kinds):
            raise DatasetLostError(DAMAGED)
        return numbers

    def names(self, column: str, rows: Rows | None = None) -> list[str]:
        """The ``record_id`` or ``patient_id`` of ``rows``; only their row groups are read.

        Raises:
            DatasetLostError: the file is damaged.
        """
        try:
            with pq.ParquetFile(self._folder / NAMES, metadata=self._names[0]) as file:
                if rows is None:
                    return list(file.read([column])[column].to_pylist())
                return _picked(file, column, np.asarray(rows, np.int64), self._names[1])
        except _UNREADABLE as error:
            raise DatasetLostError(DAMAGED) from error

    @cached_property
    def _names(self) -> tuple[Any, Rows]:
        """The file's metadata, and the first row of each of its row groups."""
        metadata = pq.read_metadata(self._folder / NAMES)
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        if sum(sizes) != self._n:
            raise DatasetLostError(DAMAGED)
        return metadata, np.cumsum([0, *sizes])[:-1].astype(np.int64)


def _map(path: Path) -> NDArray[Any]:
    """A plain array over the memory-mapped file, because indexing an ``np.memmap`` is slower."""
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _picked(file: pq.ParquetFile, column: str, rows: Rows, starts: Rows) -> list[str]:
    groups = np.searchsorted(starts, rows, side="right") - 1
    result: list[str] = [""] * len(rows)
    for group in np.unique(groups):
        places = np.flatnonzero(groups == group)
        names = file.read_row_group(int(group), columns=[column])[column]
        picked = names.take(pa.array(rows[places] - starts[group]))
        for place, name in zip(places.tolist(), picked.to_pylist(), strict=True):
            result[place] = name
    return result


def kinds_table(kinds: Sequence[RecordKind]) -> pa.Table:
    """A table of ``kinds`` for ``Columns``."""
    texts = pa.list_(pa.string())
    return pa.table(
        {
            "codes": pa.array([list(kind.codes) for kind in kinds], texts),
            "source": pa.array([kind.source for kind in kinds], pa.string()),
            "derived": pa.array([list(kind.derived) for kind in kinds], texts),
        }
    )
