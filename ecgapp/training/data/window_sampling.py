"""Windows out of records that stay in memory: at random in training, all of them in validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RecordSet:
    """The records of a training: their targets, and the preprocessed signals of those that are needed here.

    Record i is row ``row_of[i]`` of the store ``stores[store_of[i]]``. ``targets`` is float32 (n_records,
    n_labels) of 1, 0 and NaN, with no columns where there is no task. ``signals`` (n_leads, total) is at the
    preprocessing's rate, one record behind the other, on the CPU or a GPU; record i has ``lengths[i]``
    samples from ``first[i]`` on, which is -1 where it is not here. Zeros stand between records: a window
    that begins a little early, or a record shorter than a window, reads them. Windows are ``pinned`` where
    a GPU is to copy them by itself, while the next ones are cut.
    """

    stores: tuple[str, ...]
    store_of: Rows
    row_of: Rows
    lengths: Rows
    targets: FloatArray
    folds: Rows
    weights: NDArray[np.float64]  # how often each record is drawn, relative to the others
    preprocessing: PreprocessingConfig
    signals: Tensor
    first: Rows
    pinned: bool = False

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, folds: Sequence[int]) -> Rows:
        """The numbers of the records in these folds."""
        return np.flatnonzero(np.isin(self.folds, folds)).astype(np.int64)

    def to(self, device: torch.device) -> "RecordSet":
        """The records with their signals on ``device``, if they fit in half of what is free there."""
        if device.type == "cpu":
            return self
        free, _ = torch.cuda.mem_get_info(device)
        if self.signals.nbytes > free // 2:
            return replace(self, pinned=True)
        return replace(self, signals=self.signals.to(device))

    def cut(self, positions: Sequence[int]) -> Tensor:
        """The windows that begin at ``positions`` of ``signals``: (batch, n_leads, window) float32."""
        window = self.preprocessing.window
        if self.signals.is_cuda:
            views = self.signals.unfold(1, window, 1).transpose(0, 1)
            return views[torch.as_tensor(positions, device=self.signals.device)].float()
        windows = torch.empty(len(positions), len(self.signals), window, pin_memory=self.pinned)
        return torch.stack([self.signals[:, start : start + window] for start in positions], out=windows)


@dataclass(frozen=True, eq=False)
class WindowList:
    """Windows to read in this order: where each begins in the signals, and whose it is."""

    positions: Rows
    owners: Rows  # row of the record in the set

    def __len__(self) -> int:
        return len(self.positions)

    def batches(self, size: int) -> Iterator["WindowList"]:
        """Consecutive parts of ``size`` windows, the last one maybe shorter."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def __getitem__(self, part: slice) -> "WindowList":
        return WindowList(self.positions[part], self.owners[part])


def all_windows(records: RecordSet, rows: Rows) -> WindowList:
    """Every window of these records, as the app cuts them (``signals.window_starts``)."""
    last = np.maximum(records.lengths[rows] - records.preprocessing.window, 0)  # where the last one begins
    counts = -(-last // records.preprocessing.stride) + 1
    numbers = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)  # within each record
    starts = np.minimum(numbers * records.preprocessing.stride, np.repeat(last, counts))
    return WindowList(np.repeat(records.first[rows], counts) + starts, np.repeat(rows, counts))


def random_windows(
    records: RecordSet, rows: Rows, count: int, shift: float, rng: np.random.Generator
) -> WindowList:
    """``count`` windows of different records, one each, in random order.

    A window may begin up to ``shift`` seconds before the record or end as much behind it. Where
    records weigh differently they are drawn by weight instead, some of them maybe twice.
    """
    weights = records.weights[rows]
    if np.ptp(weights) == 0:
        drawn = rng.permutation(rows)[:count]
    else:
        drawn = rng.choice(rows, count, p=weights / weights.sum())
    margin = margin_samples(shift, records.preprocessing)
    choices = np.maximum(records.lengths[drawn] - records.preprocessing.window, 0) + 2 * margin + 1
    starts = np.floor(rng.random(len(drawn)) * choices).astype(np.int64) - margin
    return WindowList(records.first[drawn] + starts, drawn)


def margin_samples(shift: float, preprocessing: PreprocessingConfig) -> int:
    """``shift`` seconds in samples, less than a window."""
    return min(round(shift * preprocessing.sampling_rate), preprocessing.window - 1)
