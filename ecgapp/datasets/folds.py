"""Patient-wise folds: the fold of a patient, and the check that no patient is in two."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.store import DatasetStore
from ecgapp.errors import PatientLeakError

N_FOLDS = 10
TOGETHER = 4_000_000  # records that are compared at once; more need several passes
_BLOCK = 1 << 20  # rows read at a time

Members = tuple[NDArray[np.uint64], NDArray[np.int16]]  # each record's patient key and fold


def stable_fold(patient_id: str) -> int:
    """A patient's fold, 1 to 10, which is the same in every data set and on every machine."""
    digest = hashlib.sha256(patient_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % N_FOLDS + 1


def folds_of(store: DatasetStore) -> dict[int, int]:
    """The number of records in each fold; fold 0 is never used for training or validation."""
    folds, counts = np.unique(store.folds, return_counts=True)
    return dict(zip(folds.tolist(), counts.tolist(), strict=True))


def check_patient_folds(stores: Sequence[DatasetStore]) -> None:
    """Check that no patient lies in two folds, within a data set or between several.

    Fold 0, which is never used for training or validation, does not count.

    Raises:
        PatientLeakError: patients lie in two folds; the message has their number, not their ids.
    """
    check_folds([(store.patient_keys, store.folds) for store in stores])


def check_folds(members: Sequence[Members]) -> None:
    """Check that no patient lies in two folds, for the patients and folds of any records.

    Memory does not grow with their number: each pass compares one share of the patients.

    Raises:
        PatientLeakError: patients lie in two folds.
    """
    n_passes = -(-sum(len(folds) for _, folds in members) // TOGETHER)
    n_leaking = sum(_leaking(*_share(members, number, n_passes)) for number in range(n_passes))
    if n_leaking:
        who = "1 patient has" if n_leaking == 1 else f"{n_leaking} patients have"
        raise PatientLeakError(
            f"{who} records in more than one fold, so a test would be made on known patients. "
            "Give all records of a patient the same fold."
        )


def _share(members: Sequence[Members], number: int, n_passes: int) -> Members:
    """The records of every ``n_passes``-th patient key, without those of fold 0."""
    keys, folds = [], []
    for patients, places in members:
        for start in range(0, len(places), _BLOCK):
            block = slice(start, start + _BLOCK)
            chosen = (places[block] != 0) & (patients[block] % np.uint64(n_passes) == number)
            keys.append(patients[block][chosen])
            folds.append(places[block][chosen])
    return np.concatenate(keys), np.concatenate(folds)


def _leaking(keys: NDArray[np.uint64], folds: NDArray[np.int16]) -> int:
    """The number of keys with two folds or more."""
    order = np.argsort(keys)
    keys, folds = keys[order], folds[order]
    differs = (keys[1:] == keys[:-1]) & (folds[1:] != folds[:-1])
    return len(np.unique(keys[1:][differs]))
