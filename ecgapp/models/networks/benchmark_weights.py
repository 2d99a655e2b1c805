"""Weights of the PTB-XL benchmark's public networks, by the names that the public code gives them.

Strodthoff et al. 2020 (doi 10.1109/JBHI.2020.3022989) publish code (helme/ecg_ptbxl_benchmarking) and
weights, a fastai ``.pth`` file for each network. The names here were taken from that code (``xresnet1d.py``,
``resnet1d.py``, ``inception1d.py``, ``basic_conv1d.py``, and fastai's order of layers in a head). The files
themselves were not at hand, so reading one of them and meeting its published AUROC is untested.

Their convolutions are one-dimensional, ours have one more axis; their head has the maxima before the means.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from ecgapp.errors import WeightsMismatchError
from ecgapp.models.networks.benchmark_classifier import BenchmarkClassifier
from ecgapp.models.networks.inception import Inception
from ecgapp.models.networks.resnet_wang import ResNetWang
from ecgapp.models.networks.xresnet import XResNet

Names = Iterator[tuple[str, str]]  # a module of ours, and the public name of the same one

_HEAD = {1: 2, 3: 4, 5: 6, 7: 8}  # our layers of the head that have weights, and fastai's
_REPEATED = ".convpath."  # the public blocks hold every convolution under a second name, too
_STEPS = "num_batches_tracked"  # counts batches; files of old versions of torch lack it


def load_public_weights(network: BenchmarkClassifier, tensors: Mapping[str, Tensor]) -> None:
    """Copy a public network's ``tensors`` into ``network``, which is built like it.

    Raises:
        WeightsMismatchError: a tensor is missing, too much, or of another shape; the message names it.
    """
    names = dict(_tensor_names(network))
    given = {name: tensor for name, tensor in tensors.items() if _REPEATED not in name}
    odd = sorted(set(given) - set(names.values()))
    if odd:
        raise WeightsMismatchError(f"This network has no tensor {odd[0]}. Choose the network of the file.")
    state = network.state_dict()
    for ours, public in names.items():
        if public in given:
            state[ours] = _fitting(given[public], state[ours], public)
        elif not public.endswith(_STEPS):
            raise WeightsMismatchError(f"The file lacks the tensor {public}. Choose the network of the file.")
    for name in (
        "head.1.weight",
        "head.1.bias",
        "head.1.running_mean",
        "head.1.running_var",
        "head.3.weight",
    ):
        state[name] = torch.cat(state[name].chunk(2, -1)[::-1], -1)
    network.load_state_dict(state)


def public_shape(network: type[BenchmarkClassifier], tensors: Mapping[str, Tensor]) -> tuple[int, int]:
    """The number of leads and of labels of a public network of this class.

    Raises:
        WeightsMismatchError: its first or its last layer is missing.
    """
    built = network(network.Config())  # type: ignore[arg-type]
    names = dict(_tensor_names(built))
    first = "encoder.stem.0.weight"
    if isinstance(built, Inception):
        first = "encoder.stem.blocks.0.bottleneck.weight"
    shapes = []
    for ours, axis in ((first, 1), (f"{built.last_layer}weight", 0)):
        tensor = tensors.get(names[ours])
        if tensor is None or tensor.ndim < 2:
            raise WeightsMismatchError(
                f"The file lacks the tensor {names[ours]}. Choose the network of the file."
            )
        shapes.append(tensor.shape[axis])
    return shapes[0], shapes[1]


def _fitting(given: Tensor, ours: Tensor, name: str) -> Tensor:
    """``given`` in the shape of ``ours``: a convolution gets one more axis."""
    tensor = given.unsqueeze(2) if ours.ndim == 4 and given.ndim == 3 else given
    if tensor.shape != ours.shape:
        expected = ours.squeeze(2) if ours.ndim == 4 else ours
        raise WeightsMismatchError(
            f"The tensor {name} has the shape {_words(given)} instead of {_words(expected)}. "
            "Choose the network of the file."
        )
    return tensor.to(ours.dtype)


def _words(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "of one number"


def _tensor_names(network: BenchmarkClassifier) -> Names:
    """Our name and the public name of every tensor of the network."""
    for ours, public in _module_names(network):
        module = network.get_submodule(ours)
        for name in module.state_dict():
            yield f"{ours}.{name}", f"{public}.{name}"


def _module_names(network: BenchmarkClassifier) -> Names:
    """Our name and the public name of every module that holds weights."""
    if isinstance(network, XResNet):
        yield from _xresnet(network)
        head = str(4 + len(network.config.depths))
    elif isinstance(network, Inception):
        yield from _inception(network)
        head = "layers.1"
    elif isinstance(network, ResNetWang):
        yield from _resnet_wang(network)
        head = "6"
    else:
        raise WeightsMismatchError("The benchmark has no such network.")
    for ours, public in _HEAD.items():
        yield f"head.{ours}", f"{head}.{public}"


def _xresnet(network: XResNet) -> Names:
    for layer in range(3):
        yield f"encoder.stem.{3 * layer}", f"{layer}.0"
        yield f"encoder.stem.{3 * layer + 1}", f"{layer}.1"
    for stage, depth in enumerate(network.config.depths):
        for block in range(depth):
            ours, public = f"encoder.stages.{stage}.{block}", f"{4 + stage}.{block}"
            for layer in range(3):
                yield f"{ours}.body.{3 * layer}", f"{public}.convs.{layer}.0"
                yield f"{ours}.body.{3 * layer + 1}", f"{public}.convs.{layer}.1"
            yield from _xresnet_shortcut(network.get_submodule(f"{ours}.shortcut"), ours, public)


def _xresnet_shortcut(shortcut: nn.Module, ours: str, public: str) -> Names:
    """A shortcut is empty, or averages, or has a convolution with its norm, or all of them in this order."""
    pooled = sum(isinstance(part, nn.AvgPool2d) for part in shortcut.children())
    if len(list(shortcut.children())) > pooled:
        for layer in range(2):
            yield f"{ours}.shortcut.{pooled + layer}", f"{public}.idpath.{pooled}.{layer}"


def _resnet_wang(network: ResNetWang) -> Names:
    yield from (("encoder.stem.0", "0"), ("encoder.stem.1", "1"))
    for block, module in enumerate(network.encoder.blocks):  # type: ignore[arg-type, union-attr]
        ours, public = f"encoder.blocks.{block}", f"{3 + block}.0"
        for layer, name in ((0, "conv1"), (1, "bn1"), (3, "conv2"), (4, "bn2")):
            yield f"{ours}.body.{layer}", f"{public}.{name}"
        for layer in range(len(module.shortcut)):
            yield f"{ours}.shortcut.{layer}", f"{public}.downsample.{layer}"


def _inception(network: Inception) -> Names:
    for block in range(network.config.depth):
        group, place = divmod(block, 3)
        ours = f"{_group(group)}.blocks.{place}"
        public = f"layers.0.im.{block}"
        yield f"{ours}.bottleneck", f"{public}.bottleneck"
        for width in range(len(network.config.kernels)):
            yield f"{ours}.convolutions.{width}", f"{public}.convs.{width}"
        yield f"{ours}.pooled.1", f"{public}.conv_bottle.1"
        yield f"{ours}.norm.0", f"{public}.bn_relu.0"
    for group in range(network.config.depth // 3):
        yield f"{_group(group)}.shortcut.0", f"layers.0.sk.{group}.conv"
        yield f"{_group(group)}.shortcut.1", f"layers.0.sk.{group}.bn"


def _group(group: int) -> str:
    """Our name of a group of three blocks: the first one is the stem."""
    return f"encoder.groups.{group - 1}" if group else "encoder.stem"
