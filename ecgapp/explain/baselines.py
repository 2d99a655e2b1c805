"""The reference inputs of attributions: zero, lead mean, median beat, reconstruction.

A map explains the difference between the window and its baseline, so it depends on the baseline.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import SignalError
from ecgapp.signals import r_peaks

ZERO = "flat line at zero"
LEAD_MEAN = "mean of each lead"
MEDIAN_BEAT = "median beat, laid along the record"
RECONSTRUCTION = "autoencoder's reconstruction"
BASELINES = (ZERO, LEAD_MEAN, MEDIAN_BEAT, RECONSTRUCTION)

FEWEST_BEATS = 3
BEFORE = 0.4  # of the median beat-to-beat interval, the part of a beat before its R peak; the rest lies after


@dataclass(frozen=True, eq=False)
class Baseline:
    """A named reference input; ``values`` is float32 (n_leads, n_samples) in normalised units."""

    name: str
    values: NDArray[np.float32]


def zero(window: NDArray[np.float32]) -> Baseline:
    """A flat line at the mean of each normalised lead over the record."""
    return Baseline(ZERO, np.zeros_like(window))


def lead_mean(window: NDArray[np.float32]) -> Baseline:
    """A flat line at the mean of each lead within this window."""
    mean = window.mean(axis=1, keepdims=True, dtype=np.float64)
    return Baseline(LEAD_MEAN, np.broadcast_to(mean, window.shape).astype(np.float32))


def median_beat(window: NDArray[np.float32], sampling_rate: float) -> Baseline:
    """The median beat at every R peak, so that a map explains how beats differ from it.

    Raises:
        SignalError: the window holds fewer than ``FEWEST_BEATS`` beats.
    """
    peaks = r_peaks(window, sampling_rate)
    if len(peaks) < FEWEST_BEATS:
        raise SignalError(
            f"This window holds fewer than {FEWEST_BEATS} beats, so it has no median beat. "
            "Choose another baseline."
        )
    interval = int(np.median(np.diff(peaks)))
    before = round(BEFORE * interval)
    offsets = np.arange(-before, interval - before)
    whole = peaks[(peaks >= before) & (peaks + offsets[-1] < window.shape[1])]
    chosen = whole if len(whole) else peaks
    beats = window[:, np.clip(chosen[:, None] + offsets, 0, window.shape[1] - 1)]  # lead, beat, time
    template = np.median(beats, axis=1).astype(np.float32)
    return Baseline(MEDIAN_BEAT, template[:, _places(window.shape[1], peaks, before, interval)])


def _places(n_samples: int, peaks: NDArray[np.int64], before: int, length: int) -> NDArray[np.int64]:
    """The sample of the template at each sample of the window; its ends are repeated in long pauses."""
    ends = peaks[:-1] + np.round((1 - BEFORE) * np.diff(peaks)).astype(np.int64)
    owner = np.searchsorted(ends, np.arange(n_samples), side="right")
    return np.clip(np.arange(n_samples) - peaks[owner] + before, 0, length - 1)
