"""GoogLeNet for images, as far as the features that its last layer sees.

Szegedy et al. (2015), doi:10.1109/CVPR.2015.7298594, with batch norms and with the names and shapes of
torchvision's public file ``googlenet-1378be20.pth``, whose "5x5" branch has 3x3 convolutions. The two
auxiliary heads of that file take no part. It is the fixed image network of Jang et al. (2021),
doi:10.4258/hir.2021.27.1.19.
"""

import torch
from torch import Tensor, nn

_WIDTHS = {
    "inception3a": (192, 64, (96, 128), (16, 32), 32),
    "inception3b": (256, 128, (128, 192), (32, 96), 64),
    "inception4a": (480, 192, (96, 208), (16, 48), 64),
    "inception4b": (512, 160, (112, 224), (24, 64), 64),
    "inception4c": (512, 128, (128, 256), (24, 64), 64),
    "inception4d": (512, 112, (144, 288), (32, 64), 64),
    "inception4e": (528, 256, (160, 320), (32, 128), 128),
    "inception5a": (832, 256, (160, 320), (32, 128), 128),
    "inception5b": (832, 384, (192, 384), (48, 128), 128),
}
"""The channels of each block: those that enter, and those of its four branches."""


class NormedConvolution(nn.Module):
    """(batch, c_in, h, w) -> (batch, c_out, h / stride, w / stride): convolution, batch norm, ReLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(c_out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.bn(self.conv(x)))


class InceptionImageBlock(nn.Module):
    """(batch, c_in, h, w) -> (batch, sum of the branches' channels, h, w): four branches side by side."""

    def __init__(
        self, c_in: int, first: int, second: tuple[int, int], third: tuple[int, int], fourth: int
    ) -> None:
        super().__init__()
        self.branch1 = NormedConvolution(c_in, first, 1)
        self.branch2 = nn.Sequential(
            NormedConvolution(c_in, second[0], 1), NormedConvolution(second[0], second[1], 3)
        )
        self.branch3 = nn.Sequential(
            NormedConvolution(c_in, third[0], 1), NormedConvolution(third[0], third[1], 3)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(3, 1, 1, ceil_mode=True), NormedConvolution(c_in, fourth, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


class GoogLeNet(nn.Module):
    """(batch, 3, height, width) of brightness from -1 to 1 -> features (batch, 1024)."""

    n_features = 1024
    mean, scale = 0.5, 0.5  # of brightness from 0 to 1: what torchvision's ``transform_input`` amounts to

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = NormedConvolution(3, 64, 7, stride=2)
        self.conv2 = NormedConvolution(64, 64, 1)
        self.conv3 = NormedConvolution(64, 192, 3)
        for name, widths in _WIDTHS.items():
            self.add_module(name, InceptionImageBlock(*widths))

    def forward(self, x: Tensor) -> Tensor:
        x = _halved(self.conv1(x), 3)
        x = _halved(self.conv3(self.conv2(x)), 3)
        for name in _WIDTHS:
            if name in ("inception4a", "inception5a"):
                x = _halved(x, 3 if name == "inception4a" else 2)
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


def _halved(x: Tensor, kernel: int) -> Tensor:
    return nn.functional.max_pool2d(x, kernel, 2, ceil_mode=True)
