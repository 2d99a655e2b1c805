"""The residual network of Wang et al. 2017 (doi 10.1109/IJCNN.2017.7966039) as the PTB-XL benchmark has it.

As the public code of Strodthoff et al. 2020 (doi 10.1109/JBHI.2020.3022989) builds it: a stem of kernel 7
without stride or pooling, then three blocks of two convolutions (kernels 5 and 3) that are all 128 channels
wide, the last two with stride 2 and a strided 1x1 convolution as shortcut. 481,863 parameters for 12 leads
and 71 labels. Convolutions are (1, k) ones in channels-last, which compute the same numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image, convolution
from ecgapp.models.networks.benchmark_classifier import BenchmarkClassifier, WindowClassifierConfig
from ecgapp.models.registry import architecture

_STRIDES = (1, 2, 2)  # of the three blocks


@dataclass(frozen=True)
class ResNetWangConfig(WindowClassifierConfig):
    """The published network by default; a block's second kernel is half its first, and one more."""

    width: int = 128
    stem_kernel: int = 7
    kernel: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 4 != 1 or self.stem_kernel % 2 == 0 or self.width < 1:
            raise ConfigError("The kernel must be 1, 5, 9, ... samples, and the stem's kernel odd.")


class BasicBlock(nn.Module):
    """(batch, width, 1, t) -> (batch, width, 1, ceil(t / stride)): two convolutions and a shortcut."""

    def __init__(self, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(width, width, kernel, stride),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            convolution(width, width, kernel // 2 + 1),
            nn.BatchNorm2d(width),
        )
        strided = [convolution(width, width, 1, stride), nn.BatchNorm2d(width)] if stride > 1 else []
        self.shortcut = nn.Sequential(*strided)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.body(x) + self.shortcut(x))


class ResNetWangEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, width, n_samples / 4), rounded up."""

    def __init__(self, config: ResNetWangConfig) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            convolution(config.n_leads, config.width, config.stem_kernel),
            nn.BatchNorm2d(config.width),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*(BasicBlock(config.width, config.kernel, stride) for stride in _STRIDES))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.stem(as_image(x))).squeeze(2)


@architecture("resnet1d_wang")
class ResNetWang(BenchmarkClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels)."""

    Config = ResNetWangConfig
    config: ResNetWangConfig

    def __init__(self, config: ResNetWangConfig) -> None:
        super().__init__()
        self.config = config
        self._finish(ResNetWangEncoder(config), config.width)
