"""Twelve numbers on one lead from which a reader's eye could be replaced: is there a heart in this signal?

An ECG is short events that repeat, or, in ventricular tachycardia, flutter and fibrillation, one steady
narrow rhythm of 1.5 to 10 Hz without any rest between beats. Noise is neither. So the numbers come in two
groups: beats (evenness, disagreement, prominence, regularity) and rhythm (concentration, unsteadiness,
recurrence); the others describe noise, drift and pure tones. How narrow the spectrum
is tells fibrillation from artefacts in Barro et al. (1989, doi:10.1016/0141-5425(89)90067-8).

All are taken of a lead filtered from 0.5 to 40 Hz, and none depends on its scale: volts may be lost.
"""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.legibility import disagreement, evenness, roughness
from ecgapp.signals.normalise import FLAT

Numbers = NDArray[np.float64]

NUMBERS = (
    "roughness",  # share of the energy above 15 Hz, logarithm
    "evenness",  # share of the energy in the quieter three quarters of the time, logarithm
    "disagreement",  # 1 - correlation of a beat with the median beat
    "concentration",  # share of the energy near the dominant frequency
    "unsteadiness",  # standard deviation of the dominant frequency's logarithm
    "recurrence",  # correlation with itself one cycle later
    "slowness",  # share of the energy below 1.5 Hz, logarithm
    "crossings",  # share of samples at which the sign changes, logarithm
    "complexity",  # how far the curve is from a sine wave (Hjorth 1970), logarithm
    "prominence",  # how far beats stand above what lies between them, logarithm
    "regularity",  # correlation of the beats' envelope with itself one beat later
    "tone",  # share of the energy outside the strongest spectral line, logarithm
)
DOMINANT = (1.5, 10.0)  # Hz in which a heart's rhythm lies: 90 to 600 a minute
NEAR = 0.8  # Hz on either side of the dominant frequency
STRETCH, STEP = 2.5, 1.25  # s that are looked at together
CYCLE = (0.1, 1.25)  # s
BEAT = (0.25, 2.0)  # s
SLOW = 1.5  # Hz
QRS = (7.0, 20.0)  # Hz, as in ``signals.beats``
SMOOTHING = 0.1  # s
LINE = 3  # bins on either side of the strongest one that make a line
_BINS = 1024
_SMALLEST = 1e-4  # keeps logarithms finite


def readability_numbers(lead: FloatArray, sampling_rate: float) -> Numbers:
    """The ``NUMBERS`` of one lead (n_samples,) of two stretches or more; zeros where it has no signal."""
    values = np.asarray(lead, np.float64)
    values = values - values.mean()
    deviation = float(values.std())
    if deviation <= FLAT:
        return np.zeros(len(NUMBERS))
    values /= deviation
    window = values[None].astype(np.float32)
    return np.array(
        [
            roughness(window, sampling_rate),
            evenness(window),
            disagreement(window, sampling_rate),
            *_rhythm(_stretches(values, sampling_rate), sampling_rate),
            _slowness(values, sampling_rate),
            _crossings(values),
            _complexity(values),
            *_beats(values, sampling_rate),
            _tone(values),
        ]
    )


def dominant_rhythm(lead: FloatArray, sampling_rate: float) -> tuple[float, float]:
    """The dominant frequency of a lead (n_samples,) in Hz, and the share of the energy near it.

    Medians over stretches of 2.5 s; frequencies outside ``DOMINANT`` are not looked at.
    """
    found, shares = _dominant(_stretches(np.asarray(lead, np.float64), sampling_rate), sampling_rate)
    return float(np.median(found)), float(np.median(shares))


def _stretches(values: Numbers, sampling_rate: float) -> Numbers:
    """Overlapping stretches, each without its mean: (n_stretches, n_samples)."""
    width, step = round(STRETCH * sampling_rate), round(STEP * sampling_rate)
    if len(values) <= width:
        return (values - values.mean())[None]
    parts = np.lib.stride_tricks.sliding_window_view(values, width)[::step]
    return np.asarray(parts - parts.mean(axis=-1, keepdims=True))


def _dominant(stretches: Numbers, sampling_rate: float) -> tuple[Numbers, Numbers]:
    """Of each stretch the dominant frequency, and the share of the energy near it."""
    tapered = stretches * np.hanning(stretches.shape[-1])
    power = np.square(np.abs(np.fft.rfft(tapered, max(_BINS, stretches.shape[-1]), axis=-1)))
    frequencies = np.fft.rfftfreq(max(_BINS, stretches.shape[-1]), 1 / sampling_rate)
    looked_at = (frequencies >= DOMINANT[0]) & (frequencies <= DOMINANT[1])
    found = frequencies[looked_at][power[:, looked_at].argmax(axis=-1)]
    near = np.abs(frequencies - found[:, None]) <= NEAR
    return found, (power * near).sum(axis=-1) / np.maximum(power.sum(axis=-1), 1e-12)


def _rhythm(stretches: Numbers, sampling_rate: float) -> tuple[float, float, float]:
    """Concentration, unsteadiness and recurrence."""
    found, shares = _dominant(stretches, sampling_rate)
    first, last = (round(seconds * sampling_rate) for seconds in CYCLE)
    again = [_recurrence(part, first, last) for part in stretches]
    return float(np.median(shares)), float(np.log(found).std()), float(np.median(again))


def _recurrence(part: Numbers, first: int, last: int) -> float:
    """The highest correlation with itself behind the first change of sign, at a cycle's distance."""
    similar = _autocorrelation(part)
    below = np.flatnonzero(similar < 0)
    begin = max(int(below[0]), first) if below.size else len(part)
    return float(similar[begin:last].max(initial=-1.0)) if begin < last else 0.0


def _autocorrelation(values: Numbers) -> Numbers:
    """At each lag from 0 on, by the number of samples that overlap; 1 at lag 0."""
    n = len(values)
    spectrum = np.fft.rfft(values, 2 * n)
    products = np.fft.irfft(np.square(np.abs(spectrum)), 2 * n)[:n] / np.arange(n, 0, -1)
    return np.asarray(products / max(products[0], 1e-12))


def _slowness(values: Numbers, sampling_rate: float) -> float:
    power = np.square(np.abs(np.fft.rfft(values)))
    slow = np.fft.rfftfreq(len(values), 1 / sampling_rate) < SLOW
    return float(np.log(power[slow].sum() / power.sum() + _SMALLEST))


def _crossings(values: Numbers) -> float:
    return float(np.log((np.diff(np.sign(values)) != 0).mean() + 10 * _SMALLEST))


def _complexity(values: Numbers) -> float:
    """Hjorth's complexity: the mobility of the slope over that of the curve; 0 for a sine wave."""
    slope = np.diff(values)
    bend = np.diff(slope)
    curve, change, turn = (max(float(each.std()), 1e-9) for each in (values, slope, bend))
    return float(np.log(turn * curve / change**2))


def _beats(values: Numbers, sampling_rate: float) -> tuple[float, float]:
    """Prominence and regularity of what could be QRS complexes."""
    width = max(1, round(SMOOTHING * sampling_rate))
    fast = bandpass(values, sampling_rate, *QRS).astype(np.float64)
    energy = np.convolve(np.square(fast), np.full(width, 1 / width), "same")
    prominence = np.log(max(np.quantile(energy, 0.98), 1e-9) / max(np.median(energy), 1e-9))
    envelope = np.sqrt(energy)
    similar = _autocorrelation(envelope - envelope.mean())
    first, last = (round(seconds * sampling_rate) for seconds in BEAT)
    return float(prominence), float(similar[first:last].max())


def _tone(values: Numbers) -> float:
    power = np.square(np.abs(np.fft.rfft(values * np.hanning(len(values)))))
    top = int(power.argmax())
    line = power[max(top - LINE, 0) : top + LINE + 1].sum()
    return float(np.log(1 - line / power.sum() + _SMALLEST))
