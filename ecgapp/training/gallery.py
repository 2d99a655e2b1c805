"""Keeps what a training shows of itself up to date: a few reconstructions, and the best and worst records."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from ecgapp.datasets import DatasetStore
from ecgapp.errors import DatasetError
from ecgapp.models import Autoencoder
from ecgapp.training.examples import (
    RankedRecord,
    Ranking,
    Reconstructions,
    read_reconstructions,
    write_ranking,
    write_reconstructions,
)
from ecgapp.training.inference import Inference
from ecgapp.training.objective import Scores
from ecgapp.training.windows import RecordSet, all_windows

N_WINDOWS = 4
N_RANKED = 5  # best, and as many worst
_MOST_EPOCHS = 16  # that are kept; when there are more, every second goes
_EVERY = 5.0  # seconds between two looks, so that short epochs are not slowed down


@dataclass
class Gallery:
    """Shows validation windows and records in ``folder``; of many epochs, every second or fourth."""

    folder: Path
    stores: tuple[DatasetStore, ...]  # those of the records, in their order
    _last: float = field(default=-_EVERY)

    def show(
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

    def ranked(row: int, loss: float) -> RankedRecord:
        store, there = stores[records.store_of[row]], int(records.row_of[row])
        record_id = store.record_ids(np.array([there]))[0]
        return RankedRecord(store.name, there, float(loss), record_id, store.manifest.digest)

    def named(places: np.ndarray) -> tuple[RankedRecord, ...]:
        found = zip(scores.rows[places], scores.by_record[places], strict=True)
        return tuple(ranked(row, loss) for row, loss in found)

    return Ranking(epoch, named(order[:half][:N_RANKED]), named(order[half:][::-1][:N_RANKED]))
