"""Bootstrap draws that are drawn again until every label has a positive.

The intervals of the PTB-XL benchmark are made in this way (Strodthoff et al. 2020,
doi:10.1109/JBHI.2020.3022989). If labels are rare, most draws lose one of them. The records with a rare label
are therefore drawn first, and the others only for draws that have all rare labels. The accepted draws have
the same distribution as with plain repetition.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import Bools, Floats
from ecgapp.evaluate.bootstrap import BLOCK

RARE = 12  # a label with so few positives is missing in more than one of 200,000 draws
TRIES = 5_000  # for each wanted draw
_CANDIDATES = 4_096  # draws of the records with a rare label at a time


def redrawn_weights(positives: Bools, n_draws: int, seed: int) -> Iterator[Floats]:
    """Yields blocks of weights as ``draw_weights``, of draws with a positive of every label that has one.

    ``positives`` (n_records, n_labels) are the flags of the records with each label.

    Raises:
        ConfigError: too few draws have a positive of every label.
    """
    rng = np.random.default_rng(seed)
    labels = positives[:, positives.any(axis=0)]
    few = labels[:, labels.sum(axis=0) <= RARE]
    rare = np.asarray(few.any(axis=1))
    members, needed = csr_matrix(labels.T, dtype=np.float64), csr_matrix(few[rare].T, dtype=np.float64)
    block, missing, tries = max(1, BLOCK // max(1, len(rare))), n_draws, 0
    while missing:
        if tries > TRIES * n_draws:
            raise ConfigError("Too few draws have a positive of every label. Leave out the rarest labels.")
        counts = _rare_counts(rng, len(rare), needed)
        tries += _CANDIDATES
        for first in range(0, counts.shape[1], block):
            weights = _completed(rng, rare, counts[:, first : first + block])
            complete = (np.asarray(members @ weights) > 0).all(axis=0)
            weights = weights[:, np.flatnonzero(complete)[:missing]]
            missing -= weights.shape[1]
            yield weights


def _rare_counts(rng: np.random.Generator, n_records: int, needed: csr_matrix) -> Floats:
    """The times that each rare record is drawn, of the candidates with all rare labels: (n_rare, n_draws)."""
    n_rare = needed.shape[1]
    counts = _counted(rng, rng.binomial(n_records, n_rare / n_records, _CANDIDATES), n_rare)
    return counts[:, (np.asarray(needed @ counts) > 0).all(axis=0)]


def _completed(rng: np.random.Generator, rare: Bools, counts: Floats) -> Floats:
    """The weights of all records, (n_records, n_draws), with ``counts`` for the rare ones."""
    weights = np.empty((len(rare), counts.shape[1]))
    sizes = (len(rare) - counts.sum(axis=0)).astype(np.int64)
    weights[rare], weights[~rare] = counts, _counted(rng, sizes, int((~rare).sum()))
    return weights


def _counted(rng: np.random.Generator, sizes: NDArray[np.int64], n_records: int) -> Floats:
    """The times that each of ``n_records`` is drawn in draws of these sizes: (n_records, n_draws)."""
    n_draws = len(sizes)
    rows = rng.integers(0, max(1, n_records), int(sizes.sum()), dtype=np.int32)
    flat = rows * np.int64(n_draws) + np.repeat(np.arange(n_draws), sizes)
    counts = np.bincount(flat, minlength=n_records * n_draws)
    return counts.reshape(n_records, n_draws).astype(np.float64)
