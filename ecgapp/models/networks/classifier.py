"""A classifier made of an autoencoder's encoder and a pooled linear head."""

from dataclasses import dataclass

from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.layers.pooling import MeanAndMaximum
from ecgapp.models.networks.autoencoder_classifier import (
    AutoencoderClassifierConfig,
    built_autoencoder,
)
from ecgapp.models.registry import EncoderClassifier, architecture


@dataclass(frozen=True)
class ECGClassifierConfig(AutoencoderClassifierConfig):
    """The config of the encoder, the number of labels, and the dropout before the last layer."""

    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.n_labels < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A classifier needs labels, and a dropout between 0 and 1.")


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
        autoencoder = built_autoencoder(config.encoder)
        self.encoder = autoencoder.encoder
        self.pool = MeanAndMaximum()
        self.head = nn.Sequential(
            Dropout(config.dropout), nn.Linear(2 * autoencoder.n_features, config.n_labels)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.encoder(x)))
