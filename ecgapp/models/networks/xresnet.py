"""XResNet of the PTB-XL benchmark: 101 layers deep in its default config.

He et al. 2019, doi 10.1109/CVPR.2019.00065, in one dimension as Strodthoff et al. 2020 use it (doi
10.1109/JBHI.2020.3022989): a stem of three convolutions and a max-pool; four stages of bottleneck blocks, all
64 channels wide inside and 256 outside, unlike the original, which doubles from stage to stage; the stride in
the middle convolution; a strided shortcut averages before its 1x1 convolution. 1,880,775 parameters for 12
leads and 71 labels. Convolutions are (1, k) ones in channels-last, which compute the same numbers.

``zero_start`` lets every block begin as its shortcut, as the public network is built. The public training
from random weights then sets these scales to one again; ``zero_start`` False does the same.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image, convolution, shortcut
from ecgapp.models.networks.benchmark_classifier import BenchmarkClassifier, WindowClassifierConfig
from ecgapp.models.registry import architecture

_EXPANSION = 4  # channels outside a bottleneck, in units of those inside


@dataclass(frozen=True)
class XResNetConfig(WindowClassifierConfig):
    """The published network by default; ``depths`` (3, 4, 6, 3) makes the one of 50 layers."""

    depths: tuple[int, ...] = (3, 4, 23, 3)
    width: int = 64
    kernel: int = 5
    zero_start: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel % 2 == 0 or self.width < 2 or not self.depths or min(self.depths) < 1:
            raise ConfigError("The kernel must be odd, the width at least 2, and every stage needs a block.")


class Bottleneck(nn.Module):
    """(batch, c_in, 1, t) -> (batch, 4 width, 1, ceil(t / stride)): 1x1, wide, 1x1, and a shortcut."""

    def __init__(self, c_in: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        c_out = _EXPANSION * width
        self.body = nn.Sequential(
            *_layer(c_in, width, 1),
            nn.ReLU(inplace=True),
            *_layer(width, width, kernel, stride),
            nn.ReLU(inplace=True),
            *_layer(width, c_out, 1),
        )
        self.shortcut = shortcut(c_in, c_out, stride)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.body(x) + self.shortcut(x))


def _layer(c_in: int, c_out: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    return [convolution(c_in, c_out, kernel, stride), nn.BatchNorm2d(c_out)]


class XResNetEncoder(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, 4 width, n_samples / 32), rounded up."""

    def __init__(self, config: XResNetConfig) -> None:
        super().__init__()
        half, width = config.width // 2, config.width
        stem: list[nn.Module] = []
        for c_in, c_out, stride in ((config.n_leads, half, 2), (half, half, 1), (half, width, 1)):
            stem += [*_layer(c_in, c_out, config.kernel, stride), nn.ReLU(inplace=True)]
        self.stem = nn.Sequential(*stem)
        self.pool = nn.MaxPool2d((1, 3), (1, 2), (0, 1))
        self.stages = nn.Sequential(
            *(_stage(width if stage == 0 else _EXPANSION * width, config, stage) for stage in _stages(config))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.stages(self.pool(self.stem(as_image(x)))).squeeze(2)


def _stages(config: XResNetConfig) -> range:
    return range(len(config.depths))


def _stage(c_in: int, config: XResNetConfig, stage: int) -> nn.Sequential:
    """The blocks of one stage; the first block of all stages but the first halves the time."""
    first = Bottleneck(c_in, config.width, config.kernel, 1 if stage == 0 else 2)
    further = [
        Bottleneck(_EXPANSION * config.width, config.width, config.kernel, 1)
        for _ in range(config.depths[stage] - 1)
    ]
    return nn.Sequential(first, *further)


@architecture("xresnet1d101")
class XResNet(BenchmarkClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels)."""

    Config = XResNetConfig
    config: XResNetConfig

    def __init__(self, config: XResNetConfig) -> None:
        super().__init__()
        self.config = config
        self._finish(XResNetEncoder(config), _EXPANSION * config.width)
        for module in self.modules():
            if config.zero_start and isinstance(module, Bottleneck):
                nn.init.zeros_(module.body[-1].weight)  # type: ignore[arg-type]
