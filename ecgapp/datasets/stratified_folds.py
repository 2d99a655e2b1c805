"""Folds with equal shares of every label, patient by patient: iterative stratification.

Sechidis, Tsoumakas & Vlahavas (2011), doi:10.1007/978-3-642-23808-6_10. Ours differs in two points: all
records of a patient are dealt together, and exchanges of patients between folds follow until none brings the
labels nearer to equal shares.
"""

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import DatasetError

ROUNDS = 200  # of exchanges at most; a few dozen suffice for ten thousand patients
_CANDIDATES = 512  # patients of each fold that an exchange is chosen from

Floats = NDArray[np.float64]


def stratified_folds(
    targets: NDArray[np.floating], patients: NDArray[np.uint64], k: int, seed: int = 0
) -> NDArray[np.int16]:
    """The fold of each record, 1 to ``k``; every label and the records themselves are shared equally.

    ``targets`` (n_records, n_labels) holds 1 for yes; unknown (NaN) counts as no. Records of the same entry
    in ``patients`` (n_records,) come to the same fold. A label with fewer patients than folds is missing in
    some folds. The same arguments give the same folds.

    Raises:
        DatasetError: fewer than two folds, or fewer patients than folds.
    """
    names, owner = np.unique(patients, return_inverse=True)
    if not 2 <= k <= len(names):
        raise DatasetError(f"{len(names):,} patients cannot be dealt to {k} folds. Choose another number.")
    counts = np.zeros((len(names), targets.shape[1] + 1))  # of each patient: positives, and records
    np.add.at(counts, owner, np.column_stack([targets == 1, np.ones(len(targets))]))
    rng = np.random.default_rng(seed)
    fold = _dealt(counts, k, rng)
    _exchange(counts, fold, k, rng)
    return (fold[owner] + 1).astype(np.int16)


def _dealt(counts: Floats, k: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold of each patient, 0 to k - 1: the rarest label first, to the fold that lacks most of it."""
    fold = np.full(len(counts), -1, np.int64)
    lacking = np.tile(counts.sum(axis=0) / k, (k, 1))
    size = counts[:, -1].sum() / k
    rest = rng.permutation(len(counts))
    while len(rest):
        left = (counts[rest] > 0).sum(axis=0)
        present = np.flatnonzero(left > 0)
        label = present[np.argmin(left[present])]
        has = counts[rest, label] > 0
        for patient in rest[has][np.argsort(-counts[rest[has], label], kind="stable")]:
            chosen = _fold_that_lacks(lacking, int(label), size, rng)
            fold[patient] = chosen
            lacking[chosen] -= counts[patient]
        rest = rest[~has]
    return fold


def _fold_that_lacks(lacking: Floats, label: int, size: float, rng: np.random.Generator) -> int:
    """The fold that lacks most of ``label``, then most records; ties are drawn."""
    most = np.flatnonzero(lacking[:, label] >= lacking[:, label].max() - 1e-9)
    emptiest = most[lacking[most, -1] >= lacking[most, -1].max() - 1e-9 * size]
    return int(rng.choice(emptiest))


def _exchange(counts: Floats, fold: NDArray[np.int64], k: int, rng: np.random.Generator) -> None:
    """Exchange or move patients between two folds while it reduces the squared distance from equal shares."""
    sums = np.zeros((k, counts.shape[1]))
    np.add.at(sums, fold, counts)
    excess = sums - sums.mean(axis=0)
    for _ in range(ROUNDS):
        if np.abs(excess).max() < 1:
            return
        label = int(np.abs(excess).max(axis=0).argmax())
        giver, taker = int(excess[:, label].argmax()), int(excess[:, label].argmin())
        if not _best_exchange(counts, fold, excess, (giver, taker), rng):
            other = int(rng.integers(k))
            if other != taker and not _best_exchange(counts, fold, excess, (giver, other), rng):
                _best_exchange(counts, fold, excess, (other, taker), rng)


def _best_exchange(
    counts: Floats, fold: NDArray[np.int64], excess: Floats, pair: tuple[int, int], rng: np.random.Generator
) -> bool:
    """Make the exchange between two folds that reduces the squared excess most; whether there was one."""
    giver, taker = pair
    if giver == taker:
        return False
    given, taken = (_candidates(np.flatnonzero(fold == one), rng) for one in pair)
    moved = counts[given]
    back = np.vstack([counts[taken], np.zeros(counts.shape[1])])  # the last: nothing comes back
    gap = excess[giver] - excess[taker]
    # moving d from giver to taker changes the sum of squares by 2 d (d - gap)
    change = (moved * (moved - gap)).sum(axis=1)[:, None] + (back * (back + gap)).sum(axis=1)[None, :]
    change = change - 2 * moved @ back.T
    first, second = np.unravel_index(int(change.argmin()), change.shape)
    if change[first, second] >= -1e-9:
        return False
    delta = moved[first] - back[second]
    excess[giver] -= delta
    excess[taker] += delta
    fold[given[first]] = taker
    if second < len(taken):
        fold[taken[second]] = giver
    return True


def _candidates(patients: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    if len(patients) <= _CANDIDATES:
        return patients
    return np.sort(rng.choice(patients, _CANDIDATES, replace=False))
