"""Comparison of maps: sums over cells of one lead and a fifth of a second, and rank correlations.

Single samples of maps are mostly noise; a cell is about as long as a wave.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

CELL_SECONDS = 0.2
ROUNDED = 1e-3  # of a map's largest cell: smaller differences are rounding errors and count as ties


def cell_size(sampling_rate: float) -> int:
    """The number of samples in a cell."""
    return max(1, round(CELL_SECONDS * sampling_rate))


def cells(values: NDArray[np.float32], size: int) -> NDArray[np.float64]:
    """A map (n_leads, n_samples) summed over cells of ``size`` samples: float64 (n_leads, n_cells)."""
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % size)))
    return padded.reshape(len(values), -1, size).sum(axis=2, dtype=np.float64)


def map_correlation(one: NDArray[np.float32], other: NDArray[np.float32], size: int) -> float:
    """Spearman's rank correlation of two maps over their cells, with signs."""
    return rank_correlation(_rounded(cells(one, size)), _rounded(cells(other, size)))


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's rank correlation over all entries; 0 if one of the two is constant."""
    ranks = np.stack([rankdata(one, axis=None), rankdata(other, axis=None)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(ranks, axis=1)
    return float(ranks[0] @ ranks[1] / sizes.prod()) if sizes.all() else 0.0


def _rounded(summed: NDArray[np.float64]) -> NDArray[np.float64]:
    step = ROUNDED * float(np.abs(summed).max(initial=0.0))
    return np.rint(summed / step) if step else summed
