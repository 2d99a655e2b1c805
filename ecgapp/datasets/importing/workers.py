"""Parts of an import, read in this process or side by side in several."""

import ctypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import islice

from ecgapp.datasets.importing.part import PartNote
from ecgapp.datasets.importing.read_part import PartJob, read_part
from ecgapp.errors import DatasetError
from ecgapp.system.child_processes import begin_child, clean_context

POLL = 0.2  # seconds between two looks at how far the processes are
AHEAD = 2  # parts handed to each process in advance
_WORKER_LOST = (
    "A process of the import ended unexpectedly, perhaps for lack of memory. "
    "Import again: it goes on where it stopped."
)
_shared: list["_Shared"] = []  # in a worker

Counts = ctypes.Array[ctypes.c_longlong]  # of each part's records that are done
Follow = Callable[[int], None]  # how many records are done since the beginning


@dataclass(frozen=True)
class _Shared:
    """Values that a worker shares with the process that started it."""

    counts: Counts
    stop: ctypes.c_byte


def read_parts(jobs: Sequence[PartJob], workers: int, follow: Follow) -> list[PartNote]:
    """Read every part and return the notes, in any order.

    What ``follow`` raises ends the reading; parts that are complete stay.

    Raises:
        OSError: the disk is full, or a folder may not be read or written.
        DatasetError: a process was killed.
    """
    if workers == 1:
        return list(_one_after_another(jobs, follow))
    try:
        return _side_by_side(jobs, workers, follow)
    except BrokenProcessPool as error:
        raise DatasetError(_WORKER_LOST) from error


def _one_after_another(jobs: Iterable[PartJob], follow: Follow) -> Iterator[PartNote]:
    before = 0
    for job in jobs:
        yield read_part(job, partial(_after, before, follow))
        before += job.pack.n


def _after(before: int, follow: Follow, done: int) -> None:
    follow(before + done)


def _side_by_side(jobs: Sequence[PartJob], workers: int, follow: Follow) -> list[PartNote]:
    context, rest = clean_context(["ecgapp.datasets"]), iter(jobs)
    counts: Counts = context.RawArray(ctypes.c_longlong, 1 + max(job.number for job in jobs))
    stop = context.RawValue(ctypes.c_byte, 0)
    notes: list[PartNote] = []
    with ProcessPoolExecutor(workers, context, _begin, (counts, stop)) as pool:
        try:
            pending: set[Future[PartNote]] = set()
            while True:
                free = AHEAD * workers - len(pending)
                pending |= {pool.submit(_read, job) for job in islice(rest, free)}
                if not pending:
                    return notes
                done, pending = wait(pending, POLL, FIRST_COMPLETED)
                notes += [future.result() for future in done]
                follow(sum(counts))
        except BaseException:
            stop.value = 1
            pool.shutdown(cancel_futures=True)
            raise


def _begin(counts: Counts, stop: ctypes.c_byte) -> None:
    """A worker ends with the process that it works for, however that ends."""
    _shared[:] = [_Shared(counts, stop)]
    begin_child()


class _StoppedError(Exception):
    """The import was stopped in the process that follows it."""


def _read(job: PartJob) -> PartNote:
    return read_part(job, partial(_tell, job.number))


def _tell(number: int, done: int) -> None:
    shared = _shared[0]
    if shared.stop.value:
        raise _StoppedError
    shared.counts[number] = done
