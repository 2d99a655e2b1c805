"""Features of a network's encoder, pooled over time: the input of conventional learners."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ecgapp.evaluate.arrays import Floats
from ecgapp.models import Autoencoder, Network
from ecgapp.models.answers import combine_windows
from ecgapp.models.networks.pooled_classifier import POOLINGS, pooled
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows, all_windows
from ecgapp.training.devices import resolve_device

_BATCH = 64
CODE, LAYERS = "code", "layers"


class PooledEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, features): an encoder's map pooled over time, or its code.

    ``poolings`` are those of ``PooledClassifier``. ``CODE`` stands for the autoencoder's latent, and
    ``LAYERS`` for the maps of all stages before the last, each with all poolings.
    """

    def __init__(self, network: Network, poolings: Sequence[str] = POOLINGS) -> None:
        super().__init__()
        self.network, self.poolings = network, tuple(poolings)

    def parts(self, x: Tensor) -> dict[str, Tensor]:
        """The features of each name in ``poolings``, (batch, n), in their order."""
        maps = _stage_maps(self.network.encoder, x)  # type: ignore[arg-type]
        parts = {}
        for name in self.poolings:
            if name == CODE and isinstance(self.network, Autoencoder):
                parts[name] = self.network.encode(x)
            elif name == LAYERS:
                earlier = [pooled(one, pooling) for one in maps[:-1] for pooling in POOLINGS]
                parts[name] = torch.cat([x.new_zeros(len(x), 0), *earlier], dim=1)
            elif name != CODE:
                parts[name] = pooled(maps[-1], name)
        return parts

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat(list(self.parts(x).values()), dim=1)


def _stage_maps(encoder: nn.Module, x: Tensor) -> list[Tensor]:
    """The output of each stage of the encoder, (batch, channels, time), and last that of the encoder."""
    maps: list[Tensor] = []
    stages = getattr(encoder, "stages", None)
    hooks = (
        [
            stage.register_forward_hook(lambda _stage, _x, answer: maps.append(answer.squeeze(2)))
            for stage in list(stages)[:-1]
        ]
        if isinstance(stages, nn.Sequential)
        else []
    )
    try:
        features = encoder(x)
    finally:
        for hook in hooks:
            hook.remove()
    return [*maps, features]


def feature_widths(encoder: PooledEncoder, records: RecordSet) -> dict[str, int]:
    """The number of features of each part, in order, for windows of ``records``."""
    window = torch.zeros(1, len(records.preprocessing.leads), records.preprocessing.window)
    with torch.inference_mode():
        parts = encoder.cpu().eval().parts(window)
    return {name: part.shape[1] for name, part in parts.items()}


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
    mean, scale = mean_and_scale(train)
    return tuple(scaled(one, mean, scale) for one in (train, *others))


def scaled(features: FloatArray, mean: Floats, scale: Floats) -> FloatArray:
    """The features, float32 (n, n_features), less ``mean`` and divided by ``scale``, both (n_features,)."""
    ready: FloatArray = ((features - mean) / scale).astype(np.float32)
    return ready


def mean_and_scale(train: FloatArray) -> tuple[Floats, Floats]:
    """The mean and SD of the columns of ``train``, (n_features,); the SD of a constant column is infinite."""
    mean, sd = train.mean(0, dtype=np.float64), train.std(0, dtype=np.float64)
    return mean, np.where(sd > 1e-8, sd, np.inf)
