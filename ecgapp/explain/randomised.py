"""The randomised-weights check: a map that does not change with the weights does not explain them.

After Adebayo et al. (2018), arXiv:1810.03292. Ours shuffles each tensor's own weights instead of
drawing new ones, which keeps their scale, needs no global seed, and cannot yield an all-zero layer.
"""

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from ecgapp.explain.attribution import Attribution, attribute
from ecgapp.models import TrainedModel


@dataclass(frozen=True, eq=False)
class RandomisedWeights:
    """A map and its twin from shuffled weights; rank correlations (Spearman) between the two.

    ``correlation`` compares signed values; ``absolute_correlation`` their sizes, which
    agree more, since both maps are multiplied by the same window.
    """

    attribution: Attribution
    correlation: float
    absolute_correlation: float


def randomised(model: TrainedModel, seed: int) -> TrainedModel:
    """The same network with the entries of each weight tensor shuffled; the model is left as it is."""
    generator = torch.Generator().manual_seed(seed)
    network = copy.deepcopy(model.network).requires_grad_(False)
    for parameter in network.parameters():
        order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
        parameter.copy_(parameter.flatten()[order].view(parameter.shape))
    return replace(model, network=network)


def check_against_randomised(
    model: TrainedModel, window: NDArray[np.float32], label: str | int, seed: int = 0
) -> RandomisedWeights:
    """Explain ``window`` (n_leads, n_samples) with the model's weights and with shuffled ones.

    Raises:
        EcgAppError: as ``attribute``.
    """
    trained = attribute(model, window, label).values
    twin = attribute(randomised(model, seed), window, label)
    return RandomisedWeights(
        twin,
        rank_correlation(trained, twin.values),
        rank_correlation(np.abs(trained), np.abs(twin.values)),
    )


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's, over all entries; 0 where one of the two is constant."""
    ranks = np.stack([rankdata(one, axis=None), rankdata(other, axis=None)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(ranks, axis=1)
    return float(ranks[0] @ ranks[1] / sizes.prod()) if sizes.all() else 0.0
