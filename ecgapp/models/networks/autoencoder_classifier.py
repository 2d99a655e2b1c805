"""The common parts of the classifiers that are made of an autoencoder's encoder and a head."""

from dataclasses import dataclass, field, replace
from typing import Self

from ecgapp.errors import ConfigError
from ecgapp.models.networks.patch_autoencoder import PatchAutoencoderConfig
from ecgapp.models.registry import (
    Autoencoder,
    AutoencoderConfig,
    ClassifierConfig,
    ClassifierShape,
    build,
)


@dataclass(frozen=True)
class AutoencoderClassifierConfig(ClassifierConfig):
    """The fields that every classifier with an autoencoder's encoder has."""

    encoder: AutoencoderConfig = field(default_factory=PatchAutoencoderConfig)
    n_labels: int = 9

    @property
    def shape(self) -> ClassifierShape:
        return ClassifierShape(self.encoder.n_leads, self.encoder.n_samples, self.n_labels)

    def with_shape(self, shape: ClassifierShape) -> Self:
        encoder = replace(self.encoder, n_leads=shape.n_leads, n_samples=shape.n_samples)
        return replace(self, encoder=encoder, n_labels=shape.n_labels)


def built_autoencoder(config: AutoencoderConfig) -> Autoencoder:
    """A freshly initialised autoencoder, whose encoder a classifier takes.

    Raises:
        ConfigError: the config is of another network.
    """
    autoencoder = build(config)
    if not isinstance(autoencoder, Autoencoder):
        raise ConfigError("A classifier's encoder must come from an autoencoder.")
    return autoencoder
