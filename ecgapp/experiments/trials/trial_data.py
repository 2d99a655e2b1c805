"""The records of an arm in memory: targets, folds and signals, loaded once for all its trials."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets import DatasetStore, check_patient_folds
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.training import TrainingConfig
from ecgapp.training.data.in_memory import Loading, choose_records, data_digest, load_signals
from ecgapp.training.data.window_sampling import RecordSet, Rows

FOLDS = tuple(range(1, 11))


@dataclass(frozen=True, eq=False)
class TrialData:
    """Records with their signals in memory, and the stores that they come from.

    ``sources`` (n_records,) names each record's source, ``patients`` (n_records,) is the hash of its patient.
    ``digest`` is of the stores' files, folds and targets.
    """

    stores: tuple[DatasetStore, ...]
    records: RecordSet
    sources: tuple[str, ...]
    patients: Rows
    digest: str

    def part(self, rows: Rows) -> "TrialData":
        """The data of ``rows`` alone, which are numbered anew; the signals stay where they are."""
        records = self.records
        chosen = replace(
            records,
            **{
                name: getattr(records, name)[rows]
                for name in ("store_of", "row_of", "lengths", "targets", "folds", "weights", "first")
            },
        )
        sources = tuple(self.sources[row] for row in rows.tolist())
        return TrialData(self.stores, chosen, sources, self.patients[rows], self.digest)


def load_trial_data(
    config: TrainingConfig,
    context: ArmContext,
    folds: Sequence[int] = FOLDS,
    keep: Callable[[Sequence[str]], NDArray[np.bool_]] | None = None,
) -> TrialData:
    """All records of ``folds`` that the config's task asks about, with their signals.

    The folds of ``config`` are ignored: a protocol splits the records itself. ``keep`` answers for the source
    of each record whether it is loaded.

    Raises:
        Stopped: the reporter asked for it.
        DatasetError: a store lacks a lead, is damaged, or has a patient in two folds.
        TrainingError: no record has a label of the task.
    """
    check_patient_folds(context.stores)
    records = choose_trial_records(config, context.stores, folds)
    sources = tuple(_by_store(records, context.stores))
    rows = np.flatnonzero(keep(sources)) if keep else np.arange(len(records), dtype=np.int64)
    loading = Loading(config.augmentation.shift, context.reporter)
    records = load_signals(records, rows, context.stores, loading)
    patients = _patients(records, context.stores)
    data = TrialData(context.stores, records, sources, patients, data_digest(context.stores, records))
    return data.part(rows) if keep else data


def choose_trial_records(
    config: TrainingConfig, stores: Sequence[DatasetStore], folds: Sequence[int] = FOLDS
) -> RecordSet:
    """The records of ``folds`` that the config's task asks about, without signals.

    Raises:
        TrainingError: no record has a label of the task.
    """
    present = sorted({int(fold) for store in stores for fold in np.unique(store.folds) if fold in folds})
    first, rest = tuple(present[:1]) or (1,), tuple(present[1:]) or (2,)
    every = replace(config, train_folds=first, validation_folds=rest)
    return choose_records(every, stores)


def _by_store(records: RecordSet, stores: Sequence[DatasetStore]) -> list[str]:
    names = [""] * len(records)
    for number, store in enumerate(stores):
        mine = np.flatnonzero(records.store_of == number)
        for place, source in zip(mine.tolist(), store.sources(records.row_of[mine]), strict=True):
            names[place] = source
    return names


def _patients(records: RecordSet, stores: Sequence[DatasetStore]) -> Rows:
    keys = np.zeros(len(records), np.int64)
    for number, store in enumerate(stores):
        mine = records.store_of == number
        keys[mine] = store.patient_keys[records.row_of[mine]].astype(np.uint64).view(np.int64)
    return keys
