"""Stores into memory: the records of the folds asked for, preprocessed once."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, check_patient_folds, open_store
from ecgapp.errors import DatasetError, SignalError, TrainingError
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig, preprocess
from ecgapp.tasks import Task
from ecgapp.training.config import TrainingConfig
from ecgapp.training.reporting import Reporter, Stopped
from ecgapp.training.windows import RecordSet, Rows, margin_samples

_BLOCK = 256  # records preprocessed at a time
_LARGE = 2 << 30  # bytes; more than this is kept in float16, which is finer than the recorders' steps


@dataclass(frozen=True, eq=False)
class _Chosen:
    """The rows of one store that take part; targets as in ``RecordSet``."""

    store: DatasetStore
    rows: Rows
    targets: FloatArray
    folds: Rows
    weight: float


def open_stores(config: TrainingConfig, settings: Settings) -> tuple[DatasetStore, ...]:
    """The stores that the config names, checked for patients in two folds.

    Raises:
        DatasetError: a store is not there, or lacks a lead.
        PatientLeakError: one patient lies in two folds.
    """
    stores = tuple(open_store(name, settings) for name in config.stores)
    for store in stores:
        missing = [lead for lead in config.preprocessing.leads if lead not in store.manifest.leads]
        if missing:
            raise DatasetError(
                f"The data set {store.name} has no lead {', '.join(missing)}. "
                "Choose other leads or another data set."
            )
    check_patient_folds(stores)
    return stores


def load_records(config: TrainingConfig, stores: Sequence[DatasetStore], reporter: Reporter) -> RecordSet:
    """All records of the config's folds, preprocessed; those that answer none of the labels are left out.

    Raises:
        Stopped: the reporter asked for it.
        TrainingError: no record is left for training or for validation, or one cannot be preprocessed.
    """
    task = config.labels()
    weights = config.store_weights or (1.0,) * len(stores)
    chosen = [_choose(store, config, task, weight) for store, weight in zip(stores, weights, strict=True)]
    reporter.log(f"Preparing {sum(len(part.rows) for part in chosen):,} records.")
    records = _fill(chosen, config, reporter)
    for folds, purpose in ((config.train_folds, "training"), (config.validation_folds, "validation")):
        if len(records.rows(folds)) == 0:
            raise TrainingError(f"No labelled record lies in the folds for {purpose}. Choose other folds.")
    return records


def data_digest(stores: Sequence[DatasetStore], records: RecordSet) -> str:
    """sha256 over the stores' shards and the records' folds and targets: what a training learnt from."""
    digest = hashlib.sha256()
    for store in stores:
        for shard in store.manifest.shards:
            digest.update(f"{shard.signals_sha256}{shard.scales_sha256}".encode())
    for array in (records.lengths, records.folds, records.targets):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _choose(store: DatasetStore, config: TrainingConfig, task: Task | None, weight: float) -> _Chosen:
    rows = np.asarray(store.rows((*config.train_folds, *config.validation_folds)), np.int64)
    folds = store.index["fold"].to_numpy(np.int64)[rows]
    if task is None:
        return _Chosen(store, rows, np.zeros((len(rows), 0), np.float32), folds, weight)
    targets = task.targets(store.codes(rows))
    known = ~np.isnan(targets)
    kept = known.any(axis=1) if task.multilabel else known.all(axis=1) & (np.nansum(targets, axis=1) == 1)
    return _Chosen(store, rows[kept], targets[kept], folds[kept], weight)


def _fill(chosen: Sequence[_Chosen], config: TrainingConfig, reporter: Reporter) -> RecordSet:
    lengths = np.concatenate([_lengths(part, config.preprocessing) for part in chosen])
    margin = margin_samples(config.augmentation.shift, config.preprocessing)
    slots = np.maximum(lengths, config.preprocessing.window) + margin
    first = margin + np.concatenate([[0], np.cumsum(slots)[:-1]]).astype(np.int64)
    n_leads, total = len(config.preprocessing.leads), int(margin + slots.sum())
    dtype = torch.float32 if 4 * n_leads * total <= _LARGE else torch.float16
    signals = torch.zeros(n_leads, total, dtype=dtype)
    begin = 0
    for part in chosen:
        end = begin + len(part.rows)
        for number, signal in _preprocessed(part, config.preprocessing, reporter):
            start = first[begin + number]
            signals[:, start : start + lengths[begin + number]] = signal
        begin = end
    return RecordSet(
        signals,
        first,
        lengths,
        np.concatenate([part.targets for part in chosen]),
        np.concatenate([part.folds for part in chosen]),
        np.concatenate([np.full(len(part.rows), part.weight) for part in chosen]),
        config.preprocessing,
    )


def _lengths(part: _Chosen, preprocessing: PreprocessingConfig) -> Rows:
    """Samples of each record once resampled, as ``signals.resample`` rounds them."""
    recorded = part.store.index["n_samples"].to_numpy(np.int64)[part.rows]
    ratio = (preprocessing.sampling_rate, part.store.manifest.sampling_rate)
    return np.array([max(1, round(int(n) * ratio[0] / ratio[1])) for n in recorded], np.int64)


def _preprocessed(
    part: _Chosen, preprocessing: PreprocessingConfig, reporter: Reporter
) -> Iterator[tuple[int, Tensor]]:
    """Each of one store's records, (n_leads, n_samples), with its number in ``part``.

    They come in blocks of equal length, which are preprocessed together.
    """
    manifest = part.store.manifest
    leads = [manifest.leads.index(lead) for lead in preprocessing.leads]
    numbers = {int(row): number for number, row in enumerate(part.rows)}
    for block, rows in part.store.batches(part.rows, _BLOCK):
        try:
            ready = preprocess(block[:, leads], manifest.sampling_rate, preprocessing)
        except SignalError as error:
            raise TrainingError(f"A record of {part.store.name} cannot be used. {error}") from error
        for row, signal in zip(rows, ready, strict=True):
            yield numbers[int(row)], torch.from_numpy(signal)
        if len(rows) == _BLOCK and reporter.should_stop():
            raise Stopped
