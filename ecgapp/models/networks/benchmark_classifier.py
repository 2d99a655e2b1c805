"""The common parts of the PTB-XL benchmark's classifiers: config, head and initial weights.

Strodthoff et al. 2020, IEEE J Biomed Health Inform 25(5):1519-1528, doi 10.1109/JBHI.2020.3022989, and its
public code (helme/ecg_ptbxl_benchmarking): 100 Hz, windows of 2.5 s, twelve leads, one logit for each label.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.layers.pooling import MeanAndMaximum
from ecgapp.models.registry import ClassifierConfig, ClassifierShape, EncoderClassifier

_HIDDEN = 128  # features between the two linear layers
_FIRST_DROPOUT = 0.5  # of ``dropout``: that before the first linear layer


@dataclass(frozen=True)
class WindowClassifierConfig(ClassifierConfig):
    """The fields that every classifier without an autoencoder has; the defaults are the benchmark's."""

    n_leads: int = 12
    n_samples: int = 250
    n_labels: int = 71
    dropout: float = 0.5  # before the last layer

    def __post_init__(self) -> None:
        if min(self.n_leads, self.n_samples, self.n_labels) < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A classifier needs leads, samples, labels, and a dropout between 0 and 1.")

    @property
    def shape(self) -> ClassifierShape:
        return ClassifierShape(self.n_leads, self.n_samples, self.n_labels)

    def with_shape(self, shape: ClassifierShape) -> Self:
        return replace(self, **shape._asdict())


class BenchmarkClassifier(EncoderClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels): an encoder with the benchmark's head.

    Subclasses build their ``encoder``, then call ``_finish``.
    """

    config: WindowClassifierConfig

    def _finish(self, encoder: nn.Module, n_features: int) -> None:
        self.encoder = encoder
        self.n_labels = self.config.n_labels
        self.head = benchmark_head(n_features, self.config.n_labels, self.config.dropout)
        _initialise(self)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def benchmark_head(n_features: int, n_labels: int, dropout: float) -> nn.Sequential:
    """The benchmark's head: (batch, n_features, time) -> logits (batch, n_labels).

    Mean and maximum over time, then twice a batch norm, a dropout and a linear layer, with a ReLU between.
    The public code has the maxima before the means, which makes no difference to what the head can learn.
    """
    return nn.Sequential(
        MeanAndMaximum(),
        nn.BatchNorm1d(2 * n_features),
        Dropout(_FIRST_DROPOUT * dropout),
        nn.Linear(2 * n_features, _HIDDEN),
        nn.ReLU(inplace=True),
        nn.BatchNorm1d(_HIDDEN),
        Dropout(dropout),
        nn.Linear(_HIDDEN, n_labels),
    )


def _initialise(network: nn.Module) -> None:
    """Draw the weights of convolutions and linear layers after He et al. 2015 (arXiv 1502.01852)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear) and not module.weight.is_meta:  # meta: shapes alone
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
