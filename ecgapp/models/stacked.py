"""Equally built networks as one: members side by side in the channels, each with weights of its own.

Convolutions get one group for each member, linear layers become batched products, batch norms and
poolings work channel by channel anyhow. Every weight and statistic of the stack is the members' own,
one behind the other, so that gradients, optimisers and averages treat each member as if it were alone.
"""

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.registry import Network

N = TypeVar("N", bound=Network)

_WIDTHS: dict[type[nn.Module], tuple[str, ...]] = {  # what grows with the number of members
    **dict.fromkeys(
        (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d),
        ("in_channels", "out_channels", "groups"),
    ),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d), ("num_features",)),
}


class PerMember(nn.Module):
    """A layer that mixes channels and so must know how many members share them."""

    members: int = 1


class StackedLinear(nn.Module):
    """(batch, members * n_in) -> (batch, members * n_out), a linear layer for each member.

    ``weight`` is (members * n_out, n_in): the members' weights, one behind the other.
    """

    def __init__(self, joined: nn.Linear, members: int) -> None:
        super().__init__()
        self.weight, self.bias, self.members = joined.weight, joined.bias, members

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.view(self.members, -1, self.weight.shape[1]).transpose(1, 2)
        x = x.reshape(len(x), self.members, -1).transpose(0, 1)
        if self.bias is None:
            return torch.bmm(x, weight).transpose(0, 1).flatten(1)
        return torch.baddbmm(self.bias.view(self.members, 1, -1), x, weight).transpose(0, 1).flatten(1)


def stack(networks: Sequence[N]) -> N:
    """One network that computes what ``networks`` compute, with copies of their weights.

    Input (batch, members * n_leads, n_samples), answers (batch, members * n_labels) or like the input;
    the first member's channels come first. ``config`` and the like stay those of one member.

    Raises:
        ConfigError: there are none, they are not built alike, or a layer cannot be stacked.
    """
    if len({str(network) for network in networks}) != 1:
        raise ConfigError("Only networks that are built alike can be trained together.")
    stacked = copy.deepcopy(networks[0])
    for name, module in list(stacked.named_modules()):
        leaf = _stacked(module, [network.get_submodule(name) for network in networks])
        if leaf is not module:
            stacked.set_submodule(name, leaf)
    return stacked


def _stacked(module: nn.Module, alike: Sequence[nn.Module]) -> nn.Module:
    """What stands in the stack for ``module``, a copy of the first of the members' modules ``alike``."""
    if isinstance(module, PerMember):
        module.members = len(alike)
    if type(module) not in _WIDTHS and type(module) is not nn.Linear:
        if [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            raise ConfigError(f"A layer of the kind {type(module).__name__} cannot be trained together.")
        return module
    _join(module, alike)
    if isinstance(module, nn.Linear):
        return StackedLinear(module, len(alike))
    for width in _WIDTHS[type(module)]:
        setattr(module, width, len(alike) * getattr(module, width))
    return module


def _join(module: nn.Module, alike: Sequence[nn.Module]) -> None:
    """Give ``module`` the weights and statistics of all, one behind the other; counters stay."""
    for name, weight in module.named_parameters(recurse=False):
        joined = torch.cat([other.get_parameter(name).detach() for other in alike])
        setattr(module, name, nn.Parameter(joined, requires_grad=weight.requires_grad))
    for name, buffer in module.named_buffers(recurse=False):
        if buffer.ndim:
            setattr(module, name, torch.cat([other.get_buffer(name) for other in alike]))


def unstack(stacked: Network, networks: Sequence[Network]) -> None:
    """Copy the stack's weights and statistics back into the ``networks`` it was made of, in place."""
    states = [network.state_dict() for network in networks]
    with torch.no_grad():
        for name, tensor in stacked.state_dict().items():
            parts = tensor.chunk(len(networks)) if tensor.ndim else (tensor,) * len(networks)
            for state, part in zip(states, parts, strict=True):
                state[name].copy_(part)
