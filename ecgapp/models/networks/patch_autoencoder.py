"""The fast convolutional autoencoder: an overlapping patch stem, residual stages, a short latent.

The interface is Jang's (doi 10.4258/hir.2021.27.1.19): an encoder, ``latent`` features, a mirrored
decoder. Ours differs in the stem, which turns each patch of samples into channels at once, so that
the kernel-wide convolutions run on a sequence ``patch`` times shorter, as vision transformers do it
(Dosovitskiy et al. 2021, arXiv 2010.11929).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import ResidualBlock, as_image
from ecgapp.models.registry import Autoencoder, AutoencoderConfig, architecture


@dataclass(frozen=True)
class PatchAutoencoderConfig(AutoencoderConfig):
    """The size of the patches, and the width and depth of the stages; each after the first halves time."""

    patch: int = 8  # samples a patch steps by
    stem_kernel: int = 8  # samples a patch sees; larger than ``patch``: they overlap
    widths: tuple[int, ...] = (64, 96, 128)
    depths: tuple[int, ...] = (1, 1, 1)
    kernel: int = 9  # patches; odd, so that padding keeps the length
    squeeze: int = 16  # channels of the feature map just before the latent
    latent: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0 or self.stem_kernel < self.patch or self.patch < 1:
            raise ConfigError("The kernel must be odd, and a patch's kernel at least as long as its step.")
        if not self.widths or len(self.widths) != len(self.depths) or min(*self.widths, *self.depths, 1) < 1:
            raise ConfigError("Every stage needs a width and a depth.")
        if self.latent < 1 or self.squeeze < 1:
            raise ConfigError("The latent needs at least one feature.")

    @property
    def lengths(self) -> tuple[int, ...]:
        """Time steps after the stem, and after each further stage."""
        steps = [-(-self.n_samples // self.patch)]
        for _ in self.widths[1:]:
            steps.append(-(-steps[-1] // 2))
        return tuple(steps)


class PatchEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> the feature map (batch, widths[-1], lengths[-1])."""

    def __init__(self, config: PatchAutoencoderConfig) -> None:
        super().__init__()
        left = (config.stem_kernel - config.patch) // 2
        self.pad = (left, config.stem_kernel - config.patch - left + (-config.n_samples) % config.patch)
        self.stem = nn.Sequential(
            nn.Conv2d(
                config.n_leads, config.widths[0], (1, config.stem_kernel), (1, config.patch), bias=False
            ),
            nn.BatchNorm2d(config.widths[0]),
            nn.ReLU(),
        )
        self.stages = nn.Sequential(*_stages(config.widths, config.depths, config.kernel))

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.pad(x, self.pad)
        return self.stages(self.stem(as_image(x))).squeeze(2)


def _stages(widths: Sequence[int], depths: Sequence[int], kernel: int) -> list[nn.Module]:
    blocks: list[nn.Module] = [ResidualBlock(widths[0], widths[0], kernel) for _ in range(depths[0])]
    for (before, after), depth in zip(pairwise(widths), depths[1:], strict=True):
        blocks.append(ResidualBlock(before, after, kernel, stride=2))
        blocks += [ResidualBlock(after, after, kernel) for _ in range(depth - 1)]
    return blocks


class PatchDecoder(nn.Module):
    """(batch, widths[-1], lengths[-1]) -> (batch, n_leads, n_samples): the encoder, mirrored."""

    def __init__(self, config: PatchAutoencoderConfig) -> None:
        super().__init__()
        self.lengths = config.lengths
        self.n_samples = config.n_samples
        stages: list[nn.Module] = []
        for before, after, depth in zip(
            config.widths, (*config.widths[1:], config.widths[-1]), config.depths, strict=True
        ):
            blocks = [ResidualBlock(after, before, config.kernel)]
            blocks += [ResidualBlock(before, before, config.kernel) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(stages)
        self.unpatch = nn.ConvTranspose2d(
            config.widths[0], config.n_leads, (1, config.stem_kernel), (1, config.patch)
        )
        self.left = (config.stem_kernel - config.patch) // 2

    def forward(self, features: Tensor) -> Tensor:
        x = as_image(features)
        for stage, length in zip(reversed(self.stages), reversed(self.lengths), strict=True):
            if x.shape[-1] != length:
                x = nn.functional.interpolate(x, size=(1, length), mode="nearest")
            x = stage(x)
        return self.unpatch(x).squeeze(2)[..., self.left : self.left + self.n_samples]


@architecture("patch_autoencoder")
class PatchAutoencoder(Autoencoder):
    """Input and output are (batch, n_leads, n_samples), in normalised units."""

    Config = PatchAutoencoderConfig
    config: PatchAutoencoderConfig

    def __init__(self, config: PatchAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_features = config.widths[-1]
        self.encoder = PatchEncoder(config)
        self.squeeze = nn.Conv1d(config.widths[-1], config.squeeze, 1)
        self.to_latent = nn.Linear(config.squeeze * config.lengths[-1], config.latent)
        self.from_latent = nn.Linear(config.latent, config.squeeze * config.lengths[-1])
        self.expand = nn.Conv1d(config.squeeze, config.widths[-1], 1)
        self.decoder = PatchDecoder(config)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, x: Tensor) -> Tensor:
        """The latent, (batch, config.latent)."""
        return self.to_latent(self.squeeze(self.encoder(x)).flatten(1))

    def rebuild(self, latent: Tensor) -> Tensor:
        features = self.from_latent(latent).unflatten(1, (-1, self.config.lengths[-1]))
        return self.decoder(self.expand(features))

    def forward(self, x: Tensor) -> Tensor:
        return self.rebuild(self.encode(x))
