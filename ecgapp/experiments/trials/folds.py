"""Splits of records in memory: patient-wise folds with about equal class shares, and subsets of them."""

import numpy as np

from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows


def cross_validation(targets: FloatArray, patients: Rows, n_folds: int, seed: int) -> Rows:
    """The fold, 0 to ``n_folds`` - 1, of each record, int64 (n_records,); a patient lies in one fold.

    Iterative stratification (Sechidis et al. 2011, doi 10.1007/978-3-642-23808-6_10), patient by patient:
    the rarest label is dealt first, each of its patients into the fold that lacks that label most.
    """
    rng = np.random.default_rng(seed)
    distinct, numbers = np.unique(patients, return_inverse=True)
    positives = np.zeros((len(distinct), targets.shape[1]))
    np.add.at(positives, numbers, (targets == 1).astype(np.float64))
    sizes = np.bincount(numbers, minlength=len(distinct)).astype(np.float64)
    wanted = np.tile(positives.sum(0) / n_folds, (n_folds, 1))
    room = np.full(n_folds, sizes.sum() / n_folds)
    fold = np.full(len(distinct), -1, np.int64)
    order = rng.permutation(len(distinct))
    while (waiting := order[fold[order] < 0]).size:
        left = positives[waiting].sum(0)
        label = int(np.argmin(np.where(left > 0, left, np.inf))) if (left > 0).any() else -1
        chosen = waiting[positives[waiting, label] > 0] if label >= 0 else waiting
        for patient in chosen:
            need = wanted[:, label] if label >= 0 else room
            best = np.flatnonzero(need == need.max())
            best = best[room[best] == room[best].max()]
            place = int(rng.choice(best))
            fold[patient] = place
            wanted[place] -= positives[patient]
            room[place] -= sizes[patient]
    return fold[numbers]


def subset(rows: Rows, patients: Rows, share: float, seed: int) -> Rows:
    """A random ``share`` of ``rows``, whole patients, sorted; smaller shares of one seed lie in larger ones."""
    distinct = np.unique(patients[rows])
    order = np.random.default_rng(seed).permutation(distinct)
    chosen = order[: max(1, round(share * len(distinct)))]
    return np.sort(rows[np.isin(patients[rows], chosen)])
