"""Jang's convolutional autoencoder of one lead, as published.

Jang et al. 2021, Healthc Inform Res 27(1):19-28, doi 10.4258/hir.2021.27.1.19: nine residual blocks of two
kernel-19 convolutions with two batch norms each, 2,048 samples at 250 Hz, 60 features. What the paper
leaves open follows the group's public code: 16 filters in the first layer, growing to five times as
many, max-pooling by two in blocks two to eight, half the kernel in the last three, dense layers
80 f -> 40 f -> 60, a decoder of linear up-sampling and convolutions. We differ in three points: ReLU as
in the paper (the code has LeakyReLU), no parameters that take no part in the output, and channels-last
(1, k) convolutions, which compute the same numbers faster.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.networks.convolution import as_image, convolution
from ecgapp.models.networks.dropout import Dropout
from ecgapp.models.registry import Autoencoder, AutoencoderConfig, architecture

_WIDTHS = (1, 1, 2, 3, 4, 4, 5, 5, 5)  # of the nine blocks, in units of ``filters``
_POOLED = range(1, 8)  # blocks two to eight halve the time
_HALVINGS = 7


@dataclass(frozen=True)
class JangAutoencoderConfig(AutoencoderConfig):
    """The published network: only the number of filters is not in the paper."""

    n_leads: int = 1
    n_samples: int = 2048
    filters: int = 16
    kernel: int = 19
    latent: int = 60
    dropout: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 4 != 3 or self.filters < 1 or self.latent < 1:
            raise ConfigError("The kernel must be 3, 7, 11, ... samples so that half of it is odd too.")
        if self.n_samples % 2**_HALVINGS:
            raise ConfigError(f"The window must be a multiple of {2**_HALVINGS} samples for this network.")


class PreActivationBlock(nn.Module):
    """Norm, ReLU, convolution, twice, then a max-pool where time halves; 1x1 shortcut."""

    def __init__(self, c_in: int, c_out: int, kernel: int, *, pooled: bool, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(c_in),
            nn.ReLU(),
            convolution(c_in, c_out, kernel),
            nn.BatchNorm2d(c_out),
            nn.ReLU(),
            Dropout(dropout),
            convolution(c_out, c_out, kernel),
        )
        self.shortcut = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1, bias=False)
        self.pool = nn.MaxPool2d((1, 2)) if pooled else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.body(x) + self.shortcut(x))


class JangEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> the feature map (batch, 5 filters, n_samples / 128)."""

    def __init__(self, config: JangAutoencoderConfig) -> None:
        super().__init__()
        widths = [config.filters * factor for factor in (1, *_WIDTHS)]
        self.stem = nn.Sequential(
            convolution(config.n_leads, config.filters, config.kernel), nn.BatchNorm2d(config.filters)
        )
        self.blocks = nn.Sequential(
            *(
                PreActivationBlock(
                    c_in, c_out, _kernel(config, block), pooled=block in _POOLED, dropout=config.dropout
                )
                for block, (c_in, c_out) in enumerate(pairwise(widths))
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.stem(as_image(x))).squeeze(2)


class JangDecoder(nn.Module):
    """(batch, 5 filters, n_samples / 128) -> (batch, n_leads, n_samples)."""

    def __init__(self, config: JangAutoencoderConfig) -> None:
        super().__init__()
        widths = [config.filters * factor for factor in (1, *_WIDTHS)]
        blocks: list[nn.Module] = []
        for block in reversed(range(len(_WIDTHS))):
            if block in _POOLED:
                blocks.append(nn.Upsample(scale_factor=(1.0, 2.0), mode="bilinear", align_corners=False))
            blocks.append(
                PreActivationBlock(
                    widths[block + 1],
                    widths[block],
                    _kernel(config, block),
                    pooled=False,
                    dropout=config.dropout,
                )
            )
        self.blocks = nn.Sequential(*blocks)
        self.out = nn.Conv2d(config.filters, config.n_leads, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.out(self.blocks(as_image(features))).squeeze(2)


def _kernel(config: JangAutoencoderConfig, block: int) -> int:
    return config.kernel // 2 if block >= len(_WIDTHS) - 3 else config.kernel


@architecture("jang_autoencoder")
class JangAutoencoder(Autoencoder):
    """Input and output are (batch, n_leads, n_samples), in normalised units."""

    Config = JangAutoencoderConfig
    config: JangAutoencoderConfig

    def __init__(self, config: JangAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_features = config.filters * _WIDTHS[-1]
        steps = config.n_samples // 2**_HALVINGS
        flat = self.n_features * steps
        middle = flat // 2
        self.encoder = JangEncoder(config)
        self.to_latent = nn.Sequential(nn.Linear(flat, middle), nn.ReLU(), nn.Linear(middle, config.latent))
        self.from_latent = nn.Sequential(nn.Linear(config.latent, middle), nn.ReLU(), nn.Linear(middle, flat))
        self.decoder = JangDecoder(config)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, x: Tensor) -> Tensor:
        """The latent, (batch, config.latent)."""
        return self.to_latent(self.encoder(x).flatten(1))

    def rebuild(self, latent: Tensor) -> Tensor:
        features = self.from_latent(latent).unflatten(1, (-1, self.config.n_samples // 2**_HALVINGS))
        return self.decoder(features)

    def forward(self, x: Tensor) -> Tensor:
        return self.rebuild(self.encode(x))
