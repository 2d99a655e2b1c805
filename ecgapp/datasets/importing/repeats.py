"""Signals that are there twice: for each record the first one with the very same signal.

Of millions of records neither the signals' digests nor the answers stay in memory: both lie in temporary
files beside the store, digests in buckets that are looked at one by one. A bucket holds ``BUCKET`` records
as long as there are at most ``MOST_BUCKETS`` of them, that is up to 33 million records.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

BUCKET = 1 << 18  # records
MOST_BUCKETS = 128  # open files

_ROW = np.dtype("<i8")
_LINE = np.dtype([("digest", "<u8"), ("row", _ROW)])


class Owners:
    """The row of the first record with the same signal, for each record; mostly its own row."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def of(self, begin: int, end: int) -> NDArray[np.int64]:
        """The owners of the rows from ``begin`` to before ``end``."""
        self._file.seek(begin * _ROW.itemsize)
        return np.frombuffer(self._file.read((end - begin) * _ROW.itemsize), _ROW)


@contextmanager
def owners_of(pieces: Iterable[NDArray[np.uint64]], n: int, folder: Path) -> Iterator[Owners]:
    """The owners of ``n`` records, whose signals' digests come piece by piece; ``folder`` holds the files.

    Raises:
        OSError: the disk is full.
    """
    with ExitStack() as stack:
        number = min(MOST_BUCKETS, max(1, -(-n // BUCKET)))
        buckets = [stack.enter_context(tempfile.TemporaryFile(dir=folder)) for _ in range(number)]
        owners = stack.enter_context(tempfile.TemporaryFile(dir=folder))
        begin = 0
        for digests in pieces:
            rows = np.arange(begin, begin + len(digests), dtype=_ROW)
            owners.write(rows.tobytes())
            _scatter(digests, rows, buckets)
            begin += len(digests)
        for bucket in buckets:
            for row, first in _repeats(bucket):
                owners.seek(row * _ROW.itemsize)
                owners.write(_ROW.type(first).tobytes())
        yield Owners(owners)


def _scatter(digests: NDArray[np.uint64], rows: NDArray[np.int64], buckets: Sequence[IO[bytes]]) -> None:
    """Write each digest, with its row, to its bucket: equal ones meet in the same."""
    lines = np.empty(len(rows), _LINE)
    lines["digest"], lines["row"] = digests, rows
    numbers = digests % np.uint64(len(buckets))
    for number, bucket in enumerate(buckets):
        bucket.write(lines[numbers == number].tobytes())


def _repeats(bucket: IO[bytes]) -> list[tuple[int, int]]:
    """Each row of the bucket that is not the first of its digest, and that first one's."""
    bucket.seek(0)
    lines = np.frombuffer(bucket.read(), _LINE)
    _, first, same = np.unique(lines["digest"], return_index=True, return_inverse=True)
    owners = first[same]
    again = np.flatnonzero(owners != np.arange(len(lines)))
    return list(zip(lines["row"][again].tolist(), lines["row"][owners[again]].tolist(), strict=True))
