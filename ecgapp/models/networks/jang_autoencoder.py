"""Jang's convolutional autoencoder of one lead: the graph of the group's public code.

Jang et al. 2021, Healthc Inform Res 27(1):19-28, doi 10.4258/hir.2021.27.1.19: 2,048 samples at 250 Hz, nine
residual blocks of two convolutions with two batch norms each, 60 features. What the paper leaves open follows
the public code (CMI-Laboratory/CAE, ``CAE.py``): 16 filters in the first layer, growing to five times as
many; half the kernel in the last three blocks; dense layers 80 f -> 40 f -> 60 and one layer 60 -> 80 f back;
a decoder without shortcuts. Paper and code differ in two points, in which this network follows the code: the
activation is LeakyReLU (paper: ReLU), and the decoder up-samples linearly before a convolution (paper:
transposed convolutions). At the default config it has 2,446,797 parameters: those of the public code that
take part in its output.

Three differences from the public code are left. Its second latent layer and its decoder's shortcuts, whose
results it never uses, are left out. Convolutions are (1, k) ones in channels-last, which compute the same
numbers. The initial weights are PyTorch's and the random state is left alone, because the code's own function
for both is not public.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image, convolution
from ecgapp.models.layers.dropout import Dropout
from ecgapp.models.registry import Autoencoder, AutoencoderConfig, architecture

_WIDTHS = (1, 1, 2, 3, 4, 4, 5, 5, 5)  # of the nine blocks, in units of ``filters``
_POOLED = range(1, 8)  # blocks two to eight halve the time
_HALVINGS = 7
_SLOPE = 0.01  # of LeakyReLU below zero


@dataclass(frozen=True)
class JangAutoencoderConfig(AutoencoderConfig):
    """The published network: only the number of filters is not in the paper."""

    n_leads: int = 1
    n_samples: int = 2048
    filters: int = 16
    kernel: int = 19
    latent: int = 60
    dropout: float = 0.3
    decoder_dropout: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 4 != 3 or self.filters < 1 or self.latent < 1:
            raise ConfigError("The kernel must be 3, 7, 11, ... samples so that half of it is odd too.")
        if self.n_samples % 2**_HALVINGS:
            raise ConfigError(f"The window must be a multiple of {2**_HALVINGS} samples for this network.")
        if 2 * self.n_samples // 2**_HALVINGS <= self.kernel // 4:  # reflected beyond its own length
            raise ConfigError("The window is too short for this kernel. Choose a longer window.")


class PreActivationBlock(nn.Module):
    """(batch, c_in, 1, t) -> (batch, c_out, 1, t), or t / 2 if it is pooled: two convolutions and a shortcut.

    Both paths are pooled before they are added; the shortcut has a 1x1 convolution if the channels change.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, *, pooled: bool, dropout: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(c_in),
            nn.LeakyReLU(_SLOPE),
            convolution(c_in, c_out, kernel, bias=True),
            nn.BatchNorm2d(c_out),
            nn.LeakyReLU(_SLOPE),
            convolution(c_out, c_out, kernel, bias=True),
        )
        self.pool = nn.MaxPool2d((1, 2)) if pooled else nn.Identity()
        self.shortcut = nn.Identity() if c_in == c_out else nn.Conv2d(c_in, c_out, 1)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.pool(self.body(x)) + self.shortcut(self.pool(x)))


class JangEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> the feature map (batch, 5 filters, n_samples / 128)."""

    def __init__(self, config: JangAutoencoderConfig) -> None:
        super().__init__()
        widths = [config.filters * factor for factor in (1, *_WIDTHS)]
        self.stem = nn.Sequential(
            convolution(config.n_leads, config.filters, config.kernel, bias=True),
            nn.BatchNorm2d(config.filters),
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
        self.blocks = nn.Sequential(
            *(
                _decoder_block(
                    widths[block + 1],
                    widths[block],
                    _kernel(config, block),
                    doubled=block in _POOLED,
                    dropout=config.decoder_dropout,
                )
                for block in reversed(range(len(_WIDTHS)))
            )
        )
        self.out = nn.Conv2d(config.filters, config.n_leads, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.out(self.blocks(as_image(features))).squeeze(2)


def _kernel(config: JangAutoencoderConfig, block: int) -> int:
    return config.kernel // 2 if block >= len(_WIDTHS) - 3 else config.kernel


def _decoder_block(c_in: int, c_out: int, kernel: int, *, doubled: bool, dropout: float) -> nn.Sequential:
    """Two convolutions without a shortcut; the second one works on twice the time if it is ``doubled``."""
    second: list[nn.Module] = [convolution(c_in, c_out, kernel)]
    if doubled:
        second = [
            nn.Upsample(scale_factor=(1.0, 2.0), mode="bilinear", align_corners=False),
            nn.ReflectionPad2d((kernel // 2, kernel // 2, 0, 0)),
            nn.Conv2d(c_in, c_out, (1, kernel), bias=False),
        ]
    return nn.Sequential(
        convolution(c_in, c_in, kernel),
        nn.BatchNorm2d(c_in),
        nn.LeakyReLU(_SLOPE),
        *second,
        nn.BatchNorm2d(c_out),
        nn.LeakyReLU(_SLOPE),
        Dropout(dropout),
    )


@architecture("jang_autoencoder")
class JangAutoencoder(Autoencoder):
    """Input and output are (batch, n_leads, n_samples), in normalised units."""

    Config = JangAutoencoderConfig
    config: JangAutoencoderConfig

    def __init__(self, config: JangAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_features = config.filters * _WIDTHS[-1]
        flat = self.n_features * (config.n_samples // 2**_HALVINGS)
        self.encoder = JangEncoder(config)
        self.to_latent = nn.Sequential(
            nn.Linear(flat, flat // 2), nn.LeakyReLU(_SLOPE), nn.Linear(flat // 2, config.latent)
        )
        self.from_latent = nn.Linear(config.latent, flat)
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
