"""Features of a network's encoder, pooled over time: the input of conventional learners."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ecgapp.models import Autoencoder, Network
from ecgapp.models.answers import combine_windows
from ecgapp.models.networks.pooled_classifier import POOLINGS, pooled
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows, all_windows
from ecgapp.training.devices import resolve_device

_BATCH = 64
CODE = "code"


class PooledEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, features): an encoder's map pooled over time, or its code.

    ``poolings`` are those of ``PooledClassifier``, and ``CODE`` stands for the autoencoder's latent.
    """

    def __init__(self, network: Network, poolings: Sequence[str] = POOLINGS) -> None:
        super().__init__()
        self.network, self.poolings = network, tuple(poolings)

    def forward(self, x: Tensor) -> Tensor:
        parts = []
        if CODE in self.poolings and isinstance(self.network, Autoencoder):
            parts.append(self.network.encode(x))
        names = [name for name in self.poolings if name != CODE]
        if names:
            features = self.network.encoder(x)  # type: ignore[operator]
            parts += [pooled(features, name) for name in names]
        return torch.cat(parts, dim=1)


def record_features(encoder: nn.Module, records: RecordSet, rows: Rows, device: str = "cpu") -> FloatArray:
    """The features of each record, float32 (n_records, n_features): the mean over its windows."""
    features, owners = window_features(encoder, records, rows, device)
    return combine_windows(features, owners, rows, "mean")


def window_features(
    encoder: nn.Module, records: RecordSet, rows: Rows, device: str = "cpu"
) -> tuple[FloatArray, Rows]:
    """The features of each window, float32 (n_windows, n_features), and the record that each is of."""
    place = resolve_device(device)
    encoder = encoder.to(place).eval()
    windows = all_windows(records, rows)
    with torch.inference_mode():
        answers = [
            encoder(records.cut(b.positions.tolist()).to(place)).float().cpu()
            for b in windows.batches(_BATCH)
        ]
    return torch.cat(answers).numpy(), windows.owners


def standardised(train: FloatArray, *others: FloatArray) -> tuple[FloatArray, ...]:
    """The arrays with the mean and SD of ``train``'s columns removed; constant columns become 0."""
    mean, sd = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    scale = np.where(sd > 1e-8, sd, np.inf)
    return tuple(((one - mean) / scale).astype(np.float32) for one in (train, *others))
