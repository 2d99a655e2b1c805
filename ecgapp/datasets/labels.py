"""How many records answer each label with yes, fold by fold."""

from dataclasses import dataclass

import numpy as np

from ecgapp.datasets.store import DatasetStore
from ecgapp.tasks import Task, csv_task, task, task_names


@dataclass(frozen=True)
class LabelCount:
    """One label in one fold: records that say yes, and those that say either yes or no."""

    task: str
    label: str
    fold: int
    n_positive: int
    n_known: int


def label_counts(store: DatasetStore, task: Task) -> tuple[LabelCount, ...]:
    """Each of ``task``'s labels in each fold that the store has, fold 0 included."""
    targets = task.targets(store.codes())
    folds = store.index["fold"].to_numpy()
    counts = []
    for column, label in enumerate(task.label_names):
        for fold in np.unique(folds):
            answers = targets[folds == fold, column]
            n_positive, n_known = int((answers == 1).sum()), int(np.isfinite(answers).sum())
            counts.append(LabelCount(task.name, label, int(fold), n_positive, n_known))
    return tuple(counts)


def store_tasks(store: DatasetStore) -> tuple[Task, ...]:
    """The tasks that this data set's labels serve: its own columns', then the registered ones."""
    own = (csv_task(store.manifest.label_columns),) if store.manifest.label_columns else ()
    distinct = list(dict.fromkeys(store.codes()))
    served = [task(name) for name in task_names() if (task(name).targets(distinct) == 1).any()]
    return (*own, *served)
