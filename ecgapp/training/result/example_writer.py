"""Keeps what a training shows of itself up to date: a few reconstructions, and the best and worst records."""

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
    Answer,
    RankedRecord,
    Ranking,
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
    """Shows validation windows and records in ``folder``; of many epochs, every second or fourth."""

    folder: Path
    stores: tuple[DatasetStore, ...]  # those of the records, in their order
    _last: float = field(default=-_EVERY)

    def write(
        self, inference: Inference, records: RecordSet, scores: Scores, epoch: int, *, last: bool
    ) -> None:
        """After ``epoch``, unless the look before was a moment ago; after the ``last`` one always."""
        if not last and time.monotonic() - self._last < _EVERY:
            return
        self._last = time.monotonic()
        with suppress(DatasetError):  # the set was removed meanwhile: the training has it in memory
            self._rank(records, scores, epoch)
        if isinstance(inference.network, Autoencoder):
            self._reconstruct(inference, records, scores, epoch)

    def _rank(self, records: RecordSet, scores: Scores, epoch: int) -> None:
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
    shown = answers.numpy()[None].astype(np.float32)
    if before is None or before.windows.shape != tuple(clean.shape):
        return Reconstructions(clean.numpy(), shown, (epoch,))
    kept = [place for place, old in enumerate(before.epochs) if old < epoch]
    if len(kept) >= _MOST_EPOCHS:
        kept = kept[::2]
    return Reconstructions(
        clean.numpy(),
        np.concatenate([before.answers[kept], shown]),
        (*(before.epochs[place] for place in kept), epoch),
    )


def ranking(stores: Sequence[DatasetStore], records: RecordSet, scores: Scores, epoch: int) -> Ranking:
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
    return Ranking(epoch, tuple(map(ranked, best.tolist())), tuple(map(ranked, worst.tolist())))


def _answers(records: RecordSet, scores: Scores, place: int) -> tuple[Answer, ...]:
    """A classifier's answers to the record in this place of ``scores.rows``; none of an autoencoder."""
    if scores.answers is None:
        return ()
    names = scores.positives_by_label  # in the order of the labels
    told = zip(
        names, records.targets[scores.rows[place]].tolist(), scores.answers[place].tolist(), strict=True
    )
    return tuple(Answer(name, truth if truth == truth else None, answer) for name, truth, answer in told)


def add_kept_answers(
    writer: ExampleWriter, records: RecordSet, rows: Rows, card: ModelCard, found: Predictions
) -> None:
    """Set the answers of the model that is kept beside the ranked records'; ``rows`` are ``found``'s."""
    ranking = read_ranking(writer.folder)
    if ranking is None:
        return
    names = [store.name for store in writer.stores]
    places = {
        (names[records.store_of[row]], int(records.row_of[row])): place for place, row in enumerate(rows)
    }

    def told(ranked: RankedRecord) -> RankedRecord:
        place = places.get((ranked.store, ranked.row))
        if place is None or not ranked.answers:
            return ranked
        kept = zip(ranked.answers, found.probabilities[place].tolist(), card.thresholds, strict=True)
        return replace(ranked, answers=tuple(replace(a, kept=p, threshold=line) for a, p, line in kept))

    best, worst = tuple(map(told, ranking.best)), tuple(map(told, ranking.worst))
    write_ranking(writer.folder, replace(ranking, best=best, worst=worst))
