"""A classifier made of an autoencoder's encoder and a pooled linear head."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError, WeightsMismatchError
from ecgapp.models.networks.dropout import Dropout, PerMember
from ecgapp.models.networks.patch_autoencoder import PatchAutoencoderConfig
from ecgapp.models.registry import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    Classifier,
    architecture,
    build,
)


@dataclass(frozen=True)
class ECGClassifierConfig(ArchitectureConfig):
    """The config of the encoder, and the number of labels."""

    encoder: AutoencoderConfig = field(default_factory=PatchAutoencoderConfig)
    n_labels: int = 9
    dropout: float = 0.3

    def __post_init__(self) -> None:
        if self.n_labels < 1 or not 0 <= self.dropout < 1:
            raise ConfigError("A classifier needs labels, and a dropout between 0 and 1.")


class MeanAndMaximum(PerMember):
    """(batch, n_features, time) -> (batch, 2 n_features): all means over time, then all maxima."""

    def forward(self, features: Tensor) -> Tensor:
        pooled = torch.stack([features.mean(-1), features.amax(-1)], dim=1)  # (batch, 2, n_features)
        return pooled.view(len(features), 2, self.members, -1).transpose(1, 2).flatten(1)


@architecture("ecg_classifier")
class ECGClassifier(Classifier):
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


def transfer_encoder(autoencoder: Autoencoder, classifier: ECGClassifier) -> None:
    """Copy the autoencoder's encoder, batch-norm statistics and all, into the classifier.

    Raises:
        WeightsMismatchError: the two encoders are not built alike.
    """
    try:
        classifier.encoder.load_state_dict(autoencoder.encoder.state_dict())
    except RuntimeError as error:
        raise WeightsMismatchError(
            "The pretrained encoder does not fit this classifier: leads, window and widths must be equal."
        ) from error
