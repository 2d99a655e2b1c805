"""Complete parts become a store: one index over all of them, and the manifest that makes it a store.

It goes through the parts one after another, and keeps none of them in memory.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ecgapp.datasets.columns import COLUMNS, KINDS, NAMES, RecordKind, column_file, kinds_table, patient_key
from ecgapp.datasets.importing.part import PartNote, lines_file
from ecgapp.datasets.importing.repeats import Owners, owners_of
from ecgapp.datasets.manifest import MANIFEST, IndexFile, StoreManifest
from ecgapp.storage import documents
from ecgapp.storage.files import sha256_of, write_atomically

MAX_REASONS = 20  # different reasons of refusal that are counted apart
OTHER = "Another reason."
PARTS_IN_MEMORY = 8  # whose patients and folds are kept while repeats of their records are met


def assemble(folder: Path, notes: Sequence[PartNote], manifest: StoreManifest) -> StoreManifest:
    """Make the parts in ``folder``, in this order, a store; ``manifest`` says all but the files.

    Done again after a kill, it gives the same store.

    Raises:
        OSError: the disk is full.
    """
    shards = tuple(shard for note in notes for shard in note.shards)
    _write_index(folder, notes, len(manifest.leads))
    names = (NAMES, KINDS, *map(column_file, COLUMNS))
    complete = replace(
        manifest,
        n_records=sum(note.n_read for note in notes),
        shards=shards,
        index=tuple(_described(folder / name) for name in names),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        refused=merged([manifest.refused, *(note.refused for note in notes)]),
    )
    write_atomically(folder / MANIFEST, documents.dump(complete).encode())
    return complete


def merged(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    """Reasons of refusal added up, most frequent first; rare ones of many share a line."""
    total: Counter[str] = Counter()
    for part in counts:
        for reason, n in part.items():
            total[reason if reason in total or len(total) < MAX_REASONS else OTHER] += n
    return dict(total.most_common())


class _Column:
    """A ``.npy`` file that grows by appending; a full disk is an error, not a signal as with a map."""

    def __init__(self, folder: Path, name: str, shape: tuple[int, ...]) -> None:
        self._dtype = COLUMNS[name]
        self._file: BinaryIO = (folder / column_file(name)).open("wb")
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, header)

    def __enter__(self) -> "_Column":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, values: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(values, self._dtype).data)

    def sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _write_index(folder: Path, notes: Sequence[PartNote], n_leads: int) -> None:
    kinds: dict[RecordKind, int] = {}
    n = sum(note.n_read for note in notes)
    with ExitStack() as stack:
        owners = stack.enter_context(owners_of(_digests(folder, notes), n, folder))
        columns = {
            name: stack.enter_context(_Column(folder, name, (n, n_leads) if name == "scale" else (n,)))
            for name in COLUMNS
        }
        texts = pa.schema([("record_id", pa.string()), ("patient_id", pa.string())])
        names = stack.enter_context(pq.ParquetWriter(folder / NAMES, texts, use_dictionary=False))
        for lines, first_shard in _owned(_pieces(folder, notes), owners, _Originals(folder, notes)):
            numbers = _numbers(lines, first_shard, kinds)
            for name, column in columns.items():
                column.append(numbers[name])
            names.write_table(lines.select(["record_id", "patient_id"]), row_group_size=len(lines))
        for column in columns.values():
            column.sync()
    pq.write_table(kinds_table(list(kinds)), folder / KINDS)


def _pieces(folder: Path, notes: Sequence[PartNote]) -> Iterator[tuple[pa.Table, int]]:
    """Each part's lines, and the number of shards before it."""
    first_shard = 0
    for note in notes:
        if note.n_read:
            yield pq.read_table(folder / lines_file(note.number)), first_shard
        first_shard += len(note.shards)


def _digests(folder: Path, notes: Sequence[PartNote]) -> Iterator[NDArray[np.uint64]]:
    """The digests of the records' signals, one array for each part."""
    for note in notes:
        if note.n_read:
            lines = pq.read_table(folder / lines_file(note.number), columns=["signal"])
            yield lines["signal"].to_numpy()


class _Originals:
    """Patient and fold of any record, read from its part; a few parts stay in memory."""

    def __init__(self, folder: Path, notes: Sequence[PartNote]) -> None:
        self._folder = folder
        self._notes = [note for note in notes if note.n_read]
        self._starts = np.cumsum([0, *(note.n_read for note in self._notes)])
        self._lines = lru_cache(maxsize=PARTS_IN_MEMORY)(self._read)

    def of(self, row: int) -> tuple[str, int]:
        """The patient and the fold of this row."""
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        patients, folds = self._lines(part)
        place = row - int(self._starts[part])
        return patients[place].as_py(), folds[place].as_py()

    def _read(self, part: int) -> tuple[Any, Any]:
        path = self._folder / lines_file(self._notes[part].number)
        lines = pq.read_table(path, columns=["patient_id", "fold"])
        return lines["patient_id"], lines["fold"]


def _owned(
    pieces: Iterator[tuple[pa.Table, int]], owners: Owners, originals: _Originals
) -> Iterator[tuple[pa.Table, int]]:
    """The pieces, with the patient and fold of the first record of the same signal.

    The challenge's sources repeat some recordings under other names and in other folds.
    """
    begin = 0
    for lines, first_shard in pieces:
        firsts = owners.of(begin, begin + len(lines))
        repeats = np.flatnonzero(firsts != np.arange(begin, begin + len(lines)))
        patients, folds = lines["patient_id"].to_pylist(), lines["fold"].to_pylist()
        for place in repeats[np.argsort(firsts[repeats])].tolist():  # each part is read once
            patients[place], folds[place] = originals.of(int(firsts[place]))
        owned = lines.set_column(lines.schema.get_field_index("patient_id"), "patient_id", [patients])
        fold = pa.array(folds, pa.int16())
        yield owned.set_column(owned.schema.get_field_index("fold"), "fold", fold), first_shard
        begin += len(lines)


def _numbers(lines: pa.Table, first_shard: int, kinds: dict[RecordKind, int]) -> dict[str, NDArray[Any]]:
    """The lines as ``COLUMNS``; kinds that are new are added to ``kinds``."""
    described = zip(
        lines["codes"].to_pylist(), lines["source"].to_pylist(), lines["derived"].to_pylist(), strict=True
    )
    described_kinds = [
        RecordKind(tuple(codes), source, tuple(derived)) for codes, source, derived in described
    ]
    scales = lines["scale"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return {
        "fold": lines["fold"].to_numpy(),
        "n_samples": lines["n_samples"].to_numpy(),
        "shard": lines["shard"].to_numpy() + first_shard,
        "row": lines["row"].to_numpy(),
        "kind": np.array([kinds.setdefault(kind, len(kinds)) for kind in described_kinds]),
        "patient": np.array([patient_key(name) for name in lines["patient_id"].to_pylist()], np.uint64),
        "scale": scales.reshape(len(lines), -1),
    }


def _described(path: Path) -> IndexFile:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return IndexFile(path.name, path.stat().st_size, sha256_of(path))
