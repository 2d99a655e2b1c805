"""Equally built networks as one: members side by side in the channels, each with weights of its own.

Every weight and statistic of the stack is the members' own, one behind the other along the first
dimension, so that gradients, optimisers and averages treat each member as if it were alone. On a
GPU one pass answers for all: convolutions in one group for each member, linear layers as batched
products, batch norms and poolings channel by channel as ever. On a CPU grouped convolutions are
slower than the members' own (a training step of ten took 1.0 to 1.5 times as long, and 0.97 to 1.03
times where each part of the weights was used in turn), so there the members answer in turn.
"""

import copy
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ecgapp.errors import ConfigError
from ecgapp.models.layers.dropout import Dropout, MaskSource, PerMember, set_mask_source
from ecgapp.models.registry import Network

M = TypeVar("M", bound=nn.Module)

_WIDTHS: dict[type[nn.Module], tuple[str, ...]] = {  # what grows with the number of members
    **dict.fromkeys(
        (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d),
        ("in_channels", "out_channels", "groups"),
    ),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d), ("num_features",)),
}


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


class Stack(Network):
    """(batch, members * n_leads, n_samples) -> (batch, members * n_labels), or the shape of the input.

    The first member's channels come first. ``config`` is that of each member.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.config, self.members = networks[0].config, len(networks)
        self.together = _widened(networks)
        self._form = (copy.deepcopy(networks[0]).to("meta"),)  # in a tuple: no part of the state

    @property
    def encoder(self) -> nn.Module | None:
        """The members' encoders as one, where they have them."""
        return getattr(self.together, "encoder", None)

    def forward(self, x: Tensor) -> Tensor:
        # Several processes exchange the batch norms of ``together``, so it must be what answers.
        if x.device.type == "cpu" and not torch.distributed.is_initialized():
            return self._in_turn(x)
        return self.together(x)

    def _in_turn(self, x: Tensor) -> Tensor:
        """The output of ``together``, one member after the other, each with its part of the weights."""
        form, draws = self._form[0], _Draws(_source(self.together))
        for alone, wide in zip(form.modules(), self.together.modules(), strict=True):
            alone.training = wide.training
        set_mask_source(form, draws if draws.source is not None else None)
        state = {name: _parts(tensor, self.members) for name, tensor in _tensors(self.together)}
        answers = []
        for member, seen in enumerate(x.chunk(self.members, 1)):
            draws.turn_to(member)
            own = {name: parts[member] for name, parts in state.items()}
            answers.append(functional_call(form, own, (seen.contiguous(),)))
        set_mask_source(form, None)
        return torch.cat(answers, 1)


class _Draws:
    """The stack's random numbers handed out member by member: the first one's pass draws for all."""

    def __init__(self, source: MaskSource | None) -> None:
        self.source = source
        self._drawn: list[Tensor] = []
        self._member = self._next = 0

    def turn_to(self, member: int) -> None:
        self._member, self._next = member, 0

    def uniform(self, *shape: int) -> Tensor:
        if self.source is not None and self._next == len(self._drawn):
            self._drawn.append(self.source.uniform(*shape))
        drawn = self._drawn[self._next]
        self._next += 1
        return drawn[:, self._member : self._member + 1]


def stack(networks: Sequence[Network]) -> Stack:
    """One network that computes what ``networks`` compute, with copies of their weights.

    Raises:
        ConfigError: there are none, they are not built alike, or a layer cannot be stacked.
    """
    if len({str(network) for network in networks}) != 1:
        raise ConfigError("Only networks that are built alike can be trained together.")
    return Stack(networks)


def unstack(stacked: Network, networks: Sequence[Network]) -> None:
    """Copy the stack's weights and statistics back into as many networks, in place.

    Raises:
        ConfigError: it is no stack, or one of another number of networks.
    """
    if not isinstance(stacked, Stack) or stacked.members != len(networks):
        raise ConfigError("These networks were not trained together; give as many as there are members.")
    states = [network.state_dict() for network in networks]
    with torch.no_grad():
        for name, tensor in stacked.together.state_dict().items():
            parts = tensor.chunk(len(networks)) if tensor.ndim else (tensor,) * len(networks)
            for state, part in zip(states, parts, strict=True):
                state[name].copy_(part)


def _widened(networks: Sequence[M]) -> M:
    """A copy of the first network whose layers hold the weights of all."""
    together = copy.deepcopy(networks[0])
    for name, module in list(together.named_modules()):
        wide = _wide(module, [network.get_submodule(name) for network in networks])
        if wide is not module:
            together.set_submodule(name, wide)
    return together


def _wide(module: nn.Module, alike: Sequence[nn.Module]) -> nn.Module:
    """The stack's module instead of ``module``, a copy of the first of the members' modules ``alike``."""
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


def _parts(tensor: Tensor, members: int) -> Sequence[Tensor]:
    """Each member's part; a counter counts for the first, the others count their copies."""
    if tensor.ndim:
        return tensor.chunk(members)
    return [tensor, *(tensor.clone() for _ in range(members - 1))]


def _tensors(network: nn.Module) -> list[tuple[str, Tensor]]:
    return [*network.named_parameters(), *network.named_buffers()]


def _source(network: nn.Module) -> MaskSource | None:
    return next((part.source for part in network.modules() if isinstance(part, Dropout)), None)
