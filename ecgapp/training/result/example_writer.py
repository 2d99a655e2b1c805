"""Writes the examples of a training: a few reconstructions, and the best and worst records."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from ecgapp.datasets import DatasetStore
from ecgapp.errors import DatasetError
from ecgapp.models import Autoencoder, ModelCard, Predictions
from ecgapp.training.data.window_sampling import RecordSet, Rows, all_windows
from ecgapp.training.inference import Inference
from ecgapp.training.objective import Scores
from ecgapp.training.result.examples import (
    RankedAnswer,
    RankedRecord,
    RankedRecords,
    Reconstructions,
    read_ranking,
    read_reconstructions,
    write_ranking,
    write_reconstructions,
)

N_WINDOWS = 4
N_RANKED = 5  # best, and as many worst
_MOST_EPOCHS = 16  # that are kept; when there are more, every second goes
_EVERY = 5.0  # seconds between two looks, so that short epochs are not slowed down


@dataclass
class ExampleWriter:
    """Writes examples of the validation records into ``folder``; of many epochs, every second or fourth."""

    folder: Path
    stores: tuple[DatasetStore, ...]  # those of the records, in their order
    _last: float = field(default=-_EVERY)

    def write(
        self, inference: Inference, records: RecordSet, scores: Scores, epoch: int, *, last: bool
    ) -> None:
        """Write the examples after ``epoch`` unless that was done a moment ago; after the ``last`` always."""
        if not last and time.monotonic() - self._last < _EVERY:
            return
        self._last = time.monotonic()
        self._rank(records, scores, epoch)
        if isinstance(inference.network, Autoencoder):
            self._reconstruct(inference, records, scores, epoch)

    def _rank(self, records: RecordSet, scores: Scores, epoch: int) -> None:
        with suppress(DatasetError):  # the set was removed meanwhile: the training has it in memory
            write_ranking(self.folder, ranking(self.stores, records, scores, epoch))

    def _reconstruct(self, inference: Inference, records: RecordSet, scores: Scores, epoch: int) -> None:
        here = scores.rows[records.first[scores.rows] >= 0]
        if len(here) == 0:  # another process has the few that there are
            return
        rows = here[np.linspace(0, len(here) - 1, min(N_WINDOWS, len(here))).astype(np.int64)]
        windows = all_windows(records, rows)
        firsts = np.unique(windows.owners, return_index=True)[1]
        chosen = type(windows)(windows.positions[firsts], windows.owners[firsts])
        clean, answers = next(iter(inference.answers(records, chosen)))
        before = read_reconstructions(self.folder)
        write_reconstructions(self.folder, _added(before, clean, answers, epoch))


def _added(
    before: Reconstructions | None, clean: torch.Tensor, answers: torch.Tensor, epoch: int
) -> Reconstructions:
    """One more epoch; of those before, the ones worth keeping."""
    latest = answers.numpy()[None].astype(np.float32)
    if before is None or before.windows.shape != tuple(clean.shape):
        return Reconstructions(clean.numpy(), latest, (epoch,))
    places = [place for place, old in enumerate(before.epochs) if old < epoch]
    if len(places) >= _MOST_EPOCHS:
        places = places[::2]
    return Reconstructions(
        clean.numpy(),
        np.concatenate([before.answers[places], latest]),
        (*(before.epochs[place] for place in places), epoch),
    )


def ranking(stores: Sequence[DatasetStore], records: RecordSet, scores: Scores, epoch: int) -> RankedRecords:
    """The records with the lowest and the highest loss."""
    order = np.argsort(scores.by_record, kind="stable")
    half = (len(order) + 1) // 2

    def ranked(place: int) -> RankedRecord:
        row, loss = scores.rows[place], scores.by_record[place]
        store, there = stores[records.store_of[row]], int(records.row_of[row])
        record_id = store.record_ids(np.array([there]))[0]
        digest, answers = store.manifest.digest, _answers(records, scores, place)
        return RankedRecord(store.name, there, float(loss), record_id, digest, answers)

    best, worst = order[:half][:N_RANKED], order[half:][::-1][:N_RANKED]
    return RankedRecords(epoch, tuple(map(ranked, best.tolist())), tuple(map(ranked, worst.tolist())))


def _answers(records: RecordSet, scores: Scores, place: int) -> tuple[RankedAnswer, ...]:
    """A classifier's answers to the record in this place of ``scores.rows``; none of an autoencoder."""
    if scores.answers is None:
        return ()
    names = scores.positives_by_label  # in the order of the labels
    answers = zip(
        names, records.targets[scores.rows[place]].tolist(), scores.answers[place].tolist(), strict=True
    )
    return tuple(
        RankedAnswer(name, truth if truth == truth else None, answer) for name, truth, answer in answers
    )


def add_kept_answers(
    writer: ExampleWriter, records: RecordSet, rows: Rows, card: ModelCard, predictions: Predictions
) -> None:
    """Add the answers of the kept model to the ranked records; ``rows`` are those of ``predictions``."""
    ranking = read_ranking(writer.folder)
    if ranking is None:
        return
    names = [store.name for store in writer.stores]
    places = {
        (names[records.store_of[row]], int(records.row_of[row])): place for place, row in enumerate(rows)
    }

    def completed(ranked: RankedRecord) -> RankedRecord:
        place = places.get((ranked.store, ranked.row))
        if place is None or not ranked.answers:
            return ranked
        values = zip(ranked.answers, predictions.probabilities[place].tolist(), card.thresholds, strict=True)
        return replace(ranked, answers=tuple(replace(a, kept=p, threshold=line) for a, p, line in values))

    best, worst = tuple(map(completed, ranking.best)), tuple(map(completed, ranking.worst))
    write_ranking(writer.folder, replace(ranking, best=best, worst=worst))
