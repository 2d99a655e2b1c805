"""Windows of lead II for the training benchmark: 2,048 samples at 250 Hz, real or synthetic."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.accuracy import import_all
from benchmarks.table import tell
from ecgapp.config import Settings
from ecgapp.errors import DatasetError
from ecgapp.records import RHYTHMS, FloatArray, SyntheticConfig, synthesise
from ecgapp.signals import preprocess
from ecgapp.training import Reporter, TrainingConfig
from ecgapp.training.data.in_memory import Loading, choose_records, load_signals
from ecgapp.training.data.window_sampling import RecordSet, Rows, all_windows, random_windows

LAYOUTS = ("ptb-xl", "ptb-xl-zscored")
N_SYNTHETIC = 270  # records; a tenth of them in each fold
SECONDS = 20.0  # of a synthetic record


def real_records(data: Path, config: TrainingConfig, home: Path) -> RecordSet:
    """PTB-XL's lead II, of both layouts where both are there.

    Raises:
        EcgAppError: there is no PTB-XL in the folder, or it cannot be imported.
    """
    stores = import_all(data, Settings(home), set(LAYOUTS))
    if not stores:
        raise DatasetError("This folder holds no PTB-XL. Leave --data out for synthetic ECGs.")
    opened = list(stores.values())
    records = choose_records(replace(config, stores=tuple(stores)), opened)
    everything = np.arange(len(records), dtype=np.int64)
    return load_signals(records, everything, opened, Loading(config.augmentation.shift, _Aloud()))


class _Aloud(Reporter):
    """Says what is being prepared, and never stops it."""

    def log(self, text: str) -> None:
        tell(text)

    def should_stop(self) -> bool:
        return False


def synthetic_records(config: TrainingConfig) -> RecordSet:
    """Lead II of synthetic ECGs of every rhythm, at many rates and with noise, in folds 1 to 10."""
    rng = np.random.default_rng(config.seed)
    signals = [_synthetic_signal(number, rng, config) for number in range(N_SYNTHETIC)]
    margin = config.preprocessing.window  # zeros on either side, which a shifted window may read
    lengths = np.array([signal.shape[1] for signal in signals], np.int64)
    first = margin + np.concatenate([[0], np.cumsum(lengths + margin)[:-1]]).astype(np.int64)
    everything = torch.zeros(1, int(first[-1] + lengths[-1] + margin))
    for start, signal in zip(first, signals, strict=True):
        everything[:, start : start + signal.shape[1]] = torch.from_numpy(signal)
    folds = np.arange(N_SYNTHETIC, dtype=np.int64) % 10 + 1
    return record_set(everything, first, lengths, folds, config)


def record_set(signals: Tensor, first: Rows, lengths: Rows, folds: Rows, config: TrainingConfig) -> RecordSet:
    """Unlabelled records that are in memory already, as if they came from one store."""
    n = len(first)
    return RecordSet(
        ("synthetic",),
        np.zeros(n, np.int64),
        np.arange(n, dtype=np.int64),
        lengths,
        np.zeros((n, 0), np.float32),
        folds,
        np.ones(n),
        config.preprocessing,
        signals,
        first,
    )


def _synthetic_signal(number: int, rng: np.random.Generator, config: TrainingConfig) -> FloatArray:
    """(1, n_samples), preprocessed."""
    drawn = SyntheticConfig(
        RHYTHMS[number % len(RHYTHMS)],
        float(rng.uniform(45, 120)),
        SECONDS,
        config.preprocessing.sampling_rate,
        noise=float(rng.uniform(0, 0.05)),
        wander=float(rng.uniform(0, 0.2)),
        seed=1000 * config.seed + number,
    )
    record = synthesise(drawn).record
    return preprocess(record.select(config.preprocessing.leads), record.sampling_rate, config.preprocessing)


def batches_of(records: RecordSet, config: TrainingConfig) -> Iterator[Tensor]:
    """Random windows of the training folds, without end: (batch, 1, 2048)."""
    rows = records.rows(config.train_folds)
    for epoch in count():
        rng = np.random.default_rng((config.seed, epoch))
        windows = random_windows(records, rows, len(rows), config.augmentation.shift, rng)
        for part in windows.batches(config.batch_size):
            if len(part) == config.batch_size:
                yield records.cut(part.positions.tolist())


def validation_error(network: nn.Module, records: RecordSet, config: TrainingConfig) -> tuple[float, int]:
    """Mean squared error per sample on all windows of the validation folds, and how many they are."""
    windows = all_windows(records, records.rows(config.validation_folds))
    weight = next(network.parameters())
    errors = []
    network.eval()
    with torch.inference_mode():
        for part in windows.batches(256):
            seen = records.cut(part.positions.tolist()).to(weight.device, weight.dtype)
            errors.append((network(seen) - seen).square().mean((1, 2)).cpu())
    return float(torch.cat(errors).mean()), len(windows)
