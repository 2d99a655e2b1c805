"""The randomised-weights check: a map that does not change with the weights does not explain them.

The method is that of Adebayo et al. (2018), arXiv:1810.03292. Here each tensor's own weights are shuffled
instead of drawing new ones, which keeps their scale, needs no global seed, and cannot yield a layer of
zeros.
"""

import copy
from collections.abc import Sequence

import torch
from torch import nn

TWINS = 2  # of an ensemble's members are shuffled, which is enough for the check and takes less time


def shuffled(networks: Sequence[nn.Module], seed: int) -> list[nn.Module]:
    """Copies of the first ``TWINS`` networks with each weight tensor's entries shuffled."""
    generator = torch.Generator().manual_seed(seed)
    return [_shuffled(network, generator) for network in networks[:TWINS]]


def _shuffled(network: nn.Module, generator: torch.Generator) -> nn.Module:
    twin = copy.deepcopy(network).requires_grad_(False)
    for parameter in twin.parameters():
        order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
        parameter.copy_(parameter.flatten()[order].view(parameter.shape))
    return twin
