"""Signals that no label should be shown for: good records spoiled, and signals that never were an ECG.

Each kind is a function of a good record's signal (8, n_samples), mV, of the leads that are recorded (I, II,
V1-V6), and gives the same shape; the four other limb leads follow, as in every recorder, so that noise does
not betray itself by breaking Einthoven's law. Only what concerns the order of the leads works on twelve.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.errors import DatasetError
from ecgapp.records.record import LEADS, FloatArray

Numbers = NDArray[np.float64]
Make = Callable[[Numbers, float, np.random.Generator], Numbers]

RECORDED = (0, 1, 6, 7, 8, 9, 10, 11)  # rows of ``LEADS``
NOISES = ("bw", "ma")  # of the noise stress test database; em is not among the files
LEVELS = (24, 18, 12, 6, 0, -6)  # dB
_NSTDB_RATE, _NSTDB_GAIN = 360.0, 200.0  # Hz; steps a unit, which is arbitrary: only the shape counts
_FORMANTS = ((700.0, 130.0), (1220.0, 70.0), (2600.0, 160.0))  # Hz, of the vowel a, and their widths


@dataclass(frozen=True, eq=False)
class Noise:
    """A real noise, (2, n_samples) at 360 Hz, or one half of it."""

    samples: Numbers

    def strips(self, n_leads: int, n_samples: int, sampling_rate: float, rng: np.random.Generator) -> Numbers:
        """(n_leads, n_samples), each from another place of either of its two leads."""
        length = int(np.ceil(n_samples / sampling_rate * _NSTDB_RATE)) + 1
        times = np.arange(n_samples) * (_NSTDB_RATE / sampling_rate)
        rows = rng.integers(0, len(self.samples), n_leads)
        starts = rng.integers(0, self.samples.shape[1] - length, n_leads)
        pieces = [self.samples[row, start : start + length] for row, start in zip(rows, starts, strict=True)]
        if sampling_rate < _NSTDB_RATE:  # what the lower rate cannot hold is taken out first
            sections = scipy_signal.butter(4, 0.4 * sampling_rate, fs=_NSTDB_RATE, output="sos")
            pieces = list(scipy_signal.sosfiltfilt(sections, np.stack(pieces), axis=-1))
        return np.stack([np.interp(times, np.arange(length), piece) for piece in pieces])


def read_noise(folder: Path, name: str, second_half: bool) -> Noise:
    """One half of a record of the noise stress test database (Moody et al. 1984, format 212).

    Its headers give no gain, so that the reader of records rightly refuses them.

    Raises:
        DatasetError: it is not there.
    """
    try:
        stored = np.frombuffer((folder / f"{name}.dat").read_bytes(), np.uint8)
    except OSError as error:
        raise DatasetError(
            f"The noise {name} is missing. Unpack the noise stress test database in nstdb."
        ) from error
    low, middle, high = stored[: len(stored) // 3 * 3].reshape(-1, 3).T.astype(np.int32)
    first, second = low | (middle & 0x0F) << 8, high | (middle & 0xF0) << 4
    both = np.stack([first, second])
    both = np.where(both > 2047, both - 4096, both) / _NSTDB_GAIN
    half = both.shape[1] // 2
    return Noise(both[:, half:] if second_half else both[:, :half])


def with_noise(clean: Numbers, sampling_rate: float, noise: Numbers, level: float) -> Numbers:
    """``noise`` added to every lead at ``level`` dB, as the database's own tool ``nst`` defines it.

    The signal counts an eighth of the squared peak-to-peak height of its beats, here the 98th percentile
    of it over half seconds; the noise its variance within a second, without the extreme twentieths. Means
    over the leads: all have the same noise, as on one patient.
    """
    height = np.mean([np.quantile(_over(lead, sampling_rate / 2, np.ptp), 0.98) ** 2 / 8 for lead in clean])
    variances = np.sort([_over(lead, sampling_rate, np.var) for lead in noise], axis=-1)
    edge = variances.shape[-1] // 20
    power = variances[:, edge : variances.shape[-1] - edge].mean()
    return clean + noise * np.sqrt(height / power / 10 ** (level / 10))


def _over(lead: Numbers, width: float, measure: Callable[..., Numbers]) -> Numbers:
    """``measure`` of each whole stretch of ``width`` samples."""
    size = max(2, min(round(width), len(lead)))
    return measure(lead[: len(lead) // size * size].reshape(-1, size), axis=-1)


def twelve(recorded: Numbers) -> FloatArray:
    """The twelve leads of (8, n_samples)."""
    first, second = recorded[:2]
    limb = [first, second, second - first, -(first + second) / 2, first - second / 2, second - first / 2]
    return np.asarray(np.concatenate([np.stack(limb), recorded[2:]]), np.float32)


def _white(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    return 0.3 * rng.normal(size=signal.shape)


def _coloured(exponent: float) -> Make:
    """Noise whose power falls with the frequency to the ``exponent``: 1 is pink, 2 a random walk."""

    def make(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
        spectrum = np.fft.rfft(rng.normal(size=signal.shape), axis=-1)
        frequencies = np.maximum(np.arange(spectrum.shape[-1]), 1)
        noise = np.fft.irfft(spectrum / frequencies ** (exponent / 2), signal.shape[-1], axis=-1)
        return np.asarray(0.3 * noise / noise.std())

    return make


def _gains(signal: Numbers, rng: np.random.Generator) -> Numbers:
    """The gain of one source in each lead, with its sign."""
    return rng.normal(0, 0.4, (len(signal), 1))


def _sine(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    times = np.arange(signal.shape[-1]) / sampling_rate
    phases = rng.uniform(0, 2 * np.pi, (len(signal), 1))
    return _gains(signal, rng) * np.sin(2 * np.pi * rng.uniform(0.8, 12) * times + phases)


def _square(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    return np.asarray(np.sign(_sine(signal, sampling_rate, rng))) * np.abs(_gains(signal, rng))


def _speech(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    """Vowels on a gliding pitch, cut into syllables: a sound of 8 kHz that is read as if it were an ECG."""
    n, rate = signal.shape[-1], 8000.0
    times = np.arange(n) / rate
    pitch = 120 * np.exp(0.2 * np.sin(2 * np.pi * rng.uniform(1, 3) * times + rng.uniform(0, 6)))
    pulses = np.diff(np.floor(np.cumsum(pitch) / rate), prepend=0.0) + 0.05 * rng.normal(size=n)
    sound = np.zeros(n)
    for frequency, width in _FORMANTS:
        peak = scipy_signal.iirpeak(min(frequency * rng.uniform(0.7, 1.3), 3900), frequency / width, fs=rate)
        sound += scipy_signal.lfilter(*peak, pulses)
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(3, 6) * 12 * times + rng.uniform(0, 6)), 0, None)
    return _gains(signal, rng) * sound * syllables / max(float(sound.std()), 1e-9)


def _brain(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    """Like an EEG: pink noise under an alpha rhythm that swells and fades."""
    times = np.arange(signal.shape[-1]) / sampling_rate
    alpha = np.sin(2 * np.pi * rng.uniform(8, 12) * times) * (1 + np.sin(2 * np.pi * 0.3 * times))
    pink = _coloured(1.0)(signal, sampling_rate, rng)
    return np.asarray(0.05 * (pink / 0.3 + _gains(signal, rng) / 0.4 * alpha))


def _backwards(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    return signal[:, ::-1]


def _slowed(signal: Numbers, sampling_rate: float, rng: np.random.Generator) -> Numbers:
    """Three times as slow, as where a header gives a third of the real rate."""
    n = signal.shape[-1]
    return np.stack([np.interp(np.arange(n) / 3, np.arange(n), lead) for lead in signal])


FORMULAS: Mapping[str, Make] = {
    "white noise": _white,
    "pink noise": _coloured(1.0),
    "random walk": _coloured(2.0),
    "sine wave": _sine,
    "square wave": _square,
    "speech-like": _speech,
    "EEG-like": _brain,
    "backwards": _backwards,
    "wrong sampling rate": _slowed,
}


def shuffled(signal: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The leads (12, n_samples) in another order, at least half of them in a wrong place."""
    order = np.arange(len(LEADS))
    while (order == np.arange(len(LEADS))).sum() > len(LEADS) // 2:
        order = rng.permutation(len(LEADS))
    return signal[order]
