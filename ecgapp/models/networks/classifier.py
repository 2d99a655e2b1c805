"""A classifier made of an autoencoder's encoder and a pooled linear head."""

from dataclasses import dataclass, field, replace
from typing import Self

from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.layers.pooling import MeanAndMaximum
from ecgapp.models.networks.patch_autoencoder import PatchAutoencoderConfig
from ecgapp.models.registry import (
    Autoencoder,
    AutoencoderConfig,
    ClassifierConfig,
    ClassifierShape,
    EncoderClassifier,
    architecture,
    build,
)


@dataclass(frozen=True)
class ECGClassifierConfig(ClassifierConfig):
    """The config of the encoder, and the number of labels."""

    encoder: AutoencoderConfig = field(default_factory=PatchAutoencoderConfig)
    n_labels: int = 9
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.n_labels < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A classifier needs labels, and a dropout between 0 and 1.")

    @property
    def shape(self) -> ClassifierShape:
        return ClassifierShape(self.encoder.n_leads, self.encoder.n_samples, self.n_labels)

    def with_shape(self, shape: ClassifierShape) -> Self:
        encoder = replace(self.encoder, n_leads=shape.n_leads, n_samples=shape.n_samples)
        return replace(self, encoder=encoder, n_labels=shape.n_labels)


@architecture("ecg_classifier")
class ECGClassifier(EncoderClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels).

    The head sees the mean and the maximum of each feature over time, as the concatenated pooling
    of Strodthoff et al. 2020 (doi 10.1109/JBHI.2020.3022989), then dropout and one linear layer.
    """

    Config = ECGClassifierConfig
    config: ECGClassifierConfig

    def __init__(self, config: ECGClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.n_labels = config.n_labels
        autoencoder = build(config.encoder)
        if not isinstance(autoencoder, Autoencoder):
            raise ConfigError("A classifier's encoder must come from an autoencoder.")
        self.encoder = autoencoder.encoder
        self.pool = MeanAndMaximum()
        self.head = nn.Sequential(
            Dropout(config.dropout), nn.Linear(2 * autoencoder.n_features, config.n_labels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.encoder(x)))
