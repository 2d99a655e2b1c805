"""A network of one lead that says, every 32 ms, whether the rhythm is ventricular.

A stem of patches and residual blocks whose dilation doubles, as in a temporal convolutional network (Bai et
al. 2018, arXiv 1803.01271): each frame sees eight seconds. Windows are brought to unit variance inside the
network, so that neither a recorder's gain nor the rest of a long recording changes the answer. Several
members, trained without different patients, answer together.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.layers.convolution import as_image
from ecgapp.models.registry import ArchitectureConfig, Network, architecture

# The order of the logits. Flutter counts as fibrillation, torsade de pointes as tachycardia, and organised is
# every rhythm that is neither. Noise is what shows no heart rhythm.
VENTRICULAR_CLASSES = ("organised", "tachycardia", "fibrillation", "noise")
_SMALLEST = 0.05  # standard deviations of the record: less is not enlarged any further
_LARGEST = 6.0  # standard deviations of the window at which artefacts are cut off


@dataclass(frozen=True)
class VentricularConfig(ArchitectureConfig):
    """The width and depth of each member; a frame is ``patch`` samples."""

    n_samples: int = 1024
    patch: int = 4
    width: int = 48
    kernel: int = 5  # odd, so that padding keeps the length
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    members: int = 1

    def __post_init__(self) -> None:
        if min(self.n_samples, self.patch, self.width, self.members, *self.dilations) < 1:
            raise ConfigError("Samples, patch, width, dilations and members must be positive.")
        if self.kernel % 2 == 0 or self.n_samples % self.patch:
            raise ConfigError("The kernel must be odd, and the window a whole number of patches.")


class VentricularMember(nn.Module):
    """One network of the ensemble: (batch, 1, n_samples) -> logits (batch, n_classes, n_frames)."""

    def __init__(self, config: VentricularConfig) -> None:
        super().__init__()
        seen = 4 * config.patch  # samples that a patch of the stem sees
        self.stem = nn.Sequential(
            nn.Conv2d(
                1, config.width, (1, seen), (1, config.patch), (0, (seen - config.patch) // 2), bias=False
            ),
            nn.BatchNorm2d(config.width),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*[_Block(config.width, config.kernel, by) for by in config.dilations])
        self.head = nn.Conv2d(config.width, len(VENTRICULAR_CLASSES), 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x - x.mean(dim=-1, keepdim=True)
        x = (x / (x.std(dim=-1, keepdim=True) + _SMALLEST)).clamp(-_LARGEST, _LARGEST)
        return self.head(self.blocks(self.stem(as_image(x)))).squeeze(2)


class _Block(nn.Module):
    """A dilated convolution and a pointwise one, with a shortcut."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        padding = (0, dilation * (kernel // 2))
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, (1, kernel), padding=padding, dilation=(1, dilation), bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.Conv2d(width, width, 1, bias=False),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.layers(x))


@architecture("ventricular")
class VentricularNetwork(Network):
    """(batch, 1, n_samples) -> logits (batch, 4, n_frames) in the order of ``VENTRICULAR_CLASSES``.

    The logits are the logarithm of the members' mean probabilities.
    """

    Config = VentricularConfig
    config: VentricularConfig

    def __init__(self, config: VentricularConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(VentricularMember(config) for _ in range(config.members))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        answers = torch.stack([member(x).float().log_softmax(dim=1) for member in self.members])
        return answers.logsumexp(dim=0) - torch.log(torch.tensor(float(len(self.members))))
