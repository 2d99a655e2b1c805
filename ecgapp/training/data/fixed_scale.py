"""One mean and one standard deviation of all leads and records of a data set."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.errors import SignalError, TrainingError
from ecgapp.signals import PreprocessingConfig
from ecgapp.signals.preprocess import steps

_BLOCK = 64  # records that are read together


def with_fixed_scale(
    preprocessing: PreprocessingConfig,
    store: DatasetStore,
    folds: Sequence[int],
    sources: Sequence[str] = (),
) -> PreprocessingConfig:
    """``preprocessing`` with the mean and deviation, in mV, of all samples of the records of these folds.

    They are those of the resampled and filtered signals, over all leads together, as the PTB-XL benchmark
    standardises its signals (Strodthoff et al. 2020, doi 10.1109/JBHI.2020.3022989). ``sources`` are those
    whose records count; empty: all.

    Raises:
        TrainingError: a record cannot be preprocessed, there is none, or all samples are alike.
    """
    plain = replace(preprocessing, fixed_mean=None, fixed_deviation=None)
    leads = [store.manifest.leads.index(lead) for lead in plain.leads]
    rows = np.asarray(store.rows(tuple(folds)), np.int64)
    if sources:
        rows = rows[np.isin(store.sources(rows), sources)]
    count, total, squares = 0, 0.0, 0.0
    for block, _ in store.batches(rows, _BLOCK) if len(rows) else ():
        try:
            filtered = steps(block[:, leads], store.manifest.sampling_rate, plain)[-2].signal
        except SignalError as error:
            raise TrainingError(f"A record of {store.name} cannot be used. {error}") from error
        values = filtered.astype(np.float64)
        count, total = count + values.size, total + float(values.sum())
        squares += float(np.square(values).sum())
    variance = squares / count - (total / count) ** 2 if count else 0.0
    if not variance > 0:
        raise TrainingError("These folds hold no signal to measure a scale on. Choose other folds.")
    return replace(plain, fixed_mean=total / count, fixed_deviation=float(np.sqrt(variance)))
