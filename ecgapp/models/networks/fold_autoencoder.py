"""The fastest convolutional autoencoder here: time is folded into channels, and no sample is moved for it.

The interface is Jang's (doi 10.4258/hir.2021.27.1.19): an encoder, ``latent`` features, a mirrored decoder.
In channels-last memory, ``n`` neighbouring time steps of ``c`` channels are one step of ``n c``
channels: folding and unfolding only rename them. So the patches of samples (Dosovitskiy et al. 2021,
arXiv 2010.11929), the halving of time and its doubling (the sub-pixel convolution of Shi et al. 2016,
arXiv 1609.05158) cost nothing, and every convolution is dense, with stride 1, on a short sequence. It
learns faster than ``patch_autoencoder`` with fewer than half the operations.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import ResidualBlock, as_image, convolution
from ecgapp.models.layers.dropout import PerMember
from ecgapp.models.registry import Autoencoder, AutoencoderConfig, architecture

_RESAMPLING_KERNEL = 3  # patches; of the convolutions that lead into a stage, so neighbours overlap
_FOLD = 2  # steps that become one from stage to stage


@dataclass(frozen=True)
class FoldAutoencoderConfig(AutoencoderConfig):
    """The samples of a patch, and the width and depth of the stages; each after the first halves time."""

    patch: int = 16  # samples
    widths: tuple[int, ...] = (96, 128)
    depths: tuple[int, ...] = (1, 1)
    kernel: int = 5  # patches; odd, so that padding keeps the length
    squeeze: int = 16  # channels of the feature map just before the latent
    latent: int = 60

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0 or self.patch < 1:
            raise ConfigError("The kernel must be odd, and a patch has at least one sample.")
        if not self.widths or len(self.widths) != len(self.depths) or min(*self.widths, *self.depths, 1) < 1:
            raise ConfigError("Every stage needs a width and a depth.")
        if self.latent < 1 or self.squeeze < 1:
            raise ConfigError("The latent needs at least one feature.")

    @property
    def lengths(self) -> tuple[int, ...]:
        """Time steps of each stage; the window is padded with zeros to whole steps of the last."""
        halvings = len(self.widths) - 1
        shortest = -(-self.n_samples // (self.patch * _FOLD**halvings))
        return tuple(shortest * _FOLD ** (halvings - stage) for stage in range(halvings + 1))


class Fold(PerMember):
    """(batch, c, 1, t) -> (batch, 2 c, 1, t / 2): two neighbouring steps become one."""

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, _, time = x.shape
        steps = x.permute(0, 2, 3, 1).reshape(batch, time // _FOLD, _FOLD, self.members, -1)
        folded = steps.transpose(2, 3).reshape(batch, 1, time // _FOLD, _FOLD * channels)
        return folded.permute(0, 3, 1, 2)


class Unfold(PerMember):
    """(batch, 2 c, 1, t) -> (batch, c, 1, 2 t): the inverse of ``Fold``."""

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, _, time = x.shape
        steps = x.permute(0, 2, 3, 1).reshape(batch, time, self.members, _FOLD, -1)
        unfolded = steps.transpose(2, 3).reshape(batch, 1, time * _FOLD, channels // _FOLD)
        return unfolded.permute(0, 3, 1, 2)


def _into(c_in: int, c_out: int) -> list[nn.Module]:
    """The layers that lead from one number of channels to another."""
    return [convolution(c_in, c_out, _RESAMPLING_KERNEL), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]


def _blocks(config: FoldAutoencoderConfig, stage: int) -> list[nn.Module]:
    width = config.widths[stage]
    return [ResidualBlock(width, width, config.kernel) for _ in range(config.depths[stage])]


class FoldEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> the feature map (batch, widths[-1], lengths[-1])."""

    def __init__(self, config: FoldAutoencoderConfig) -> None:
        super().__init__()
        self.patch, self.n_patches = config.patch, config.lengths[0]
        self.pad = config.lengths[0] * config.patch - config.n_samples
        layers = [*_into(config.n_leads * config.patch, config.widths[0]), *_blocks(config, 0)]
        for stage, (before, after) in enumerate(pairwise(config.widths), 1):
            layers += [Fold(), *_into(_FOLD * before, after), *_blocks(config, stage)]
        self.stages = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        padded = nn.functional.pad(x, (0, self.pad)) if self.pad else x
        patches = padded.view(*x.shape[:2], self.n_patches, self.patch).transpose(1, 2).flatten(2)
        return self.stages(patches.unsqueeze(1).permute(0, 3, 1, 2)).squeeze(2)


class FoldDecoder(nn.Module):
    """(batch, widths[-1], lengths[-1]) -> (batch, n_leads, n_samples): the encoder, mirrored."""

    def __init__(self, config: FoldAutoencoderConfig) -> None:
        super().__init__()
        self.patch, self.n_samples = config.patch, config.n_samples
        layers: list[nn.Module] = []
        for stage in reversed(range(len(config.widths))):
            layers += _blocks(config, stage)
            if stage:
                layers += [*_into(config.widths[stage], _FOLD * config.widths[stage - 1]), Unfold()]
        layers.append(
            convolution(config.widths[0], config.n_leads * config.patch, _RESAMPLING_KERNEL, bias=True)
        )
        self.stages = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        patches = self.stages(as_image(features)).squeeze(2).transpose(1, 2)
        windows = patches.view(*patches.shape[:2], -1, self.patch).transpose(1, 2).flatten(2)
        return windows[..., : self.n_samples]


@architecture("fold_autoencoder")
class FoldAutoencoder(Autoencoder):
    """Input and output are (batch, n_leads, n_samples), in normalised units."""

    Config = FoldAutoencoderConfig
    config: FoldAutoencoderConfig

    def __init__(self, config: FoldAutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.n_features = config.widths[-1]
        steps = config.lengths[-1]
        self.encoder = FoldEncoder(config)
        self.squeeze = convolution(config.widths[-1], config.squeeze, 1, bias=True)
        self.to_latent = nn.Linear(config.squeeze * steps, config.latent)
        self.from_latent = nn.Linear(config.latent, config.squeeze * steps)
        self.expand = convolution(config.squeeze, config.widths[-1], 1, bias=True)
        self.decoder = FoldDecoder(config)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def encode(self, x: Tensor) -> Tensor:
        """The latent, (batch, config.latent)."""
        return self.to_latent(self.squeeze(as_image(self.encoder(x))).flatten(1))

    def rebuild(self, latent: Tensor) -> Tensor:
        features = self.from_latent(latent).unflatten(1, (-1, self.config.lengths[-1]))
        return self.decoder(self.expand(as_image(features)).squeeze(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.rebuild(self.encode(x))
