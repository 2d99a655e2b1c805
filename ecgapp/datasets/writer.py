"""Writes a dataset store record by record: memory stays constant, and nothing half-done stays."""

import hashlib
import io
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from ecgapp import documents
from ecgapp.datasets.manifest import INDEX, MANIFEST, Shard, StoreManifest
from ecgapp.errors import DatasetError
from ecgapp.files import sha256_of, write_atomically
from ecgapp.records.record import ECGRecord, FloatArray

SHARD_BYTES = 256 * 2**20
SHORTEST_BUCKET = 10.0  # seconds; each further bucket is twice as long
PEAK = 32767  # int16 steps between zero and a lead's largest absolute value
INDEX_COLUMNS = {
    "record_id": "str",
    "patient_id": "str",
    "fold": "int16",
    "codes": "object",
    "source": "str",
    "n_samples": "int32",
    "duration": "float64",
    "derived": "object",
    "shard": "int32",
    "row": "int32",
}


@dataclass(frozen=True)
class Membership:
    """What the index says of a record besides its signal; ``fold`` 0 is never trained or validated on."""

    record_id: str
    patient_id: str
    fold: int
    codes: tuple[str, ...]
    source: str


def quantise(signal: FloatArray) -> tuple[NDArray[np.int16], FloatArray]:
    """``signal`` (n_leads, n_samples) as int16, and the float32 (n_leads,) that turns it back.

    A step is 1/32767 of the lead's largest absolute value; a flat lead at zero has scale 1.
    """
    peaks = np.abs(signal).max(axis=1)
    scales = np.where(peaks > 0, peaks / PEAK, 1.0).astype(np.float32)
    scales = np.maximum(scales, np.finfo(np.float32).tiny)
    steps = np.rint(signal / scales[:, None])
    return np.clip(steps, -PEAK, PEAK).astype(np.int16), scales


def bucket_samples(n_samples: int, sampling_rate: float) -> int:
    """The length in samples of the bucket that holds ``n_samples``: 10, 20, 40 ... seconds."""
    length = round(SHORTEST_BUCKET * sampling_rate)
    while length < n_samples:
        length *= 2
    return length


class _OpenShard:
    """A shard being written; its npy header is rewritten once the number of records is known."""

    def __init__(self, folder: Path, number: int, shape: tuple[int, int]) -> None:
        self.folder, self.number, self.shape = folder, number, shape
        self.signals, self.scales = f"signals-{number:05d}.npy", f"scales-{number:05d}.npy"
        self.rows: list[FloatArray] = []
        self.file: BinaryIO = (folder / self.signals).open("wb")
        self._write_header()

    def add(self, steps: NDArray[np.int16], scales: FloatArray) -> int:
        """Append one record, padded with zeros, and return its row."""
        padded = np.zeros(self.shape, dtype="<i2")
        padded[:, : steps.shape[1]] = steps
        self.file.write(padded.data)
        self.rows.append(scales)
        return len(self.rows) - 1

    @property
    def full(self) -> bool:
        return (len(self.rows) + 1) * self.shape[0] * self.shape[1] * 2 > SHARD_BYTES

    def close(self) -> Shard:
        """Complete both files and describe them."""
        self.file.seek(0)
        self._write_header()
        _sync_and_close(self.file)
        with (self.folder / self.scales).open("wb") as scales:
            np.save(scales, np.stack(self.rows))
            scales.flush()
            os.fsync(scales.fileno())
        digests = [sha256_of(self.folder / name) for name in (self.signals, self.scales)]
        return Shard(self.signals, self.scales, len(self.rows), self.shape[1], *digests)

    def _write_header(self) -> None:
        """numpy pads the header so that its first axis may grow in place."""
        shape = (len(self.rows), *self.shape)
        header = {"descr": "<i2", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self.file, header)


def _sync_and_close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


class StoreWriter:
    """Collects records in a hidden folder beside ``destination``, which appears only when complete.

    Use it as a context manager: leaving it without ``finish`` removes all that was written.

    Raises:
        DatasetError: there is already something at ``destination``.
    """

    def __init__(self, destination: Path, leads: Sequence[str], sampling_rate: float, units: str) -> None:
        if destination.exists() and not _is_empty_folder(destination):
            raise DatasetError(
                "There is already a data set of this name. Choose another name, or delete it first."
            )
        destination.parent.mkdir(parents=True, exist_ok=True)
        _sweep(destination.parent)
        self.destination, self.leads = destination, tuple(leads)
        self.sampling_rate, self.units = sampling_rate, units
        prefix = f".importing-{os.getpid()}-"
        self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=destination.parent))
        self._open: dict[int, _OpenShard] = {}
        self._shards: dict[int, Shard] = {}
        self._rows: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self._open.values():
            shard.file.close()
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def add(self, record: ECGRecord, member: Membership) -> None:
        """Store one record, which has the store's sampling rate and units; ``leads`` are picked from it.

        Raises:
            LeadsMissingError: the record lacks one of the store's leads.
        """
        steps, scales = quantise(record.select(self.leads))
        shard = self._shard_for(record.n_samples)
        row = shard.add(steps, scales)
        derived = sorted(record.derived.intersection(self.leads))
        who = (member.record_id, member.patient_id, member.fold, list(member.codes), member.source)
        self._rows.append((*who, record.n_samples, record.duration, derived, shard.number, row))
        if shard.full:
            self._shards[shard.number] = self._open.pop(shard.shape[1]).close()

    def finish(self, manifest: StoreManifest) -> StoreManifest:
        """Write index and manifest, and give the folder its name: from here on the store exists.

        ``manifest`` says all but the files; the completed one is returned.
        """
        for shard in self._open.values():
            self._shards[shard.number] = shard.close()
        self._open.clear()
        index = self._index()
        write_atomically(self.folder / INDEX, index)
        complete = replace(
            manifest,
            n_records=len(self),
            shards=tuple(self._shards[number] for number in sorted(self._shards)),
            index_sha256=hashlib.sha256(index).hexdigest(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_atomically(self.folder / MANIFEST, documents.dump(complete).encode())
        if self.destination.exists():
            self.destination.rmdir()
        self.folder.rename(self.destination)
        return complete

    def _index(self) -> bytes:
        frame = pd.DataFrame(self._rows, columns=list(INDEX_COLUMNS))
        content = io.BytesIO()
        frame.astype(INDEX_COLUMNS).to_parquet(content, index=False)
        return content.getvalue()

    def _shard_for(self, n_samples: int) -> _OpenShard:
        length = bucket_samples(n_samples, self.sampling_rate)
        if length not in self._open:
            number = len(self._open) + len(self._shards)
            self._open[length] = _OpenShard(self.folder, number, (len(self.leads), length))
        return self._open[length]


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _sweep(folder: Path) -> None:
    """Remove what imports left behind whose process was killed."""
    for left in folder.glob(".importing-*-*"):
        number = left.name.split("-")[1]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left)
