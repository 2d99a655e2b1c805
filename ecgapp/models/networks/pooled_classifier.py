"""A classifier of an autoencoder's feature map: convolutions or none, several poolings over time, one layer.

Ansari et al. (Computing in Cardiology 2020) give an encoder's output to a convolutional network or to a
conventional learner. Their abstract does not describe either, so both forms here are ours: with
``conv_widths`` it is the convolutional network, without them the linear learner as a network, whose last
layer contains the standardisation of the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.networks.autoencoder_classifier import (
    AutoencoderClassifierConfig,
    built_autoencoder,
)
from ecgapp.models.registry import EncoderClassifier, architecture

POOLINGS = ("mean", "max", "sd")
_SMALLEST_VARIANCE = 1e-6  # keeps the gradient of an SD finite where a feature is constant


@dataclass(frozen=True)
class PooledClassifierConfig(AutoencoderClassifierConfig):
    """The config of the encoder, and the layers of the head."""

    poolings: tuple[str, ...] = POOLINGS
    conv_widths: tuple[int, ...] = ()  # channels after each convolution of the feature map
    conv_kernel: int = 5  # time steps; odd, so that padding keeps the length
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.n_labels < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A classifier needs labels, and a dropout between 0 and 1.")
        if not self.poolings or not set(self.poolings) <= set(POOLINGS):
            raise ConfigError(f"The poolings are some of {', '.join(POOLINGS)}.")
        if self.conv_kernel % 2 == 0 or min((1, *self.conv_widths)) < 1:
            raise ConfigError("The kernel must be odd, and every convolution needs channels.")


class TimePooling(nn.Module):
    """(batch, n_features, time) -> (batch, n_poolings n_features): one pooling after the other."""

    def __init__(self, poolings: Sequence[str]) -> None:
        super().__init__()
        self.poolings = tuple(poolings)

    def forward(self, features: Tensor) -> Tensor:
        return torch.cat([pooled(features, name) for name in self.poolings], dim=1)


def pooled(features: Tensor, pooling: str) -> Tensor:
    """One of ``POOLINGS`` over the last axis: (batch, n_features, time) -> (batch, n_features)."""
    if pooling == "mean":
        return features.mean(-1)
    if pooling == "max":
        return features.amax(-1)
    return (features.var(-1, correction=0) + _SMALLEST_VARIANCE).sqrt()


@architecture("pooled_classifier")
class PooledClassifier(EncoderClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels)."""

    Config = PooledClassifierConfig
    config: PooledClassifierConfig
    stackable = False

    def __init__(self, config: PooledClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.n_labels = config.n_labels
        autoencoder = built_autoencoder(config.encoder)
        self.encoder = autoencoder.encoder
        layers: list[nn.Module] = []
        widths = (autoencoder.n_features, *config.conv_widths)
        for before, after in pairwise(widths):
            padding = config.conv_kernel // 2
            layers += [
                nn.Conv1d(before, after, config.conv_kernel, padding=padding, bias=False),
                nn.BatchNorm1d(after),
                nn.ReLU(),
            ]
        n_pooled = len(config.poolings) * widths[-1]
        last = nn.Linear(n_pooled, config.n_labels)
        self.head = nn.Sequential(*layers, TimePooling(config.poolings), Dropout(config.dropout), last)
