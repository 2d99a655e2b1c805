"""The number of records with each label in each fold."""

from dataclasses import dataclass

import numpy as np

from ecgapp.datasets.store import DatasetStore
from ecgapp.tasks import Task, csv_task, task, task_names


@dataclass(frozen=True)
class LabelCount:
    """One label in one fold: the number of positive records, and of those with a known answer."""

    task: str
    label: str
    fold: int
    n_positive: int
    n_known: int


def label_counts(store: DatasetStore, task: Task) -> tuple[LabelCount, ...]:
    """The counts of each of ``task``'s labels in each fold of the store, fold 0 included."""
    answers = store.targets_of_kinds(task)
    folds, of_record = np.unique(store.folds, return_inverse=True)
    of_kind = np.zeros((len(folds), len(answers)), np.int64)  # records of each kind in each fold
    np.add.at(of_kind, (of_record, store.kinds_of()), 1)
    positive, known = of_kind @ (answers == 1), of_kind @ np.isfinite(answers)
    return tuple(
        LabelCount(task.name, label, int(fold), int(positive[place, column]), int(known[place, column]))
        for column, label in enumerate(task.label_names)
        for place, fold in enumerate(folds)
    )


def store_tasks(store: DatasetStore) -> tuple[Task, ...]:
    """The tasks for which the data set has labels: that of its own columns, then registered ones."""
    own = (csv_task(store.manifest.label_columns),) if store.manifest.label_columns else ()
    distinct = list(dict.fromkeys(kind.codes for kind in store.kinds))
    served = [task(name) for name in task_names() if (task(name).targets(distinct) == 1).any()]
    return (*own, *served)
