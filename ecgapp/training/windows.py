"""Windows out of records that stay in memory: at random in training, all of them in validation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig, window_starts

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RecordSet:
    """Preprocessed records, one behind the other in a single tensor, and what is asked of them.

    ``signals`` (n_leads, total) is at the preprocessing's rate, on the CPU or a GPU; record i has
    ``lengths[i]`` samples from ``first[i]`` on. Zeros stand between records: a window that begins
    a little early, or a record shorter than a window, reads them. ``targets`` is float32
    (n_records, n_labels) of 1, 0 and NaN, with no columns where there is no task.
    """

    signals: Tensor
    first: Rows
    lengths: Rows
    targets: FloatArray
    folds: Rows
    weights: NDArray[np.float64]  # how often each record is drawn, relative to the others
    preprocessing: PreprocessingConfig

    def __len__(self) -> int:
        return len(self.first)

    def rows(self, folds: Sequence[int]) -> Rows:
        """Which records lie in these folds."""
        return np.flatnonzero(np.isin(self.folds, folds)).astype(np.int64)

    def to(self, device: torch.device) -> "RecordSet":
        """The same records on ``device``, if they fit in half of what is free there."""
        if device.type == "cpu":
            return self
        free, _ = torch.cuda.mem_get_info(device)
        if self.signals.nbytes > free // 2:
            return self
        return RecordSet(
            self.signals.to(device),
            self.first,
            self.lengths,
            self.targets,
            self.folds,
            self.weights,
            self.preprocessing,
        )

    def cut(self, positions: Sequence[int]) -> Tensor:
        """The windows that begin at ``positions`` of ``signals``: (batch, n_leads, window) float32."""
        window = self.preprocessing.window
        if self.signals.is_cuda:
            views = self.signals.unfold(1, window, 1).transpose(0, 1)
            return views[torch.as_tensor(positions, device=self.signals.device)].float()
        return torch.stack([self.signals[:, start : start + window] for start in positions]).float()


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
    positions, owners = [], []
    for row in rows:
        starts = window_starts(int(records.lengths[row]), records.preprocessing)
        positions.append(records.first[row] + starts)
        owners.append(np.full(len(starts), row, np.int64))
    return WindowList(np.concatenate(positions), np.concatenate(owners))


def random_windows(records: RecordSet, rows: Rows, shift: float, seed: Sequence[int]) -> WindowList:
    """One window a record at random, in random order: what one epoch of training reads.

    A window may begin up to ``shift`` seconds before the record or end as much behind it. Where
    records weigh differently they are drawn by weight, with as many draws as there are records.
    """
    rng = np.random.default_rng(list(seed))
    weights = records.weights[rows]
    if np.ptp(weights) == 0:
        drawn = rng.permutation(rows)
    else:
        drawn = rng.choice(rows, len(rows), p=weights / weights.sum())
    margin = margin_samples(shift, records.preprocessing)
    choices = np.maximum(records.lengths[drawn] - records.preprocessing.window, 0) + 2 * margin + 1
    starts = np.floor(rng.random(len(drawn)) * choices).astype(np.int64) - margin
    return WindowList(records.first[drawn] + starts, drawn)


def margin_samples(shift: float, preprocessing: PreprocessingConfig) -> int:
    """``shift`` seconds in samples, less than a window."""
    return min(round(shift * preprocessing.sampling_rate), preprocessing.window - 1)
