"""Scales every lead as the networks expect it."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

FLAT = 1e-4  # mV of standard deviation: 0.1 µV, below the step of any recorder


def normalise(signal: NDArray[np.floating]) -> FloatArray:
    """``signal`` (..., n_samples) with zero mean and unit variance over its last axis.

    A flat lead has no scale: it becomes zeros.
    """
    centred = np.asarray(signal, np.float64)
    centred = centred - centred.mean(axis=-1, keepdims=True)
    deviation = centred.std(axis=-1, keepdims=True)
    flat = deviation < FLAT
    scaled = np.where(flat, 0.0, centred / np.where(flat, 1.0, deviation))
    return scaled.astype(np.float32)
