"""Layers that join features: pooling over time, and branches side by side."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ecgapp.models.layers.dropout import PerMember


class MeanAndMaximum(PerMember):
    """(batch, n_features, time) -> (batch, 2 n_features): all means over time, then all maxima."""

    def forward(self, features: Tensor) -> Tensor:
        pooled = torch.stack([features.mean(-1), features.amax(-1)], dim=1)  # (batch, 2, n_features)
        return pooled.view(len(features), 2, self.members, -1).transpose(1, 2).flatten(1)


class JoinedBranches(PerMember):
    """Feature maps of one size side by side: several (batch, c, 1, time) -> (batch, n c, 1, time).

    In a stack each member's channels stay together.
    """

    def forward(self, branches: Sequence[Tensor]) -> Tensor:
        if self.members == 1:
            return torch.cat(list(branches), 1)
        apart = [branch.reshape(len(branch), self.members, -1, *branch.shape[2:]) for branch in branches]
        return torch.cat(apart, 2).flatten(1, 2)
