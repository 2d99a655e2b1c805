"""A network on many windows, and how windows' answers become their record's."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax
from torch import Tensor

from ecgapp.models import Network
from ecgapp.records.record import FloatArray
from ecgapp.training.devices import autocast
from ecgapp.training.windows import RecordSet, Rows, WindowList

_BATCH = 256  # windows


@dataclass(frozen=True, eq=False)
class Inference:
    """A network in eval mode, where it runs, and in which precision."""

    network: Network
    device: torch.device
    precision: torch.dtype

    def logits(self, records: RecordSet, windows: WindowList) -> FloatArray:
        """A classifier's answers, float32 (n_windows, n_labels)."""
        return torch.cat([answers for _, answers in self._answers(records, windows)]).numpy()

    def errors(self, records: RecordSet, windows: WindowList) -> FloatArray:
        """An autoencoder's mean squared error per sample of each window, float32 (n_windows,)."""
        errors = [(answer - clean).square().mean((1, 2)) for clean, answer in self._answers(records, windows)]
        return torch.cat(errors).numpy()

    @torch.no_grad()
    def _answers(self, records: RecordSet, windows: WindowList) -> Iterator[tuple[Tensor, Tensor]]:
        """Windows and the network's answers, batch by batch, on the CPU."""
        for part in windows.batches(_BATCH):
            seen = records.cut(part.positions.tolist()).to(self.device)
            with autocast(self.device, self.precision):
                answer = self.network(seen)
            yield seen.cpu(), answer.float().cpu()


def probabilities(logits: FloatArray, multilabel: bool, temperature: float = 1.0) -> FloatArray:
    """A sigmoid for each label, or a softmax over them: (n, n_labels)."""
    scaled = logits.astype(np.float64) / temperature
    answers: NDArray[np.float64] = expit(scaled) if multilabel else softmax(scaled, axis=1)
    return answers.astype(np.float32)


def combine_windows(answers: FloatArray, owners: Rows, rows: Rows, how: str) -> FloatArray:
    """The mean or the maximum over each record's windows: float32 (n_rows, n_columns), as ``rows``.

    ``answers`` is (n_windows, n_columns), ``owners`` (n_windows,) says whose each window is.
    """
    place = np.full(int(max(rows.max(), owners.max())) + 1, -1, np.int64)
    place[rows] = np.arange(len(rows))
    combined = np.full((len(rows), answers.shape[1]), 0.0 if how == "mean" else -np.inf)
    if how == "max":
        np.maximum.at(combined, place[owners], answers)
        return combined.astype(np.float32)
    np.add.at(combined, place[owners], answers)
    counts = np.bincount(place[owners], minlength=len(rows))
    return (combined / counts[:, None]).astype(np.float32)
