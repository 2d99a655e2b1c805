"""Dropout whose masks may come from outside, so that networks trained together drop what each would alone."""

from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional as F

from ecgapp.errors import ConfigError


class PerMember(nn.Module):
    """A layer on (batch, members * channels, ...) that mixes channels, or draws for them."""

    members: int = 1


class MaskSource(Protocol):
    """The source of masks: one stream of random numbers for each network that learns."""

    def uniform(self, *shape: int) -> Tensor:
        """(batch, members, *shape) in [0, 1): for each example of each member as many as ``shape`` has."""


class Dropout(PerMember):
    """Dropout on (batch, members * channels, ...), with masks from ``source`` if it is set."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ConfigError("Dropout is a probability below 1.")
        self.p = p
        self.source: MaskSource | None = None

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        if self.source is None:
            return F.dropout(x, self.p)
        drawn = self.source.uniform(x.shape[1] // self.members, *x.shape[2:])
        return x * ((drawn >= self.p).flatten(1, 2).to(x.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"


def set_mask_source(network: nn.Module, source: MaskSource | None) -> None:
    """Let every dropout of ``network`` draw from ``source``; None: from torch's own generator."""
    for module in network.modules():
        if isinstance(module, Dropout):
            module.source = source
