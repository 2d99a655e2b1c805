"""Stores into memory: what is asked of their records, and the signals that are needed, preprocessed once."""

import hashlib
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, check_patient_folds, open_store
from ecgapp.errors import DatasetError, SignalError, TrainingError
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig, preprocess
from ecgapp.tasks import Task
from ecgapp.training.data.buffer import zeros
from ecgapp.training.data.window_sampling import RecordSet, Rows, margin_samples
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.reporting import Reporter, Stopped
from ecgapp.training.training_config import TrainingConfig

_BLOCK = 256  # records preprocessed at a time
_PART = 1024  # records between two looks whether to stop


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The rows of one store that take part; targets as in ``RecordSet``."""

    store: DatasetStore
    rows: Rows
    targets: FloatArray
    folds: Rows
    weight: float


@dataclass(frozen=True)
class Loading:
    """Settings of loading signals: the room between them (s), the reporter, and the processes.

    ``folder`` takes what does not fit in memory.
    """

    shift: float
    reporter: Reporter
    folder: Path | None = None
    processes: ProcessGroup = ALONE


def open_stores(config: TrainingConfig, settings: Settings) -> tuple[DatasetStore, ...]:
    """The stores that the config names, checked for patients in two folds.

    Raises:
        DatasetError: a store is not there, lacks a lead, or has the name of another.
        PatientLeakError: one patient lies in two folds.
    """
    stores = tuple(open_store(name, settings) for name in config.stores)
    check_leads(stores, config.preprocessing.leads)
    _refuse_one_name(stores)
    check_patient_folds(stores)
    return stores


def check_leads(stores: Sequence[DatasetStore], leads: Sequence[str]) -> None:
    """See that every data set has all ``leads``.

    Raises:
        DatasetError: one has not.
    """
    for store in stores:
        missing = [lead for lead in leads if lead not in store.manifest.leads]
        if missing:
            raise DatasetError(
                f"The data set {store.name} has no lead {', '.join(missing)}. "
                "Choose other leads or another data set."
            )


def _refuse_one_name(stores: Sequence[DatasetStore]) -> None:
    """Data sets of one name are refused: the model's card and the ranking of its records name them."""
    names = [store.name for store in stores]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise DatasetError(
            f"Two of the data sets are named {doubled}, so their records could not be told apart. "
            "Leave one out, or import it again under another name."
        )


def choose_records(config: TrainingConfig, stores: Sequence[DatasetStore]) -> RecordSet:
    """All records of the config's folds that answer any of the labels, without their signals.

    Raises:
        TrainingError: no record is left for training or for validation.
    """
    task = config.labels()
    weights = config.store_weights or (1.0,) * len(stores)
    chosen = [_choose(store, config, task, weight) for store, weight in zip(stores, weights, strict=True)]
    sizes = [len(part.rows) for part in chosen]
    records = RecordSet(
        tuple(store.name for store in stores),  # the config may have a path, which is not to be shown
        np.repeat(np.arange(len(stores), dtype=np.int64), sizes),
        np.concatenate([part.rows for part in chosen]),
        np.concatenate([_lengths(part, config.preprocessing) for part in chosen]),
        np.concatenate([part.targets for part in chosen]),
        np.concatenate([part.folds for part in chosen]),
        np.repeat([part.weight for part in chosen], sizes),
        config.preprocessing,
        torch.zeros(len(config.preprocessing.leads), 0),
        np.full(sum(sizes), -1, np.int64),
    )
    for folds, purpose in ((config.train_folds, "training"), (config.validation_folds, "validation")):
        if len(records.rows(folds)) == 0:
            raise TrainingError(f"No labelled record lies in the folds for {purpose}. Choose other folds.")
    return records


def load_signals(
    records: RecordSet, rows: Rows, stores: Sequence[DatasetStore], loading: Loading
) -> RecordSet:
    """The records with the signals of ``rows`` in memory.

    Every file that they come from is compared with its checksum on the way: a byte that changed since
    the import would else be learnt from, and a resumed training would call it the same data.

    Raises:
        Stopped: the reporter asked for it.
        DatasetError: a file has changed since the import.
        TrainingError: a record cannot be preprocessed, or there is no room for all of them.
    """
    preprocessing = records.preprocessing
    loading.reporter.log(f"Preparing {len(rows):,} records.")
    margin = margin_samples(loading.shift, preprocessing)
    slots = np.maximum(records.lengths[rows], preprocessing.window) + margin
    first = records.first.copy()
    first[rows] = margin + np.concatenate([[0], np.cumsum(slots)[:-1]]).astype(np.int64)
    shape = (len(preprocessing.leads), int(margin + slots.sum()))
    loaded = replace(
        records, signals=loading.processes.run_or_raise_all(lambda: zeros(shape, loading.folder)), first=first
    )
    for number, store in enumerate(stores):
        mine = rows[records.store_of[rows] == number]
        loading.processes.run_or_raise_all(store.verify_index)
        intact: set[str] = set()
        for part in np.array_split(mine, max(loading.processes.all_gather(len(mine))) // _PART + 1):
            intact |= _verified(store, records.row_of[part], intact, loading)
            loading.processes.run_or_raise_all(partial(_fill, loaded, store, part))
            _stop_if_asked(loading)
    return loaded


def _verified(store: DatasetStore, rows: Rows, intact: Set[str], loading: Loading) -> set[str]:
    """The shards that hold these rows; those that are not yet known to be ``intact`` are compared."""
    names = loading.processes.run_or_raise_all(lambda: store.shards_of(rows))
    new: list[str | None] = [name for name in names if name not in intact]
    most = max(loading.processes.all_gather(len(new)))  # another process may have more to compare
    for place, name in enumerate(new + [None] * (most - len(new))):
        if place:
            _stop_if_asked(loading)
        loading.processes.run_or_raise_all(partial(_verify, store, name))
    return set(names)


def _verify(store: DatasetStore, name: str | None) -> None:
    if name is not None:
        store.verify_file(name)


def _stop_if_asked(loading: Loading) -> None:
    if loading.processes.broadcast_int(loading.reporter.should_stop()):
        raise Stopped


def _fill(records: RecordSet, store: DatasetStore, rows: Rows) -> None:
    """Read and preprocess ``rows``, all of ``store``, to their place in the signals."""
    by_row = dict(zip(records.row_of[rows].tolist(), rows.tolist(), strict=True))
    for row, signal in _preprocessed(store, records.row_of[rows], records.preprocessing):
        start = records.first[by_row[row]]
        records.signals[:, start : start + signal.shape[1]] = signal


def data_digest(stores: Sequence[DatasetStore], records: RecordSet) -> str:
    """The sha256 over the stores' files and the records' folds and targets: what a training learnt from."""
    digest = hashlib.sha256()
    for store in stores:
        digest.update(store.manifest.digest.encode())
    for array in (records.lengths, records.folds, records.targets):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _choose(store: DatasetStore, config: TrainingConfig, task: Task | None, weight: float) -> _Chosen:
    rows = np.asarray(store.rows((*config.train_folds, *config.validation_folds)), np.int64)
    folds = np.asarray(store.folds, np.int64)[rows]
    if task is None:
        return _Chosen(store, rows, np.zeros((len(rows), 0), np.float32), folds, weight)
    targets = store.targets(task, rows)
    known = ~np.isnan(targets)
    chosen = known.any(axis=1) if task.multilabel else known.all(axis=1) & (np.nansum(targets, axis=1) == 1)
    return _Chosen(store, rows[chosen], targets[chosen], folds[chosen], weight)


def _lengths(part: _Chosen, preprocessing: PreprocessingConfig) -> Rows:
    """Samples of each record once resampled, as ``signals.resample`` rounds them."""
    recorded = np.asarray(part.store.n_samples, np.int64)[part.rows]
    ratio = (preprocessing.sampling_rate, part.store.manifest.sampling_rate)
    return np.maximum(np.rint(recorded * ratio[0] / ratio[1]), 1).astype(np.int64)


def _preprocessed(
    store: DatasetStore, rows: Rows, preprocessing: PreprocessingConfig
) -> Iterator[tuple[int, Tensor]]:
    """Each of one store's records, (n_leads, n_samples), with its row.

    They come in blocks of equal length, which are preprocessed together.
    """
    manifest = store.manifest
    leads = [manifest.leads.index(lead) for lead in preprocessing.leads]
    for block, block_rows in store.batches(rows, _BLOCK):
        try:
            ready = preprocess(block[:, leads], manifest.sampling_rate, preprocessing)
        except SignalError as error:
            raise TrainingError(f"A record of {store.name} cannot be used. {error}") from error
        for row, signal in zip(block_rows, ready, strict=True):
            yield int(row), torch.from_numpy(signal)
