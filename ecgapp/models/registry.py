"""Architectures by name: a config names its network, a document names its config."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.storage.documents import fields_from_plain, fields_to_plain


@dataclass(frozen=True)
class ArchitectureConfig:
    """The config that builds one network. As a document it carries its architecture's name."""

    architecture: ClassVar[str] = ""

    def to_document(self) -> dict[str, Any]:
        return {"architecture": self.architecture, **fields_to_plain(self)}

    @classmethod
    def from_document(cls, plain: Any) -> Self:
        """Read any registered config that is a ``cls``.

        Raises:
            ConfigError: the name is unknown, or names another kind of network.
        """
        if not isinstance(plain, Mapping):
            raise ConfigError("A network must be a JSON object.")
        fields = dict(plain)
        name = fields.pop("architecture", cls.architecture)
        config_class = network_class(str(name)).Config
        if not issubclass(config_class, cls):
            raise ConfigError(f"A network of another kind than {name} is needed here.")
        config: Self = fields_from_plain(config_class, fields)
        return config


@dataclass(frozen=True)
class AutoencoderConfig(ArchitectureConfig):
    """The fields that every autoencoder's config has, and so every encoder's."""

    n_leads: int = 12
    n_samples: int = 1000

    def __post_init__(self) -> None:
        if self.n_leads < 1 or self.n_samples < 1:
            raise ConfigError("A network needs at least one lead and one sample.")


class ClassifierShape(NamedTuple):
    """The leads and samples of a window that a classifier reads, and the number of its labels."""

    n_leads: int
    n_samples: int
    n_labels: int


@dataclass(frozen=True)
class ClassifierConfig(ArchitectureConfig):
    """The config of a classifier with an encoder and a head, which a training can fit."""

    @property
    def shape(self) -> ClassifierShape:
        """Leads and samples of a window, and the number of labels."""
        raise TypeError(f"{type(self).__name__} has no shape.")

    def with_shape(self, shape: ClassifierShape) -> Self:
        """This config for other leads, another window or other labels.

        Raises:
            ConfigError: the network cannot read such windows.
        """
        raise TypeError(f"{type(self).__name__} has no shape.")


class Network(nn.Module):
    """Any registered network: input (batch, n_leads, n_samples) in normalised units."""

    Config: ClassVar[type[ArchitectureConfig]]
    config: ArchitectureConfig


class Autoencoder(Network):
    """An encoder, a latent, a decoder; transfer learning keeps ``encoder``.

    ``encoder`` maps (batch, n_leads, n_samples) to a feature map (batch, n_features, time).
    ``forward`` returns the reconstruction, in the shape of its input.
    """

    config: AutoencoderConfig
    encoder: nn.Module
    n_features: int

    def encode(self, x: Tensor) -> Tensor:
        """The latent, (batch, config.latent)."""
        raise TypeError(f"{type(self).__name__} does not encode.")

    def rebuild(self, latent: Tensor) -> Tensor:
        """The windows that a latent stands for; ``forward`` is this of ``encode``."""
        raise TypeError(f"{type(self).__name__} does not decode.")


class Classifier(Network):
    """Logits (batch, n_labels) of one window each."""

    n_labels: int


class EncoderClassifier(Classifier):
    """A classifier that a training can fit: an encoder, then a head whose last layer has the labels.

    ``encoder`` maps (batch, n_leads, n_samples) to a feature map (batch, n_features, time); its first layers
    are its ``stem``, if it has one. ``stackable`` says whether several such networks can learn as one stack,
    ``over_time`` whether the last axis of the feature map really is time, so that it can be explained.
    """

    config: ClassifierConfig
    encoder: nn.Module
    head: nn.Sequential
    stackable: ClassVar[bool] = True
    over_time: ClassVar[bool] = True

    @property
    def last_layer(self) -> str:
        """The prefix of the names of the last layer's weights: all that belongs to the labels."""
        return f"head.{len(self.head) - 1}."

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x))


_NETWORKS: dict[str, type[Network]] = {}
N = TypeVar("N", bound=type[Network])


def architecture(name: str) -> Callable[[N], N]:
    """Register a network class, and give its config the name; a doubled name is an error."""

    def register(network: N) -> N:
        if name in _NETWORKS:
            raise ConfigError(f"There are two architectures named {name}.")
        _NETWORKS[name] = network
        network.Config.architecture = name
        return network

    return register


def network_class(name: str) -> type[Network]:
    """The network class of this name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in _NETWORKS:
        raise ConfigError(f"There is no architecture {name}; there are {', '.join(architecture_names())}.")
    return _NETWORKS[name]


def architecture_names() -> tuple[str, ...]:
    """All registered architectures, sorted."""
    return tuple(sorted(_NETWORKS))


def build(config: ArchitectureConfig) -> Network:
    """A freshly initialised network; seed torch before, where it matters."""
    return network_class(config.architecture)(config)
