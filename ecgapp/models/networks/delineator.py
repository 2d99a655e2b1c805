"""A network for the edges of P, QRS and T: an autoencoder's encoder with a head for each sample.

A U-Net's idea (Ronneberger et al. 2015, arXiv 1505.04597; on ECGs Moskalenko et al. 2019, arXiv
1908.04590) cut short: the encoder's last feature map says which wave this is, a shallow branch that
sees the samples themselves says where exactly it begins. Ours differs in that the encoder is one
that learnt from unlabelled ECGs, and that both branches meet on patches of a few samples, which the
last convolution unfolds (Shi et al. 2016, arXiv 1609.05158): no layer works at the full rate.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import ResidualBlock, as_image, convolution
from ecgapp.models.networks.fold_autoencoder import FoldAutoencoderConfig
from ecgapp.models.registry import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    Network,
    architecture,
    build,
)

SEGMENTS = ("background", "P", "QRS", "T")  # the order of the logits


@dataclass(frozen=True)
class DelineatorConfig(ArchitectureConfig):
    """The config of the encoder, of one lead; the width of the head, and the samples it takes together."""

    encoder: AutoencoderConfig = field(default_factory=lambda: FoldAutoencoderConfig(1, 2048))
    width: int = 32
    kernel: int = 9  # patches; odd, so that padding keeps the length
    patch: int = 4  # samples

    def __post_init__(self) -> None:
        if self.encoder.n_leads != 1:
            raise ConfigError(
                "A delineator reads one lead at a time, so its encoder must be one of one lead."
            )
        if self.kernel % 2 == 0 or min(self.width, self.patch) < 1:
            raise ConfigError(
                "The head needs an odd kernel, and at least one channel and one sample a patch."
            )


@architecture("delineator")
class Delineator(Network):
    """(batch, 1, n_samples) -> logits (batch, 4, n_samples), in the order of ``SEGMENTS``."""

    Config = DelineatorConfig
    config: DelineatorConfig

    def __init__(self, config: DelineatorConfig) -> None:
        super().__init__()
        self.config = config
        autoencoder = build(config.encoder)
        if not isinstance(autoencoder, Autoencoder):
            raise ConfigError("A delineator's encoder must come from an autoencoder.")
        self.encoder = autoencoder.encoder
        self.ratio = _patches_a_step(self.encoder, config)
        width, kernel = config.width, config.kernel
        self.context = _layer(autoencoder.n_features, width * self.ratio, 3)
        self.detail = nn.Sequential(_layer(config.patch, width, kernel), ResidualBlock(width, width, kernel))
        self.head = nn.Sequential(
            _layer(2 * width, width, kernel),
            ResidualBlock(width, width, kernel),
            convolution(width, len(SEGMENTS) * config.patch, kernel, bias=True),
        )
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        context = _unfold(self.context(as_image(self.encoder(x))).squeeze(2), self.ratio)
        patches = x.reshape(len(x), -1, self.config.patch).transpose(1, 2)
        both = torch.cat([as_image(context), self.detail(as_image(patches))], dim=1)
        return _unfold(self.head(both).squeeze(2), self.config.patch)


def _layer(c_in: int, c_out: int, kernel: int) -> nn.Module:
    return nn.Sequential(convolution(c_in, c_out, kernel), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))


def _unfold(x: Tensor, times: int) -> Tensor:
    """(batch, times * c, t) -> (batch, c, times * t): channels become neighbouring steps."""
    return x.reshape(len(x), -1, times, x.shape[2]).transpose(2, 3).flatten(2)


def _patches_a_step(encoder: nn.Module, config: DelineatorConfig) -> int:
    """The number of the head's patches in one step of the encoder's feature map.

    Raises:
        ConfigError: the two do not divide each other.
    """
    n_samples = config.encoder.n_samples
    encoder.eval()
    with torch.no_grad():
        steps = encoder(torch.zeros(1, 1, n_samples)).shape[-1]
    encoder.train()
    if n_samples % (steps * config.patch):
        raise ConfigError(
            "The window must be whole steps of the encoder, and those whole patches of the head."
        )
    return int(n_samples // (steps * config.patch))
