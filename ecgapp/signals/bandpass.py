"""A band-pass filter that removes baseline wander and high-frequency noise without shifting waves."""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.errors import SignalError
from ecgapp.records.record import FloatArray
from ecgapp.signals.resample import pad_ends

PADDING_PERIODS = 5.0  # of the lowest frequency that passes: 10 s for 0.5 Hz
PADDING_SECONDS = 1.0  # without a high-pass


def bandpass(
    signal: NDArray[np.floating],
    sampling_rate: float,
    highpass: float | None,
    lowpass: float | None,
    order: int = 2,
) -> FloatArray:
    """``signal`` through a Butterworth filter, forwards and backwards: zero phase.

    ``signal`` is (..., n_samples). Cut-offs are in Hz; each halves the amplitude. ``None``, and a
    ``lowpass`` at or above half the sampling rate, leave that edge out. The ends are continued by even
    reflection for several periods of ``highpass``: scipy's default of a few samples leaves errors of
    the size of a T wave, and odd reflection turns an R peak at the end into a step of the baseline.

    Raises:
        SignalError: the sampling rate is too low for these cut-offs.
    """
    if lowpass is not None and lowpass >= sampling_rate / 2:
        lowpass = None
    if highpass is not None and not 0 < highpass < (lowpass or sampling_rate / 2):
        raise SignalError("The sampling rate is too low for this filter. Choose a record with a higher one.")
    if highpass is None and lowpass is None:
        return np.array(signal, dtype=np.float32)
    seconds = PADDING_SECONDS if highpass is None else PADDING_PERIODS / highpass
    n_padding = round(seconds * sampling_rate)
    padded = pad_ends(np.asarray(signal, np.float64), n_padding, "even")
    sections = _sections(float(sampling_rate), highpass, lowpass, order)
    filtered = scipy_signal.sosfiltfilt(sections, padded, axis=-1, padtype=None)
    return filtered[..., n_padding:-n_padding].astype(np.float32)


@lru_cache(maxsize=64)
def _sections(
    sampling_rate: float, highpass: float | None, lowpass: float | None, order: int
) -> NDArray[np.float64]:
    """Second-order sections of a filter that runs once in each direction."""
    edges = [edge for edge in (highpass, lowpass) if edge is not None]
    kind: Literal["lowpass", "highpass", "bandpass"] = "bandpass"
    if len(edges) == 1:
        kind = "lowpass" if highpass is None else "highpass"
    wanted = edges if len(edges) == 2 else edges[0]
    sections: NDArray[np.float64] = scipy_signal.butter(order, wanted, kind, fs=sampling_rate, output="sos")
    return sections
