"""Chunks scored in this process, or side by side in one process for each core."""

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from ecgapp.analysis.outcomes import Outcome
from ecgapp.config import Settings
from ecgapp.errors import ScoringError
from ecgapp.scoring.chunk_scorer import Chunk, ChunkScorer, ScoredRecord
from ecgapp.scoring.scoring_source import ScoringSource
from ecgapp.system.child_processes import begin_child, clean_context
from ecgapp.system.memory import free_memory
from ecgapp.system.processes import usable_cores

POLL = 0.2  # s between two looks at the processes
AHEAD = 2  # chunks handed to each process in advance
WORKER_BYTES = 1.0e9  # of memory for each process
MOST_TRIES = 2  # of a record in a process of its own
MOST_REFUSED = 3  # records that end their process, of those under way when one was lost
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_KILLS = "Scoring it ended its process twice. It may be too long for this machine's memory."
_LOST = (
    "The processes of the scoring end unexpectedly, perhaps for lack of memory. Run the same command again "
    "with fewer --workers: it goes on with the parts that are missing."
)
_setups: list["ScorerSetup"] = []  # in a worker
_scorers: list[ChunkScorer] = []  # in a worker

Scored = tuple[Chunk, list[ScoredRecord]]


@dataclass(frozen=True)
class ScorerSetup:
    """The source, the classifier's name and the folders, from which a process makes its scorer."""

    source: ScoringSource
    model: str
    settings: Settings

    def scorer(self) -> ChunkScorer:
        """A scorer in this process."""
        return ChunkScorer(self.source, self.model, self.settings)


def default_workers() -> int:
    """The number of processes that this machine has cores and free memory for."""
    room = int(free_memory() / WORKER_BYTES)
    return max(1, min(usable_cores(), room))


def scored_chunks(chunks: Iterable[Chunk], setup: ScorerSetup, workers: int) -> Generator[Scored, None, None]:
    """Yields each chunk with its rows, in any order; chunks are taken from ``chunks`` as they are needed.

    Closing the iterator ends the processes at once. A record that ends its process twice is refused.
    """
    if workers == 1:
        scorer = setup.scorer()
        yield from ((chunk, scorer.score(chunk)) for chunk in chunks)
        return
    rest = iter(chunks)
    suspects: list[Chunk] = []
    while True:
        yield from _scored_alone(suspects, setup)
        suspects = yield from _side_by_side(rest, setup, workers)
        if not suspects:
            return


def _side_by_side(
    rest: Iterator[Chunk], setup: ScorerSetup, workers: int
) -> Generator[Scored, None, list[Chunk]]:
    """Yields scored chunks; returns those that were under way when a process was lost, none at the end."""
    pending: dict[Future[list[ScoredRecord]], Chunk] = {}
    with ScorerProcesses(setup, workers) as processes:
        while True:
            for chunk in islice(rest, AHEAD * workers - len(pending)):
                try:
                    pending[processes.submit(chunk)] = chunk
                except BrokenProcessPool:
                    return [*pending.values(), chunk]
            if not pending:
                return []
            done, _ = wait(pending, POLL, FIRST_COMPLETED)
            for future in done:
                try:
                    rows = future.result()
                except BrokenProcessPool:
                    return list(pending.values())
                yield pending.pop(future), rows


def _scored_alone(chunks: Sequence[Chunk], setup: ScorerSetup) -> list[Scored]:
    """Each chunk, scored while nothing else is; if its process is lost, record by record.

    Raises:
        ScoringError: processes are lost whatever they score.
    """
    scored = [(chunk, _whole_or_one_by_one(chunk, setup)) for chunk in chunks]
    refused = sum(row.outcome.sentence == _KILLS for _, rows in scored for row in rows)
    if refused > MOST_REFUSED:
        raise ScoringError(_LOST)
    return scored


def _whole_or_one_by_one(chunk: Chunk, setup: ScorerSetup) -> list[ScoredRecord]:
    rows = _in_own_process(chunk, setup)
    if rows is not None:
        return rows
    if _in_own_process(replace(chunk, records=()), setup) is None:
        raise ScoringError(_LOST)  # it is not a record that ends the processes
    singles = [replace(chunk, records=(record,)) for record in chunk.records]
    return [row for single in singles for row in _scored_or_refused(single, setup)]


def _scored_or_refused(single: Chunk, setup: ScorerSetup) -> list[ScoredRecord]:
    for _ in range(MOST_TRIES):
        rows = _in_own_process(single, setup)
        if rows is not None:
            return rows
    return [ScoredRecord(single.records[0].number, Outcome(sentence=_KILLS))]


def _in_own_process(chunk: Chunk, setup: ScorerSetup) -> list[ScoredRecord] | None:
    """The rows; None if the process was lost."""
    with ScorerProcesses(setup, 1) as processes:
        try:
            return processes.submit(chunk).result()
        except BrokenProcessPool:
            return None


class ScorerProcesses:
    """Processes that score chunks, each on one thread; they end with the ``with`` block, or with this one."""

    def __init__(self, setup: ScorerSetup, workers: int) -> None:
        os.environ.update(dict.fromkeys(_THREADS, "1"))  # a library reads them when it is first imported
        context = clean_context(["ecgapp.scoring.chunk_scorer"])
        self._end, self._closing = context.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(workers, context, _begin, (setup, self._end))

    def __enter__(self) -> Self:
        return self

    def submit(self, chunk: Chunk) -> Future[list[ScoredRecord]]:
        """The rows of this chunk, as they will be.

        Raises:
            BrokenProcessPool: a process was lost.
        """
        return self._pool.submit(_score, chunk)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.close()  # what is under way is not waited for
        self._pool.shutdown(cancel_futures=True)
        self._end.close()


def _begin(setup: ScorerSetup, end: Connection) -> None:
    begin_child(end)
    _setups[:] = [setup]


def _score(chunk: Chunk) -> list[ScoredRecord]:
    if not _scorers:  # here, not in ``_begin``, so that an error of a model is reported
        _scorers.append(_setups[0].scorer())
    return _scorers[0].score(chunk)
