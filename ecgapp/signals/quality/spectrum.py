"""Fast parts of a signal that do not come from the heart: muscle and other noise, and mains hum."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

MAINS = (50, 60)  # Hz
LOWEST, HIGHEST = 20.0, 150.0  # Hz of the noise, without the mains and its overtones
RISE = 10.0  # Hz over which the band rises, so that a QRS complex rings only briefly
AROUND_MAINS = 2.0  # Hz on either side that count as hum, not as noise
WINDOW = 0.1  # s over which noise is averaged
QUIET = 0.5  # the quantile over those windows, which lies between the beats
QUIETEST = 0.3  # that quantile if beats are so fast that they fill more than half of the windows
FAST_BEATS = 1.35  # times the noise in the quietest windows, which steady noise does not exceed
LINE = 0.35  # Hz on either side: a power grid's frequency and a recorder's clock are this exact
BESIDE = 4.0  # Hz on either side, with which the line is compared
FINEST = 2.2  # samples in a period of the mains, at least, to see it
CLEAR_LINE = 4.0  # times as much power as beside the mains, at least, to call it hum

Spectrum = NDArray[np.complex64]


def spectrum(stretches: FloatArray) -> Spectrum:
    """The spectrum of each of ``stretches`` (n_stretches, n_samples) without its mean."""
    centred = stretches - stretches.mean(axis=-1, keepdims=True)
    return np.asarray(scipy.fft.rfft(centred, axis=-1, overwrite_x=True))


def noise(spectra: Spectrum, n_samples: int, sampling_rate: float) -> NDArray[np.float64]:
    """The noise between beats, root mean square in mV, of each stretch: (n_stretches,)."""
    fast = scipy.fft.irfft(spectra * _band(n_samples, sampling_rate), n_samples, axis=-1, overwrite_x=True)
    width = min(n_samples, max(1, round(WINDOW * sampling_rate)))
    whole = fast[:, : n_samples // width * width].reshape(len(fast), -1, width)
    power = np.einsum("ijk,ijk->ij", whole, whole) / width
    usual, least = np.sqrt(np.quantile(power, [QUIET, QUIETEST], axis=-1))
    return np.asarray(np.minimum(usual, FAST_BEATS * least), np.float64)


def hum(spectra: Spectrum, n_samples: int, sampling_rate: float, mains: int) -> NDArray[np.float64]:
    """The amplitude of the hum at ``mains`` Hz in each stretch, in mV: (n_stretches,).

    0 if it does not stand out, or if the sampling rate is too low for it.
    """
    distance = np.abs(scipy.fft.rfftfreq(n_samples, 1 / sampling_rate) - mains)
    on, beside = distance <= LINE, (distance <= BESIDE) & (distance > 2 * LINE)
    if sampling_rate < FINEST * mains or not on.any() or not beside.any():
        return np.zeros(len(spectra))
    line, rest = (2.0 * np.square(np.abs(spectra[:, bins]) / n_samples, dtype=float) for bins in (on, beside))
    expected = np.maximum(rest.mean(axis=-1), 1e-12) * on.sum()
    power = line.sum(axis=-1)
    return np.where(power >= CLEAR_LINE * expected, np.sqrt(2.0 * np.maximum(0.0, power - expected)), 0.0)


@lru_cache(maxsize=32)
def _band(n_samples: int, sampling_rate: float) -> FloatArray:
    """The weight of each frequency in the noise, 0 to 1."""
    frequencies = scipy.fft.rfftfreq(n_samples, 1 / sampling_rate)
    rise = np.clip((frequencies - LOWEST + RISE / 2) / RISE, 0.0, 1.0)
    band = np.sin(0.5 * np.pi * rise) ** 2
    band[frequencies > HIGHEST] = 0.0
    for mains in MAINS:
        overtone = np.maximum(1, np.rint(frequencies / mains)) * mains
        band[np.abs(frequencies - overtone) <= AROUND_MAINS] = 0.0
    return np.asarray(band, np.float32)
