"""Files of int16 signals of bounded size: quantised, grouped by length, one record after another."""

import io
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.manifest import DAMAGED, Shard
from ecgapp.errors import DatasetLostError
from ecgapp.records.record import FloatArray
from ecgapp.storage.files import sha256_of

SHARD_BYTES = 256 * 2**20
SHORTEST_BUCKET = 10.0  # seconds; each next bucket is twice as long
PEAK = 32767  # int16 steps between zero and a lead's largest absolute value

Steps = NDArray[np.int16]
Rows = NDArray[np.signedinteger]


def quantise(signal: FloatArray) -> tuple[Steps, FloatArray]:
    """The int16 steps of ``signal`` (n_leads, n_samples), and the float32 scales (n_leads,).

    A step is 1/32767 of the lead's largest absolute value; a flat lead at zero has scale 1. The signal is
    steps times scale.
    """
    peaks = np.abs(signal).max(axis=1)
    scales = np.where(peaks > 0, peaks / PEAK, 1.0).astype(np.float32)
    scales = np.maximum(scales, np.finfo(np.float32).tiny)
    steps = np.rint(signal / scales[:, None])
    return np.clip(steps, -PEAK, PEAK).astype(np.int16), scales


def bucket_samples(n_samples: int, sampling_rate: float) -> int:
    """The length in samples of the bucket for ``n_samples``: 10, 20, 40 ... seconds."""
    length = round(SHORTEST_BUCKET * sampling_rate)
    while length < n_samples:
        length *= 2
    return length


class OpenShard:
    """A shard during writing; its npy header is rewritten once the number of records is known."""

    def __init__(self, path: Path, number: int, shape: tuple[int, int]) -> None:
        self.path, self.number, self.shape, self.n = path, number, shape, 0
        self.file: BinaryIO = path.open("wb")
        _write_header(self.file, (self.n, *self.shape))

    def add(self, steps: Steps) -> int:
        """Append one record, padded with zeros, and return its row."""
        padded = np.zeros(self.shape, dtype="<i2")
        padded[:, : steps.shape[1]] = steps
        self.file.write(padded.data)
        self.n += 1
        return self.n - 1

    @property
    def full(self) -> bool:
        return (self.n + 1) * self.shape[0] * self.shape[1] * 2 > SHARD_BYTES

    def close(self) -> Shard:
        """Complete the file and return its description."""
        self.file.seek(0)
        _write_header(self.file, (self.n, *self.shape))
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return Shard(self.path.name, self.n, self.shape[1], sha256_of(self.path))


def _write_header(file: BinaryIO, shape: tuple[int, int, int]) -> None:
    """Write an npy header, which numpy pads so that its first axis may grow in place."""
    header = {"descr": "<i2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


@lru_cache(maxsize=4096)
def shard_bytes(shard: Shard, n_leads: int) -> int:
    """The size in bytes of the whole file."""
    header = io.BytesIO()
    shape = (shard.n, n_leads, shard.n_samples)
    _write_header(header, shape)
    return header.tell() + 2 * math.prod(shape)


def read_records(path: Path, shard: Shard, places: Rows, steps: Steps, numbers: Rows) -> None:
    """Read the records at ``places`` of a shard into ``steps[numbers]``.

    ``steps`` is int16 (n, n_leads, n_samples). Records are read one by one, not memory-mapped: a map reads
    ahead around every record, mostly in vain in a random order, and its pages count as memory of this
    process.

    Raises:
        DatasetLostError: the file is missing, differs from the manifest, or has no such records.
    """
    size, record = shard_bytes(shard, steps.shape[1]), 2 * math.prod(steps.shape[1:])
    if not 0 <= places.min() <= places.max() < shard.n or shard.n_samples != steps.shape[2]:
        raise DatasetLostError(DAMAGED)
    try:
        with path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size != size:
                raise DatasetLostError(DAMAGED)
            for place, number in zip(places.tolist(), numbers.tolist(), strict=True):
                file.seek(size - (shard.n - place) * record)
                if file.readinto(steps[number]) != record:
                    raise DatasetLostError(DAMAGED)
    except OSError as error:
        raise DatasetLostError(DAMAGED) from error
