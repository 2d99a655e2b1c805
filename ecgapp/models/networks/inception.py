"""InceptionTime as the PTB-XL benchmark has it: convolutions of three widths side by side.

Ismail Fawaz et al. 2020 (doi 10.1007/s10618-020-00710-y) as the public code of Strodthoff et al. 2020 (doi
10.1109/JBHI.2020.3022989) builds it: six blocks, each a linear bottleneck of 32 channels, 32 filters of
widths 39, 19 and 9 on it, and a max-pool with a 1x1 convolution beside them; a shortcut around every three
blocks. 516,167 parameters for 12 leads and 71 labels. Convolutions are (1, k) ones in channels-last, which
compute the same numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image, convolution
from ecgapp.models.layers.pooling import JoinedBranches
from ecgapp.models.networks.benchmark_classifier import BenchmarkClassifier, WindowClassifierConfig
from ecgapp.models.registry import architecture

_BLOCKS = 3  # that one shortcut leads around
_BRANCHES = 4  # three convolutions and the max-pool


@dataclass(frozen=True)
class InceptionConfig(WindowClassifierConfig):
    """The published network by default; a kernel that comes out even is made one shorter."""

    depth: int = 6
    filters: int = 32  # of each branch
    bottleneck: int = 32
    kernel: int = 40  # the widest; the others are a half and a quarter of it

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth < _BLOCKS or self.depth % _BLOCKS or min(self.filters, self.bottleneck) < 1:
            raise ConfigError("An Inception network needs filters, and 3, 6, 9, ... blocks.")
        if self.kernel < _BRANCHES:
            raise ConfigError("The widest kernel of an Inception network has at least 4 samples.")

    @property
    def kernels(self) -> tuple[int, ...]:
        """The widths of the three convolutions, all odd."""
        return tuple(k - (k % 2 == 0) for k in (self.kernel, self.kernel // 2, self.kernel // 4))

    @property
    def width(self) -> int:
        """The channels of a block's answer."""
        return _BRANCHES * self.filters


class InceptionBlock(nn.Module):
    """(batch, c_in, 1, t) -> (batch, config.width, 1, t)."""

    def __init__(self, c_in: int, config: InceptionConfig) -> None:
        super().__init__()
        self.bottleneck = convolution(c_in, config.bottleneck, 1)
        self.convolutions = nn.ModuleList(
            convolution(config.bottleneck, config.filters, kernel) for kernel in config.kernels
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d((1, 3), (1, 1), (0, 1)), convolution(c_in, config.filters, 1)
        )
        self.join = JoinedBranches()
        self.norm = nn.Sequential(nn.BatchNorm2d(config.width), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        narrow = self.bottleneck(x)
        branches = [convolve(narrow) for convolve in self.convolutions]
        return self.norm(self.join([*branches, self.pooled(x)]))


class InceptionGroup(nn.Module):
    """Three blocks with a shortcut around them: (batch, c_in, 1, t) -> (batch, config.width, 1, t)."""

    def __init__(self, c_in: int, config: InceptionConfig) -> None:
        super().__init__()
        inputs = (c_in, *[config.width] * (_BLOCKS - 1))
        self.blocks = nn.Sequential(*(InceptionBlock(channels, config) for channels in inputs))
        self.shortcut = nn.Sequential(convolution(c_in, config.width, 1), nn.BatchNorm2d(config.width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.blocks(x) + self.shortcut(x))


class InceptionEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, config.width, n_samples); the stem is the first group."""

    def __init__(self, config: InceptionConfig) -> None:
        super().__init__()
        self.stem = InceptionGroup(config.n_leads, config)
        further = range(config.depth // _BLOCKS - 1)
        self.groups = nn.Sequential(*(InceptionGroup(config.width, config) for _ in further))

    def forward(self, x: Tensor) -> Tensor:
        return self.groups(self.stem(as_image(x))).squeeze(2)


@architecture("inception1d")
class Inception(BenchmarkClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels)."""

    Config = InceptionConfig
    config: InceptionConfig

    def __init__(self, config: InceptionConfig) -> None:
        super().__init__()
        self.config = config
        self._finish(InceptionEncoder(config), config.width)
