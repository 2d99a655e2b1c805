"""Complete parts become a store: one index over all of them, and the manifest that makes it a store.

It goes through the parts one after another. Of each record it holds some tens of bytes, while it finds
the signals that are there twice.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ecgapp import documents
from ecgapp.datasets.columns import COLUMNS, KINDS, NAMES, Kind, column_file, kinds_table, patient_key
from ecgapp.datasets.manifest import MANIFEST, IndexFile, StoreManifest
from ecgapp.datasets.part import PartNote, lines_file
from ecgapp.files import sha256_of, write_atomically

MAX_REASONS = 20  # different reasons of refusal that are told apart
OTHER = "Another reason."


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
    kinds: dict[Kind, int] = {}
    n = sum(note.n_read for note in notes)
    owners = _owners(folder, notes)
    with ExitStack() as stack:
        columns = {
            name: stack.enter_context(_Column(folder, name, (n, n_leads) if name == "scale" else (n,)))
            for name in COLUMNS
        }
        texts = pa.schema([("record_id", pa.string()), ("patient_id", pa.string())])
        names = stack.enter_context(pq.ParquetWriter(folder / NAMES, texts, use_dictionary=False))
        for lines, first_shard in _owned(_pieces(folder, notes), owners):
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


def _owners(folder: Path, notes: Sequence[PartNote]) -> NDArray[np.int64]:
    """For each record the first one that has the very same signal, mostly itself."""
    read = [note for note in notes if note.n_read]
    signals = [pq.read_table(folder / lines_file(note.number), columns=["signal"])["signal"] for note in read]
    digests = np.concatenate([column.to_numpy() for column in signals])
    _, first, same = np.unique(digests, return_index=True, return_inverse=True)
    return first[same].astype(np.int64)


def _owned(
    pieces: Iterator[tuple[pa.Table, int]], owners: NDArray[np.int64]
) -> Iterator[tuple[pa.Table, int]]:
    """The pieces, with the patient and fold of the first record of the same signal.

    The challenge's sources repeat some recordings under other names and in other folds.
    """
    repeats = np.flatnonzero(owners != np.arange(len(owners)))
    wanted = np.unique(owners[repeats])
    known: dict[int, tuple[str, int]] = {}
    begin = 0
    for lines, first_shard in pieces:
        end = begin + len(lines)
        patients, folds = lines["patient_id"].to_pylist(), lines["fold"].to_pylist()
        for row in wanted[(begin <= wanted) & (wanted < end)].tolist():
            known[row] = (patients[row - begin], folds[row - begin])
        for row in repeats[(begin <= repeats) & (repeats < end)].tolist():
            patients[row - begin], folds[row - begin] = known[int(owners[row])]
        owned = lines.set_column(lines.schema.get_field_index("patient_id"), "patient_id", [patients])
        fold = pa.array(folds, pa.int16())
        yield owned.set_column(owned.schema.get_field_index("fold"), "fold", fold), first_shard
        begin = end


def _numbers(lines: pa.Table, first_shard: int, kinds: dict[Kind, int]) -> dict[str, NDArray[Any]]:
    """The lines as ``COLUMNS``; kinds that are new are added to ``kinds``."""
    described = zip(
        lines["codes"].to_pylist(), lines["source"].to_pylist(), lines["derived"].to_pylist(), strict=True
    )
    found = [Kind(tuple(codes), source, tuple(derived)) for codes, source, derived in described]
    scales = lines["scale"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return {
        "fold": lines["fold"].to_numpy(),
        "n_samples": lines["n_samples"].to_numpy(),
        "shard": lines["shard"].to_numpy() + first_shard,
        "row": lines["row"].to_numpy(),
        "kind": np.array([kinds.setdefault(kind, len(kinds)) for kind in found]),
        "patient": np.array([patient_key(name) for name in lines["patient_id"].to_pylist()], np.uint64),
        "scale": scales.reshape(len(lines), -1),
    }


def _described(path: Path) -> IndexFile:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return IndexFile(path.name, path.stat().st_size, sha256_of(path))
