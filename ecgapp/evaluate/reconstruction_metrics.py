"""The reconstruction error of an autoencoder, with intervals over records."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import ConfigError
from ecgapp.evaluate.arrays import AnyFloats, Floats
from ecgapp.evaluate.bootstrap import bootstrap_interval
from ecgapp.models.validation_figures import Interval, ReconstructionMetrics


def window_errors(inputs: AnyFloats, outputs: AnyFloats) -> Floats:
    """The mean squared error per sample of each window, over leads and time: (n_windows,).

    Both are (n_windows, n_leads, n_samples) in normalised units.
    """
    return np.asarray(np.mean(np.square(np.subtract(inputs, outputs)), axis=(1, 2), dtype=np.float64))


def reconstruction_metrics(
    errors: AnyFloats, records: NDArray[Any], n_samples: int, dataset: str, n_bootstrap: int = 1000
) -> ReconstructionMetrics:
    """The mean of ``window_errors`` with its interval, for which whole records are drawn.

    ``records`` (n_windows,) is the number or name of each window's record; ``n_samples`` is a window's
    length, over which Jang et al. (2021), doi:10.4258/hir.2021.27.1.19, sum the error.

    Raises:
        ConfigError: there are no windows, or not a finite error and a record for each.
    """
    values = np.asarray(errors, dtype=np.float64)
    if values.ndim != 1 or len(values) == 0 or values.shape != np.shape(records):
        raise ConfigError("Each window needs its error and its record, and there must be at least one.")
    if not np.isfinite(values).all():
        raise ConfigError("A reconstruction is not finite, so its error cannot be measured.")
    _, row = np.unique(records, return_inverse=True)
    sums, counts = np.bincount(row, values), np.bincount(row).astype(np.float64)
    per_sample = bootstrap_interval(
        lambda weights: np.asarray((sums @ weights) / (counts @ weights)), len(counts), n_bootstrap
    )
    if per_sample is None:
        raise ConfigError("An interval needs at least twenty bootstrap draws.")
    return ReconstructionMetrics(dataset, len(counts), len(values), per_sample, _times(per_sample, n_samples))


def _times(interval: Interval, factor: int) -> Interval:
    return Interval(interval.value * factor, interval.low * factor, interval.high * factor)
