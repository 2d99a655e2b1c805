"""Changes a signal's sampling rate without aliasing."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.errors import SignalError
from ecgapp.records.record import FloatArray

KERNEL = 16  # reach of the anti-aliasing kernel, in samples of the lower rate
MAX_DENOMINATOR = 1000  # a rate such as 513.6 Hz is exact to one part in a million


def resample(signal: NDArray[np.floating], from_rate: float, to_rate: float) -> FloatArray:
    """``signal`` (..., n_samples) at ``from_rate`` Hz, as (..., round(n_samples * to / from)).

    Output sample k lies at k / ``to_rate`` seconds: the first samples coincide. The signal is
    continued by odd reflection at both ends, so an offset of the baseline makes no step there.

    Raises:
        SignalError: a rate is not a positive number, or there are no samples.
    """
    ratio = _ratio(from_rate, to_rate)
    if signal.shape[-1] == 0:
        raise SignalError("The signal holds no samples. Choose another record.")
    if ratio == 1:
        return np.array(signal, dtype=np.float32)
    n_out = max(1, round(signal.shape[-1] * to_rate / from_rate))
    up, down = ratio.numerator, ratio.denominator
    reach = KERNEL * max(1.0, down / up)  # input samples
    margin = int(np.ceil(reach / down)) + 1  # in multiples of ``down`` input samples
    padded = pad_ends(np.asarray(signal, np.float64), margin * down, "odd")
    full = scipy_signal.resample_poly(padded, up, down, axis=-1)
    start = margin * up
    return full[..., start : start + n_out].astype(np.float32)


def pad_ends(signal: NDArray[np.float64], n_samples: int, reflection: str) -> NDArray[np.float64]:
    """``signal`` (..., n) continued by ``n_samples`` at both ends, mirrored "odd" or "even"."""
    width = [(0, 0)] * (signal.ndim - 1) + [(n_samples, n_samples)]
    if signal.shape[-1] == 1:
        return np.pad(signal, width, mode="edge")
    if reflection == "odd":
        return np.pad(signal, width, mode="reflect", reflect_type="odd")
    return np.pad(signal, width, mode="reflect", reflect_type="even")


def _ratio(from_rate: float, to_rate: float) -> Fraction:
    if not (np.isfinite([from_rate, to_rate]).all() and from_rate > 0 and to_rate > 0):
        raise SignalError("The sampling rate must be a positive number of samples per second.")
    ratio = Fraction(to_rate).limit_denominator(10**6) / Fraction(from_rate).limit_denominator(10**6)
    short = ratio.limit_denominator(MAX_DENOMINATOR)
    if short == 0:
        raise SignalError("The two sampling rates are too far apart to convert between them.")
    return short
