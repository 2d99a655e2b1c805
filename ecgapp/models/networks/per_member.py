"""What layers have in common that must know how many networks share their channels."""

from torch import nn


class PerMember(nn.Module):
    """A layer on (batch, members * channels, ...) that mixes channels, or draws for them."""

    members: int = 1
