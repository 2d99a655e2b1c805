"""A dataset store: memory-mapped int16 signals, a Parquet index, a JSON manifest."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecgapp import documents
from ecgapp.config import Settings
from ecgapp.datasets.manifest import INDEX, MANIFEST, Shard, StoreManifest
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.files import sha256_of
from ecgapp.records.record import ECGRecord, FloatArray

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
DAMAGED = "The data set is damaged or incomplete. Import it again."

Rows = NDArray[np.int64]


class DatasetStore:
    """One imported data set, read-only. ``index`` has a row for each record, in order of import:
    record_id, patient_id, fold (1-10, 0 = never used), codes, source, n_samples, duration (s),
    derived, shard, row.
    """

    def __init__(self, path: Path, manifest: StoreManifest, index: pd.DataFrame) -> None:
        self.path, self.manifest, self.index = path, manifest, index
        self._lengths = index["n_samples"].to_numpy(np.int64)
        self._shard_of = index["shard"].to_numpy(np.int64)
        self._row_of = index["row"].to_numpy(np.int64)
        self._mapped: dict[int, tuple[NDArray[np.int16], FloatArray]] = {}

    @classmethod
    def open(cls, path: Path) -> "DatasetStore":
        """The store in the folder ``path``; signals are mapped when first asked for.

        Raises:
            DatasetError: there is none, or its parts do not fit together.
        """
        if not (path / MANIFEST).is_file():
            raise DatasetError("There is no data set of this name. Import it first.")
        try:
            manifest = documents.load(StoreManifest, (path / MANIFEST).read_text("utf-8"))
            index = pd.read_parquet(path / INDEX)
            store = cls(path, manifest, index)
        except (ConfigError, OSError, ValueError, KeyError) as error:
            raise DatasetError(DAMAGED) from error
        if len(index) != manifest.n_records or not store._rows_exist():
            raise DatasetError(DAMAGED)
        return store

    def __len__(self) -> int:
        return self.manifest.n_records

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def folds(self) -> NDArray[np.int16]:
        """Each record's fold, 1-10, 0 = never used."""
        folds: NDArray[np.int16] = self.index["fold"].to_numpy(np.int16)
        return folds

    @property
    def n_samples(self) -> Rows:
        """Each record's length in samples, int64."""
        return self._lengths

    def rows(self, folds: Sequence[int] | None = None) -> Rows:
        """The rows of these folds, int64, or all of them, fold 0 included."""
        if folds is None:
            return np.arange(len(self), dtype=np.int64)
        return np.flatnonzero(self.index["fold"].isin(list(folds))).astype(np.int64)

    def codes(self, rows: Rows | None = None) -> list[tuple[str, ...]]:
        """What is known of each record, as coded in ``tasks``; empty where it is unlabelled."""
        column = self.index["codes"]
        return [tuple(codes) for codes in (column if rows is None else column.iloc[rows])]

    def signal(self, i: int) -> FloatArray:
        """Record ``i``'s signal, float32 (n_leads, n_samples), in ``manifest.units``."""
        steps, scales = self._shard(int(self._shard_of[i]))
        row = int(self._row_of[i])
        valid: FloatArray = steps[row, :, : self._lengths[i]] * scales[row][:, None]
        return valid

    def record(self, i: int) -> ECGRecord:
        """Record ``i`` as readers give it."""
        line = self.index.iloc[i]
        return ECGRecord(
            record_id=str(line["record_id"]),
            signal=self.signal(i),
            sampling_rate=self.manifest.sampling_rate,
            leads=self.manifest.leads,
            derived=frozenset(line["derived"]),
            codes=tuple(line["codes"]),
            units=self.manifest.units,
        )

    def batches(self, rows: Rows, size: int) -> Iterator[tuple[FloatArray, Rows]]:
        """All of ``rows`` in groups of at most ``size`` records of equal length.

        Yields float32 (k, n_leads, n_samples) and the k rows it holds; shorter records first.
        """
        lengths = self._lengths[rows]
        for length in np.unique(lengths):
            group = rows[lengths == length]
            for start in range(0, len(group), size):
                chosen = group[start : start + size]
                yield self._gather(chosen, int(length)), chosen

    def verify(self) -> None:
        """Compare every file with its checksum; reads the whole store.

        Raises:
            DatasetError: a file has changed since the import.
        """
        expected = {INDEX: self.manifest.index_sha256}
        for part in self.manifest.shards:
            expected |= {part.signals: part.signals_sha256, part.scales: part.scales_sha256}
        for name, digest in expected.items():
            if not (self.path / name).is_file() or sha256_of(self.path / name) != digest:
                raise DatasetError(DAMAGED)

    def _gather(self, rows: Rows, length: int) -> FloatArray:
        batch = np.empty((len(rows), len(self.manifest.leads), length), dtype=np.float32)
        shards = self._shard_of[rows]
        for number in np.unique(shards):
            here = np.flatnonzero(shards == number)
            steps, scales = self._shard(int(number))
            local = self._row_of[rows[here]]
            batch[here] = steps[local, :, :length] * scales[local][:, :, None]
        return batch

    def _shard(self, number: int) -> tuple[NDArray[np.int16], FloatArray]:
        if number not in self._mapped:
            self._mapped[number] = _map(self.path, self.manifest.shards[number], len(self.manifest.leads))
        return self._mapped[number]

    def _rows_exist(self) -> bool:
        """Whether each line of the index points to a record that its shard holds."""
        parts = self.manifest.shards
        if len(self) == 0 or not 0 <= self._shard_of.min() <= self._shard_of.max() < len(parts):
            return False
        sizes = np.array([part.n for part in parts])[self._shard_of]
        longest = np.array([part.n_samples for part in parts])[self._shard_of]
        inside = (self._row_of >= 0) & (self._row_of < sizes)
        return bool((inside & (self._lengths > 0) & (self._lengths <= longest)).all())


def open_store(name: str, settings: Settings) -> DatasetStore:
    """The data set called ``name`` under ``settings.stores``, or the one at the path ``name``.

    Raises:
        DatasetError: there is none, or it is damaged.
    """
    known = name in store_names(settings)
    return DatasetStore.open(settings.stores / name if known else Path(name))


def store_path(name: str, settings: Settings) -> Path:
    """Where the data set called ``name`` is, or will be.

    Raises:
        DatasetError: the name could lead elsewhere, or is no name.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError("Name the data set with up to 64 letters, digits, dots, dashes or underscores.")
    return settings.stores / name


def store_names(settings: Settings) -> tuple[str, ...]:
    """The imported data sets, sorted."""
    found = settings.stores.glob(f"*/{MANIFEST}")
    return tuple(sorted(path.parent.name for path in found if not path.parent.name.startswith(".")))


def delete_store(name: str, settings: Settings) -> None:
    """Remove the data set called ``name``; it is gone at once, also if the removal is interrupted.

    Raises:
        DatasetError: there is none.
    """
    if name not in store_names(settings):
        raise DatasetError("There is no data set of this name.")
    hidden = settings.stores / f".importing-{os.getpid()}-{name}"  # the next import sweeps what a kill leaves
    (settings.stores / name).rename(hidden)
    shutil.rmtree(hidden)


def _map(path: Path, part: Shard, n_leads: int) -> tuple[NDArray[np.int16], FloatArray]:
    try:
        steps = np.load(path / part.signals, mmap_mode="r", allow_pickle=False)
        scales = np.load(path / part.scales, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DatasetError(DAMAGED) from error
    fits = steps.shape == (part.n, n_leads, part.n_samples) and scales.shape == (part.n, n_leads)
    if not fits or steps.dtype != np.int16 or scales.dtype != np.float32:
        raise DatasetError(DAMAGED)
    return steps, scales
