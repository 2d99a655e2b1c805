"""The imported data sets as tables for the administrator's pages. Signals are not loaded."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, label_counts, open_store, store_names, store_tasks
from ecgapp.datasets.folds import folds_of
from ecgapp.datasets.manifest import MANIFEST
from ecgapp.errors import DatasetError
from ecgapp.tasks import Task


@dataclass(frozen=True)
class InstalledStores:
    """The data sets that can be opened, by name, and the error of each of the others."""

    stores: dict[str, DatasetStore]
    damaged: dict[str, str]


def installed_stores(settings: Settings) -> InstalledStores:
    """All data sets of this installation."""
    stores, damaged = {}, {}
    for name in store_names(settings):
        try:
            manifest = settings.stores / name / MANIFEST
            version = manifest.stat().st_mtime_ns if manifest.is_file() else 0
            stores[name] = _open_version(name, str(settings.home), version, settings)
        except DatasetError as error:
            damaged[name] = str(error)
    return InstalledStores(stores, damaged)


def served_tasks(store: DatasetStore) -> dict[str, Task]:
    """The tasks that the data set has labels for, by name; the data set's own columns first."""
    tasks = _tasks_of(store.manifest.digest, store)
    return {task.name: task for task in tasks}


def overview(stores: Sequence[DatasetStore]) -> pd.DataFrame:
    """A line for each data set."""
    return pd.DataFrame(
        [
            {
                "Data set": store.name,
                "Layout": store.manifest.layout,
                "Records": len(store),
                "Refused": sum(store.manifest.refused.values()),
                "Rate (Hz)": store.manifest.sampling_rate,
                "Leads": len(store.manifest.leads),
                "Units": store.manifest.units,
                "Imported": store.manifest.created[:16].replace("T", " "),
                "Licence": store.manifest.licence,
            }
            for store in stores
        ]
    )


def label_table(store: DatasetStore, task: Task) -> pd.DataFrame:
    """Positives of each label (rows) in each fold (columns), with totals and the answered records."""
    return _label_table(store.manifest.digest, task.name, store, task)


def refused_table(refused: dict[str, int]) -> pd.DataFrame:
    """Reasons of refusal, most frequent first."""
    return pd.DataFrame({"Reason": list(refused), "Records": list(refused.values())})


@st.cache_resource(max_entries=16, show_spinner=False)
def _open_version(name: str, home: str, version: int, _settings: Settings) -> DatasetStore:
    return open_store(name, _settings)


@st.cache_resource(max_entries=16, show_spinner=False)
def _tasks_of(digest: str, _store: DatasetStore) -> tuple[Task, ...]:
    return store_tasks(_store)


@st.cache_data(max_entries=64, show_spinner=False)
def _label_table(digest: str, task_name: str, _store: DatasetStore, _task: Task) -> pd.DataFrame:
    counts = label_counts(_store, _task)
    labels = list(_task.label_names)
    positives = {(count.label, count.fold): count.n_positive for count in counts}
    answered = [sum(count.n_known for count in counts if count.label == label) for label in labels]
    folds = {f"fold {fold}": [positives[label, fold] for label in labels] for fold in folds_of(_store)}
    table = pd.DataFrame(folds, index=labels)
    table.insert(0, "all", table.sum(axis=1))
    table["records with an answer"] = answered
    return table
