"""Scores the parts of a plan: each that is missing and free is taken, and written once it is complete."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from ecgapp.errors import LockedError, ScoringError
from ecgapp.models import ModelCard
from ecgapp.scoring.chunk_pool import ScorerSetup, scored_chunks
from ecgapp.scoring.chunk_scorer import Chunk, ScoredRecord
from ecgapp.scoring.part_files import PartFiles
from ecgapp.scoring.score_table import ScoreTable
from ecgapp.scoring.scoring_plan import CHUNK_RECORDS, NOT_WRITTEN, ScoringPlan, records_of

Follow = Callable[[int, int], None]  # records that are done, and all


@dataclass(frozen=True)
class ScoringOrder:
    """The parts to score: ``parts`` of ``plan``, into ``folder``, by ``workers`` processes."""

    plan: ScoringPlan
    folder: Path
    parts: tuple[int, ...]
    card: ModelCard
    setup: ScorerSetup
    workers: int


@dataclass(frozen=True)
class PartsReport:
    """The parts of an order: scored now, there before, and left to other processes that score them."""

    n_records: int  # in the parts that were scored now
    n_scored: int
    n_before: int
    n_elsewhere: int

    @property
    def complete(self) -> bool:
        """Whether all parts of the order are finished."""
        return self.n_elsewhere == 0


@dataclass
class _TakenPart:
    claim: ExitStack  # releases the part
    n_chunks: int
    rows: dict[int, list[ScoredRecord]] = field(default_factory=dict)  # by the chunk's place


class _PartScorer:
    def __init__(self, order: ScoringOrder, follow: Follow) -> None:
        self._order, self._follow = order, follow
        self._files = PartFiles(order.folder, order.plan)
        self._table = ScoreTable(order.card, order.plan.digest)
        self._taken: dict[int, _TakenPart] = {}
        self._elsewhere: list[int] = []
        self._n_before = self._n_scored = self._n_records = self._n_done = 0
        self._n_all = sum(self._size(part) for part in order.parts)

    def _size(self, part: int) -> int:
        begin, end = self._order.plan.bounds(part)
        return end - begin

    def run(self) -> PartsReport:
        chunks = scored_chunks(self._chunks(), self._order.setup, self._order.workers)
        with closing(chunks), ExitStack() as claims:
            claims.callback(self._release_all)
            for chunk, rows in chunks:
                self._add(chunk, rows)
        return PartsReport(self._n_records, self._n_scored, self._n_before, len(self._elsewhere))

    def _chunks(self) -> Iterator[Chunk]:
        """Yields the chunks of each part that this process can take; each part is taken when it is reached.

        A part of another process is looked at once more at the end: that process may have been killed.
        """
        yield from self._chunks_of(self._order.parts)
        again, self._elsewhere = self._elsewhere, []
        yield from self._chunks_of(again)

    def _chunks_of(self, parts: Sequence[int]) -> Iterator[Chunk]:
        for part in parts:
            if not self._take(part):
                continue
            records = list(records_of(self._order.folder, part))
            self._order.setup.source.verify(records)
            for place, start in enumerate(range(0, len(records), CHUNK_RECORDS)):
                yield Chunk(part, place, tuple(records[start : start + CHUNK_RECORDS]))

    def _take(self, part: int) -> bool:
        """Whether the part is missing and now belongs to this process."""
        with ExitStack() as claim:
            try:
                if not self._files.is_finished(part):
                    claim.enter_context(self._files.claimed(part))
            except LockedError:
                self._elsewhere.append(part)
                return False
            if self._files.is_finished(part):  # perhaps since the first look
                self._n_before += 1
                self._advance(self._size(part))
                return False
            n_chunks = -(-self._size(part) // CHUNK_RECORDS)
            self._taken[part] = _TakenPart(claim.pop_all(), n_chunks)
            return True

    def _add(self, chunk: Chunk, rows: list[ScoredRecord]) -> None:
        taken = self._taken[chunk.part]
        taken.rows[chunk.place] = rows
        if len(taken.rows) == taken.n_chunks:
            self._write(chunk.part, [row for place in sorted(taken.rows) for row in taken.rows[place]])
        self._advance(len(rows))

    def _write(self, part: int, rows: list[ScoredRecord]) -> None:
        self._files.write(part, rows, self._table)
        self._taken.pop(part).claim.close()
        self._n_scored += 1
        self._n_records += len(rows)

    def _advance(self, n_records: int) -> None:
        self._n_done += n_records
        self._follow(self._n_done, self._n_all)

    def _release_all(self) -> None:
        for taken in self._taken.values():
            taken.claim.close()


def score_parts(order: ScoringOrder, follow: Follow) -> PartsReport:
    """Score the parts of ``order`` that are missing; ``follow`` gets the records done, and of all parts.

    Whatever ends it early leaves the parts that are complete, and nothing of the others.

    Raises:
        ScoringError: the source has changed, or the scores cannot be written.
        EcgAppError: the model or the data set is damaged.
    """
    try:
        return _PartScorer(order, follow).run()
    except OSError as error:
        raise ScoringError(NOT_WRITTEN) from error
