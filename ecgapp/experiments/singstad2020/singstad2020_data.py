"""The records of the protocol singstad2020: CPSC2018 with one of the nine labels."""

from collections.abc import Sequence

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config
from ecgapp.experiments.trials.trial_data import FOLDS
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task
from ecgapp.training.data.window_sampling import Rows

TASK = "nine_class"


def chosen_rows(settings: Singstad2020Config, store: DatasetStore) -> Rows:
    """The rows of CPSC2018's records that have one of the nine labels."""
    rows = store.rows(FOLDS)
    rows = rows[np.isin(np.array(store.sources(rows), dtype=object), settings.sources)]
    if len(rows) == 0:
        return rows
    return rows[(store.targets(task(TASK), rows) == 1).any(axis=1)]


def record_columns(
    settings: Singstad2020Config, stores: Sequence[DatasetStore]
) -> tuple[FloatArray, list[str], list[float]]:
    """Targets (n_records, 9), source and length in seconds of each record of CPSC2018."""
    targets, sources, seconds = [np.zeros((0, len(task(TASK).labels)), np.float32)], [], [0.0]
    for store in stores:
        rows = chosen_rows(settings, store)
        if len(rows):
            targets.append(store.targets(task(TASK), rows))
            sources += store.sources(rows)
            seconds += (store.n_samples[rows] / store.manifest.sampling_rate).tolist()
    return np.concatenate(targets), sources, seconds[1:] or seconds
