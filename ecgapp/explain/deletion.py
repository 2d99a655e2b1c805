"""The deletion curve: the change of a label's logit while the cells that a map ranks first are removed.

The method is that of Petsiuk et al. (2018), arXiv:1806.07421, in logits. Removed cells are replaced by the
baseline; cells are those of ``maps``. The curve of a good map falls faster than those of random orders. If
the window speaks against the label, the cells that speak most against it are removed first, and the logit
rises.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgapp.explain.attribution import Attribution, logits
from ecgapp.explain.maps import cells
from ecgapp.explain.methods import AT_ONCE, Question

FRACTIONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of all cells
RANDOM_ORDERS = 20
_INNER = FRACTIONS[1:-1]  # the ends are the window and the baseline


@dataclass(frozen=True, eq=False)
class Deletion:
    """The logit after each of ``FRACTIONS``: by the map's order, (n,), and by random ones, (n_orders, n)."""

    curve: NDArray[np.float64]
    random: NDArray[np.float64]

    @property
    def area(self) -> float:
        """The mean logit along the curve, which is far from the window's logit for a good map."""
        return float(_area(self.curve))

    @property
    def random_areas(self) -> NDArray[np.float64]:
        """The mean logit along the curve of each random order, (n_orders,)."""
        return _area(self.random)

    @property
    def interval(self) -> tuple[float, float]:
        """The central 95 % interval of the random orders' areas."""
        low, high = np.quantile(self.random_areas, [0.025, 0.975])
        return float(low), float(high)

    @property
    def matched(self) -> float:
        """The share of the random orders that are as good as the map, or better."""
        ahead = (self.random_areas - self.area) * _direction(self.curve[0], self.curve[-1])
        spread = max(float(np.ptp(self.random)), float(np.ptp(self.curve)), 1e-9)
        return float((ahead <= 1e-4 * spread).mean())


def random_curves(networks: list[nn.Module], question: Question, seed: int) -> NDArray[np.float64]:
    """The deletion curves of ``RANDOM_ORDERS`` random orders, (n_orders, n_fractions)."""
    rng = np.random.default_rng(seed)
    count = cells(question.x.cpu().numpy(), question.cell).size
    return curves(networks, question, [rng.permutation(count) for _ in range(RANDOM_ORDERS)])


def map_curve(networks: list[nn.Module], question: Question, explained: Attribution) -> NDArray[np.float64]:
    """The deletion curve of a map, in the order of its cells' contributions to the logit's change."""
    moved = _direction(explained.logit, explained.baseline_logit) * cells(explained.values, question.cell)
    order = np.argsort(-moved, axis=None, kind="stable")
    return curves(networks, question, [order])[0]


def curves(
    networks: list[nn.Module], question: Question, orders: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """The logit after removal of each of ``FRACTIONS`` in each order, (n_orders, n_fractions)."""
    ends = logits(networks, torch.stack([question.x, question.baseline]), question.target)
    removed = [_removed(question, order[: round(part * len(order))]) for order in orders for part in _INNER]
    parts = torch.split(torch.stack(removed), AT_ONCE)
    inner = np.concatenate([logits(networks, part, question.target) for part in parts])
    values = np.empty((len(orders), len(FRACTIONS)))
    values[:, 0], values[:, -1] = ends
    values[:, 1:-1] = inner.reshape(len(orders), -1)
    return values


def _removed(question: Question, gone: NDArray[np.int64]) -> Tensor:
    """The window with the baseline in the cells ``gone``."""
    n_leads, n_samples = question.x.shape
    mask = np.zeros((n_leads, -(-n_samples // question.cell)), dtype=bool)
    mask.flat[gone] = True
    by_sample = torch.from_numpy(mask.repeat(question.cell, axis=1)[:, :n_samples]).to(question.x.device)
    return torch.where(by_sample, question.baseline, question.x)


def _area(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.trapezoid(curve, FRACTIONS, axis=-1))


def _direction(logit: float, baseline_logit: float) -> int:
    """The sign of the logit's change: 1 if the window speaks for the label, -1 if against it."""
    return 1 if logit >= baseline_logit else -1
