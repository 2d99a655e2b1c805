"""Cuts a signal into the windows that a network reads."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import SignalError
from ecgapp.records.record import FloatArray
from ecgapp.signals.preprocessing_config import PreprocessingConfig


@dataclass(frozen=True, eq=False)
class RecordWindows:
    """The windows of one record, and their first samples.

    ``windows`` is float32 (n_windows, n_leads, window); ``starts`` is int64 (n_windows,), in
    samples of the preprocessed signal. ``padded``: the record was shorter than one window and was
    filled up with zeros.
    """

    windows: FloatArray
    starts: NDArray[np.int64]
    padded: bool

    def __len__(self) -> int:
        return len(self.starts)


def cut_windows(signal: NDArray[np.floating], config: PreprocessingConfig) -> RecordWindows:
    """The windows of ``signal`` (n_leads, n_samples), already at the config's sampling rate.

    They begin every ``config.stride`` samples; the last one ends with the record, so that every sample
    lies in a window.

    Raises:
        SignalError: there are no samples.
    """
    n_leads, n_samples = signal.shape
    if n_samples == 0:
        raise SignalError("The signal holds no samples. Choose another record.")
    if n_samples < config.window:
        padded = np.zeros((1, n_leads, config.window), np.float32)
        padded[0, :, :n_samples] = signal
        return RecordWindows(padded, np.zeros(1, np.int64), padded=True)
    starts = window_starts(n_samples, config)
    windows = np.stack([signal[:, start : start + config.window] for start in starts])
    return RecordWindows(windows.astype(np.float32), starts, padded=False)


def window_starts(n_samples: int, config: PreprocessingConfig) -> NDArray[np.int64]:
    """The first samples of the windows of a record; one 0 if it is shorter than a window."""
    last = max(0, n_samples - config.window)
    starts = np.arange(0, last + 1, config.stride, dtype=np.int64)
    return starts if starts[-1] == last else np.append(starts, last)
