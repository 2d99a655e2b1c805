"""Subsets of records in memory, by whole patients."""

import numpy as np

from ecgapp.training.data.window_sampling import Rows


def subset(rows: Rows, patients: Rows, share: float, seed: int) -> Rows:
    """A random ``share`` of ``rows``, by whole patients, sorted; a smaller share lies in a larger one."""
    distinct = np.unique(patients[rows])
    order = np.random.default_rng(seed).permutation(distinct)
    chosen = order[: max(1, round(share * len(distinct)))]
    return np.sort(rows[np.isin(patients[rows], chosen)])
