"""The way from a classifier's logits to a record's probabilities, for fitting thresholds and for predicting.

A temperature divides the logits, a sigmoid or a softmax makes probabilities of them, and the mean or the
maximum over a record's windows is the record's. It is computed in float64 and rounded to float32 twice: for
each window and for each record. In float32 a softmax of logits over a low temperature would be wrong by up
to 5e-6; the time of either is nothing beside that of the network.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit, softmax

from ecgapp.models.networks.ensemble import Ensemble
from ecgapp.models.registry import Network
from ecgapp.records.record import FloatArray

BATCH = 64  # windows in one forward pass on a CPU
_CLOSEST = 1e-6  # how near to 0 or 1 a probability may come before its logit is taken


@dataclass(frozen=True)
class ProbabilityRule:
    """The rule that makes probabilities of logits: by a task, a temperature and an aggregation of windows.

    ``aggregation`` is "mean" or "max", over a record's windows.
    """

    multilabel: bool
    temperature: float = 1.0
    aggregation: str = "mean"

    def windows(self, logits: FloatArray) -> FloatArray:
        """Calibrated probabilities of logits (..., n_labels), in the same shape."""
        scaled = logits.astype(np.float64) / self.temperature
        answers: NDArray[np.float64] = expit(scaled) if self.multilabel else softmax(scaled, axis=-1)
        return answers.astype(np.float32)

    def records(
        self, logits: FloatArray, owners: NDArray[np.int64], records: NDArray[np.int64]
    ) -> FloatArray:
        """Calibrated probabilities of ``records``, (n_records, n_labels), from logits of their windows.

        ``logits`` is (n_windows, n_labels); ``owners`` (n_windows,) holds the number of each window's record.
        """
        return combine_windows(self.windows(logits), owners, records, self.aggregation)


def logits_of(probabilities: NDArray[np.floating], multilabel: bool = True) -> NDArray[np.float64]:
    """The logits of a sigmoid or, for labels that exclude each other, of a softmax, in the same shape."""
    bounded = np.clip(probabilities.astype(np.float64), _CLOSEST, 1 - _CLOSEST)
    return np.asarray(np.log(bounded / (1 - bounded)) if multilabel else np.log(bounded))


def combine_windows(
    values: FloatArray, owners: NDArray[np.int64], records: NDArray[np.int64], aggregation: str
) -> FloatArray:
    """The mean or the maximum over each record's windows, float32 (n_records, n_columns).

    ``values`` is (n_windows, n_columns); ``owners`` (n_windows,) holds the number of each window's record,
    one of ``records``, whose order the result has.
    """
    place = np.full(int(max(records.max(), owners.max())) + 1, -1, np.int64)
    place[records] = np.arange(len(records))
    combined = np.full((len(records), values.shape[1]), 0.0 if aggregation == "mean" else -np.inf)
    if aggregation == "max":
        np.maximum.at(combined, place[owners], values)
        return combined.astype(np.float32)
    np.add.at(combined, place[owners], values)
    counts = np.bincount(place[owners], minlength=len(records))
    return (combined / counts[:, None]).astype(np.float32)


def run_network(network: Network, windows: FloatArray) -> FloatArray:
    """The network's output for each window (n_windows, n_leads, n_samples), in bounded batches."""
    with torch.inference_mode():
        output: FloatArray = torch.cat([network(batch).float() for batch in _batches(windows)]).numpy()
    return output


def member_logits(network: Network, windows: FloatArray) -> FloatArray:
    """The logits of each member of an ensemble, or of the one network: (n_members, n_windows, n_labels)."""
    members = list(network.members) if isinstance(network, Ensemble) else [network]
    with torch.inference_mode():
        answers = [torch.stack([member(batch).float() for member in members]) for batch in _batches(windows)]
        logits: FloatArray = torch.cat(answers, dim=1).numpy()
    return logits


def mean_logits(members: FloatArray) -> FloatArray:
    """The ensemble's logits from those of its members, (n_members, ...), as ``Ensemble`` computes them."""
    mean: FloatArray = torch.from_numpy(members).mean(0).numpy()
    return mean


def _batches(windows: FloatArray) -> tuple[torch.Tensor, ...]:
    return torch.split(torch.from_numpy(np.ascontiguousarray(windows)), BATCH)
