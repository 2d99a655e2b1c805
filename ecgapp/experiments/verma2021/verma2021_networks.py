"""Names of the networks of verma2021: a changed one does not have the published name alone."""

import functools

import torch

from ecgapp.models import ClassifierConfig, build
from ecgapp.models.registry import ClassifierShape
from ecgapp.records.record import LEADS

_PUBLISHED_SHAPE = ClassifierShape(len(LEADS), 250, 71)  # the benchmark's crops and its task "all"


def is_published(network: ClassifierConfig) -> bool:
    """Whether the network has the published depth and width."""
    return network == type(network)()


@functools.cache
def n_parameters(network: ClassifierConfig) -> int:
    """The parameters for 12 leads and 71 labels; nothing is allocated."""
    with torch.device("meta"):
        model = build(network.with_shape(_PUBLISHED_SHAPE))
    return sum(parameter.numel() for parameter in model.parameters())


def network_words(network: ClassifierConfig) -> str:
    """E.g. ``xresnet1d101``, or ``xresnet1d101 changed to 94,000 parameters``."""
    if is_published(network):
        return network.architecture
    return f"{network.architecture} changed to {n_parameters(network):,} parameters"
