"""Patient-wise folds: where a patient goes, and the check that no patient is in two."""

import hashlib
from collections.abc import Iterable, Sequence

import pandas as pd

from ecgapp.datasets.store import DatasetStore
from ecgapp.errors import PatientLeakError

N_FOLDS = 10


def stable_fold(patient_id: str) -> int:
    """A patient's fold, 1 to 10: the same in every data set, on every machine, for ever."""
    digest = hashlib.sha256(patient_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % N_FOLDS + 1


def check_patient_folds(stores: Sequence[DatasetStore]) -> None:
    """Make sure that no patient lies in two folds, within a data set or between several.

    Fold 0, which nothing is trained or validated on, does not count.

    Raises:
        PatientLeakError: how many patients do; who they are is not said.
    """
    check_folds(store.index[["patient_id", "fold"]] for store in stores)


def check_folds(tables: Iterable[pd.DataFrame]) -> None:
    """The same for tables with the columns patient_id and fold.

    Raises:
        PatientLeakError: as above.
    """
    pairs = pd.concat(list(tables), ignore_index=True)
    pairs = pairs[pairs["fold"] != 0].drop_duplicates()
    n_leaking = int((pairs["patient_id"].value_counts() > 1).sum())
    if n_leaking:
        who = "1 patient has" if n_leaking == 1 else f"{n_leaking} patients have"
        raise PatientLeakError(
            f"{who} records in more than one fold, so a test would be made on known patients. "
            "Give all records of a patient the same fold."
        )
