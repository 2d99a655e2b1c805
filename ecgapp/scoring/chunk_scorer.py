"""Scores a chunk of records: read, judged and described as the worklist does, one row for each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from ecgapp.analysis import InstalledModels, OpenedECG
from ecgapp.analysis.outcomes import Outcome, score, score_safely
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.scoring.scoring_source import ListedRecord, ScoringSource
from ecgapp.signals import remarks

LONGEST = 600.0  # s of ECG scored together; longer records come alone
_LOG = logging.getLogger(__name__)
_BROKE = "Reading it broke down for an unknown reason. Please report this."


@dataclass(frozen=True)
class Chunk:
    """Records of one part that are scored together; ``place`` is the chunk's among those of its part."""

    part: int
    place: int
    records: tuple[ListedRecord, ...]


@dataclass(frozen=True)
class ScoredRecord:
    """The row of one record; ``fingerprint`` is "" and ``outcome`` has the reason if it cannot be read."""

    number: int
    outcome: Outcome
    fingerprint: str = ""
    duration: float | None = None  # s
    sampling_rate: float | None = None  # Hz
    leads: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class ChunkScorer:
    """Scores chunks of ``source`` by the classifier ``model``, on one thread; made once in a process."""

    def __init__(self, source: ScoringSource, model: str, settings: Settings) -> None:
        torch.set_num_threads(1)  # the other processes have the other cores
        self._source = source
        self._models = InstalledModels(settings)
        card = self._models.cards()[model]
        self._judge = partial(score, model=self._models.opened(card))

    def score(self, chunk: Chunk, follow: Callable[[], None] = lambda: None) -> list[ScoredRecord]:
        """The rows of the chunk's records, in their order; ``follow`` is called before each is read.

        The result depends on the chunk alone: which records share a forward pass follows from their order
        and length.
        """
        rows: list[ScoredRecord] = []
        together: list[tuple[ListedRecord, OpenedECG]] = []
        for record in chunk.records:
            follow()
            opened = self._open(record)
            if isinstance(opened, ScoredRecord):
                rows.append(opened)
                continue
            if sum(ecg.record.duration for _, ecg in together) + opened.record.duration > LONGEST:
                rows += self._described(together)
                together = []
            together.append((record, opened))
        rows += self._described(together)
        return sorted(rows, key=lambda row: row.number)

    def _open(self, record: ListedRecord) -> OpenedECG | ScoredRecord:
        """The ECG, or the row with the reason why it cannot be read."""
        try:
            return OpenedECG(self._source.read(record), self._models)
        except EcgAppError as error:
            return ScoredRecord(record.number, Outcome(sentence=str(error)))
        except Exception as error:
            _LOG.error("Reading an ECG broke down: %s", type(error).__name__)
            return ScoredRecord(record.number, Outcome(sentence=_BROKE))

    def _described(self, together: Sequence[tuple[ListedRecord, OpenedECG]]) -> list[ScoredRecord]:
        outcomes = score_safely([ecg for _, ecg in together], self._judge)
        return [_row(record, ecg, outcome) for (record, ecg), outcome in zip(together, outcomes, strict=True)]


def _row(record: ListedRecord, ecg: OpenedECG, outcome: Outcome) -> ScoredRecord:
    return ScoredRecord(
        record.number,
        outcome,
        ecg.fingerprint,
        ecg.record.duration,
        ecg.record.sampling_rate,
        ecg.record.leads,
        tuple(remarks(ecg.record, ecg.quality)) if outcome.judged else (),  # none where scoring broke down
    )
