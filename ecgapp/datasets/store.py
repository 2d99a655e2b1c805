"""A dataset store: int16 signals read by record, an index read by column, a JSON manifest."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.columns import Columns, RecordKind, Rows
from ecgapp.datasets.manifest import DAMAGED, MANIFEST, StoreManifest, read_manifest
from ecgapp.datasets.shards import read_records
from ecgapp.errors import DatasetLostError
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.storage.files import sha256_of
from ecgapp.tasks import Task

_BLOCK = 1 << 20  # rows that are checked together


class DatasetStore:
    """One imported data set, read-only; row i is the i-th imported record.

    Opening it reads no rows of the index: columns are memory-mapped, and names, codes and signals are read
    for the requested rows.
    """

    def __init__(self, path: Path, manifest: StoreManifest) -> None:
        self.path, self.manifest = path, manifest
        self._columns = Columns(path, manifest)

    @classmethod
    def open(cls, path: Path) -> "DatasetStore":
        """The store in the folder ``path``.

        Raises:
            DatasetError: another version of the app wrote it.
            DatasetLostError: there is no store, or its parts do not fit together.
        """
        if not (path / MANIFEST).is_file():
            raise DatasetLostError("There is no data set of this name. Import it first.")
        try:
            text = (path / MANIFEST).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise DatasetLostError(DAMAGED) from error
        return cls(path, read_manifest(text))

    def __len__(self) -> int:
        return self.manifest.n_records

    @cached_property
    def _checksums(self) -> dict[str, str]:
        return dict(self.manifest.checksums())

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def folds(self) -> NDArray[np.int16]:
        """Each record's fold, 1-10, 0 = never used."""
        return self._columns.fold

    @property
    def n_samples(self) -> Rows:
        """Each record's length in samples, int64."""
        return self._columns.n_samples

    @property
    def patient_keys(self) -> NDArray[np.uint64]:
        """The hash of 64 bits of each record's patient, the same in all stores."""
        return self._columns.patient

    @property
    def kinds(self) -> tuple[RecordKind, ...]:
        """The distinct combinations of codes, source and derived leads, which are few."""
        return self._columns.kinds

    def kinds_of(self, rows: Rows | None = None) -> NDArray[np.int32]:
        """The index in ``kinds`` of each of ``rows``, by default of all."""
        return self._columns.kinds_of(rows)

    def rows(self, folds: Sequence[int] | None = None) -> Rows:
        """The rows of ``folds``, int64, by default of all, fold 0 included."""
        if folds is None:
            return np.arange(len(self), dtype=np.int64)
        return np.flatnonzero(np.isin(self.folds, list(folds))).astype(np.int64)

    def codes(self, rows: Rows | None = None) -> list[tuple[str, ...]]:
        """The codes of each record, as in ``tasks``; empty for unlabelled ones."""
        codes = [kind.codes for kind in self.kinds]
        return [codes[kind] for kind in self.kinds_of(rows).tolist()]

    def targets(self, task: Task, rows: Rows | None = None) -> NDArray[np.float32]:
        """The targets of ``task`` for ``rows``, float32 (n, n_labels), computed by kind."""
        return self.targets_of_kinds(task)[self.kinds_of(rows)]

    def targets_of_kinds(self, task: Task) -> NDArray[np.float32]:
        """The targets of ``task`` for each of ``kinds``, float32 (n_kinds, n_labels).

        A task asked by source sees all records of the store, so that targets do not depend on the rows.
        """
        return task.targets([kind.codes for kind in self.kinds], [kind.source for kind in self.kinds])

    def sources(self, rows: Rows | None = None) -> list[str]:
        """The source of each record, as its layout names it."""
        return [self.kinds[kind].source for kind in self.kinds_of(rows).tolist()]

    def patients(self, rows: Rows | None = None) -> list[str]:
        """The patient id of each record, as assigned by the app."""
        return self._columns.names("patient_id", rows)

    def record_ids(self, rows: Rows | None = None) -> list[str]:
        """The id of each record."""
        return self._columns.names("record_id", rows)

    def signal(self, i: int) -> FloatArray:
        """The signal of record ``i``, float32 (n_leads, n_samples), in ``manifest.units``."""
        return self._gather(np.array([i], np.int64), int(self.n_samples[i]))[0]

    def record(self, i: int) -> ECGRecord:
        """Record ``i`` as an ``ECGRecord``."""
        row = np.array([i], np.int64)
        kind = self.kinds[int(self.kinds_of(row)[0])]
        return ECGRecord(
            record_id=self.record_ids(row)[0],
            signal=self.signal(i),
            sampling_rate=self.manifest.sampling_rate,
            leads=self.manifest.leads,
            derived=frozenset(kind.derived),
            codes=kind.codes,
            units=self.manifest.units,
        )

    def batches(self, rows: Rows, size: int) -> Iterator[tuple[FloatArray, Rows]]:
        """Yields all of ``rows`` in groups of at most ``size`` records of equal length.

        A group is float32 (k, n_leads, n_samples) with its k rows; shorter records come first.
        """
        if len(rows) == 0:
            return
        lengths = self.n_samples[rows]
        order = np.argsort(lengths, kind="stable")
        distinct, starts = np.unique(lengths[order], return_index=True)
        for length, group in zip(distinct.tolist(), np.split(rows[order], starts[1:]), strict=True):
            for start in range(0, len(group), size):
                chosen = group[start : start + size]
                yield self._gather(chosen, length), chosen

    def verify(self) -> None:
        """Compare every file with its checksum, and every row of the index with its shard.

        Raises:
            DatasetLostError: a file has changed since the import, or the index points to missing records.
        """
        for name, _ in self.manifest.checksums():
            self.verify_file(name)
        for start in range(0, len(self), _BLOCK):
            self._check(np.arange(start, min(start + _BLOCK, len(self))))

    def verify_index(self) -> None:
        """Compare the files of the index with their checksums, reading all of them.

        Raises:
            DatasetLostError: one has changed since the import.
        """
        for file in self.manifest.index:
            self.verify_file(file.name)

    def shards_of(self, rows: Rows) -> tuple[str, ...]:
        """The names of the files with the signals of ``rows``.

        Raises:
            DatasetLostError: a row has no such file.
        """
        numbers = np.unique(self._columns.shard[rows]).tolist()
        if numbers and not 0 <= numbers[0] <= numbers[-1] < len(self.manifest.shards):
            raise DatasetLostError(DAMAGED)
        return tuple(self.manifest.shards[number].signals for number in numbers)

    def verify_file(self, name: str) -> None:
        """Compare one of the store's files with its checksum.

        Raises:
            DatasetLostError: it has changed since the import.
        """
        try:
            actual = sha256_of(self.path / name)
        except OSError as error:
            raise DatasetLostError(DAMAGED) from error
        if actual != self._checksums[name]:
            raise DatasetLostError(DAMAGED)

    def _check(self, rows: Rows) -> None:
        """Check that rows of the index lie inside their shard and have a valid fold."""
        parts, columns = self.manifest.shards, self._columns
        shard, place, lengths = columns.shard[rows], columns.row[rows], self.n_samples[rows]
        if not 0 <= shard.min() <= shard.max() < len(parts):
            raise DatasetLostError(DAMAGED)
        sizes = np.array([part.n for part in parts])[shard]
        longest = np.array([part.n_samples for part in parts])[shard]
        inside = (place >= 0) & (place < sizes) & (lengths > 0) & (lengths <= longest)
        if not inside.all() or not np.isin(self.folds[rows], np.arange(11)).all():
            raise DatasetLostError(DAMAGED)
        self.kinds_of(rows)

    def _gather(self, rows: Rows, length: int) -> FloatArray:
        """The signals of ``rows``, all of ``length`` samples, which lie in shards of one length."""
        shards, places = self._columns.shard[rows], self._columns.row[rows]
        if not 0 <= shards.min() <= shards.max() < len(self.manifest.shards):
            raise DatasetLostError(DAMAGED)
        longest = self.manifest.shards[int(shards[0])].n_samples
        if not 0 < length <= longest:
            raise DatasetLostError(DAMAGED)
        steps = np.empty((len(rows), len(self.manifest.leads), longest), dtype="<i2")
        order = np.argsort(shards, kind="stable")
        numbers, starts = np.unique(shards[order], return_index=True)
        for number, chosen in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
            shard = self.manifest.shards[number]
            read_records(self.path / shard.signals, shard, places[chosen], steps, chosen)
        batch: FloatArray = steps[:, :, :length] * self._columns.scale[rows][:, :, None]
        return batch
