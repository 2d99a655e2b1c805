"""Twelve numbers on one lead from which a model decides whether it is a readable ECG.

An ECG is short events that repeat, or, in ventricular tachycardia, flutter and fibrillation, one steady
narrow rhythm of 1.5 to 10 Hz without any rest between beats. Noise is neither. So the numbers come in two
groups: beats (evenness, disagreement, prominence, regularity) and rhythm (concentration, unsteadiness,
recurrence); the others describe noise, drift and pure tones. Barro et al. (1989,
doi:10.1016/0141-5425(89)90067-8) distinguish fibrillation from artefacts by the width of the spectrum.

All are computed from a lead filtered from 0.5 to 40 Hz, and none depends on its scale: voltages may be
unknown.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy import signal as scipy_signal

from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.normalise import FLAT

Numbers = NDArray[np.float64]

NUMBERS = (
    "roughness",  # share of the energy above 15 Hz, logarithm
    "evenness",  # share of the energy in the quieter three quarters of the time, logarithm
    "concentration",  # share of the energy near the dominant frequency
    "unsteadiness",  # standard deviation of the dominant frequency's logarithm
    "recurrence",  # correlation with itself one cycle later
    "slowness",  # share of the energy below 1.5 Hz, logarithm
    "crossings",  # share of samples at which the sign changes, logarithm
    "complexity",  # difference of the curve from a sine wave, logarithm
    "prominence",  # energy of beats over that between them, logarithm
    "regularity",  # correlation of the beats' envelope with itself one beat later
    "disagreement",  # 1 - correlation of a beat with the median beat
    "tone",  # share of the energy outside the strongest spectral line, logarithm
)
DOMINANT = (1.5, 10.0)  # Hz in which a heart's rhythm lies: 90 to 600 a minute
NEAR = 0.8  # Hz on either side of the dominant frequency
STRETCH, STEP = 2.5, 1.25  # s of a stretch, and from one to the next
CYCLE = (0.1, 1.25)  # s
BEAT = (0.25, 2.0)  # s
SLOW, HIGH = 1.5, 15.0  # Hz
QRS = (7.0, 20.0)  # Hz, as in ``signals.r_peaks``
SMOOTHING = 0.1  # s
TALL = 0.3  # of the envelope's height, from which a peak counts as a beat
AROUND, FEWEST_BEATS = (0.20, 0.40), 3  # s before and behind a peak that make a beat
LINE = 3  # bins on either side of the strongest one that make a line
_BINS = 1024
_SMALLEST = 1e-4  # keeps logarithms finite


def readability_numbers(leads: FloatArray, sampling_rate: float) -> Numbers:
    """The ``NUMBERS`` of each of ``leads`` (n_leads, n_samples): (n_leads, n_numbers).

    Zeros for a lead without a signal.
    """
    values = np.asarray(leads, np.float64)
    values = values - values.mean(axis=-1, keepdims=True)
    deviations = values.std(axis=-1)
    alive = deviations > FLAT
    numbers = np.zeros((len(values), len(NUMBERS)))
    if alive.any():
        numbers[alive] = _of_unit_leads(values[alive] / deviations[alive, None], sampling_rate)
    return numbers


def _of_unit_leads(values: Numbers, sampling_rate: float) -> Numbers:
    """The ``NUMBERS`` of leads without their means and at unit variance."""
    power = np.square(np.abs(np.fft.rfft(values, axis=-1)))
    frequencies = np.fft.rfftfreq(values.shape[-1], 1 / sampling_rate)
    stretches = _stretches(values, sampling_rate)
    columns = [
        _share(power, frequencies > HIGH),
        _evenness(values),
        *_rhythm(stretches, sampling_rate),
        _share(power, frequencies < SLOW),
        np.log((np.diff(np.sign(values), axis=-1) != 0).mean(axis=-1) + 10 * _SMALLEST),
        _complexity(values),
        *_beats(values, sampling_rate),
        _tone(values),
    ]
    return np.stack(columns, axis=-1)


def dominant_rhythm(leads: FloatArray, sampling_rate: float) -> tuple[Numbers, Numbers]:
    """The dominant frequency of each of ``leads`` (n_leads, n_samples), Hz, and the share of energy near it.

    Medians over stretches of 2.5 s; frequencies outside ``DOMINANT`` are ignored.
    """
    frequencies, shares = _dominant(_stretches(np.asarray(leads, np.float64), sampling_rate), sampling_rate)
    return np.median(frequencies, axis=-1), np.median(shares, axis=-1)


def _share(power: Numbers, chosen: NDArray[np.bool_]) -> Numbers:
    """The share of the energy in the ``chosen`` bins, logarithm."""
    return np.asarray(np.log(power[:, chosen].sum(axis=-1) / power.sum(axis=-1) + _SMALLEST))


def _evenness(values: Numbers) -> Numbers:
    energy = np.sort(np.square(values), axis=-1)
    quiet = energy[:, : 3 * energy.shape[-1] // 4].sum(axis=-1)
    return np.asarray(np.log(quiet / energy.sum(axis=-1) + _SMALLEST))


def _stretches(values: Numbers, sampling_rate: float) -> Numbers:
    """Overlapping stretches, each without its mean: (n_leads, n_stretches, n_samples)."""
    width = min(round(STRETCH * sampling_rate), values.shape[-1])
    step = round(STEP * sampling_rate)
    parts = np.lib.stride_tricks.sliding_window_view(values, width, axis=-1)[:, ::step]
    return np.asarray(parts - parts.mean(axis=-1, keepdims=True))


def _dominant(stretches: Numbers, sampling_rate: float) -> tuple[Numbers, Numbers]:
    """The dominant frequency of each stretch and the share of the energy near it: (n_leads, n_stretches)."""
    n_bins = max(_BINS, stretches.shape[-1])
    power = np.square(np.abs(np.fft.rfft(stretches * np.hanning(stretches.shape[-1]), n_bins, axis=-1)))
    frequencies = np.fft.rfftfreq(n_bins, 1 / sampling_rate)
    inside = (frequencies >= DOMINANT[0]) & (frequencies <= DOMINANT[1])
    dominant = frequencies[inside][power[..., inside].argmax(axis=-1)]
    near = np.abs(frequencies - dominant[..., None]) <= NEAR
    return dominant, (power * near).sum(axis=-1) / np.maximum(power.sum(axis=-1), 1e-12)


def _rhythm(stretches: Numbers, sampling_rate: float) -> tuple[Numbers, Numbers, Numbers]:
    """Concentration, unsteadiness and recurrence, each (n_leads,)."""
    frequencies, shares = _dominant(stretches, sampling_rate)
    first, last = (round(seconds * sampling_rate) for seconds in CYCLE)
    similar = _autocorrelation(stretches)[..., :last]
    turned = np.maximum.accumulate(similar < 0, axis=-1)  # from the first change of sign on
    turned[..., :first] = False
    again = np.where(turned, similar, -1.0).max(axis=-1)
    again[~turned.any(axis=-1)] = 0.0
    return np.median(shares, axis=-1), np.log(frequencies).std(axis=-1), np.median(again, axis=-1)


def _autocorrelation(values: Numbers) -> Numbers:
    """The autocorrelation along the last axis at each lag from 0 on, per overlapping sample; 1 at lag 0."""
    n = values.shape[-1]
    spectrum = np.fft.rfft(values, 2 * n, axis=-1)
    products = np.fft.irfft(np.square(np.abs(spectrum)), 2 * n, axis=-1)[..., :n] / np.arange(n, 0, -1)
    return np.asarray(products / np.maximum(products[..., :1], 1e-12))


def _complexity(values: Numbers) -> Numbers:
    """Hjorth's complexity (1970): the mobility of the slope over that of the curve; 0 for a sine wave."""
    slope = np.diff(values, axis=-1)
    curve, change, turn = (
        np.maximum(each.std(axis=-1), 1e-9) for each in (values, slope, np.diff(slope, axis=-1))
    )
    return np.asarray(np.log(turn * curve / np.square(change)))


def _beats(values: Numbers, sampling_rate: float) -> tuple[Numbers, Numbers, Numbers]:
    """Prominence, regularity and disagreement of possible QRS complexes, each (n_leads,)."""
    width = max(1, round(SMOOTHING * sampling_rate))
    fast = bandpass(values, sampling_rate, *QRS).astype(np.float64)
    energy = np.maximum(ndimage.uniform_filter1d(np.square(fast), width, axis=-1, mode="constant"), 0.0)
    between, beat = np.quantile(energy, [0.5, 0.98], axis=-1)
    envelope = np.sqrt(energy)
    similar = _autocorrelation(envelope - envelope.mean(axis=-1, keepdims=True))
    first, last = (round(seconds * sampling_rate) for seconds in BEAT)
    rows = zip(values, envelope, strict=True)
    apart = np.array([_disagreement(lead, own, sampling_rate) for lead, own in rows])
    prominence = np.log(np.maximum(beat, 1e-9) / np.maximum(between, 1e-9))
    return np.asarray(prominence), similar[:, first:last].max(axis=-1), apart


def _disagreement(lead: Numbers, envelope: Numbers, sampling_rate: float) -> float:
    """1 - correlation of a beat with the median beat, median over the beats; 1 with too few beats."""
    lowest = TALL * float(np.quantile(envelope, 0.98))
    peaks, _ = scipy_signal.find_peaks(envelope, lowest, distance=max(1, round(BEAT[0] * sampling_rate)))
    before, behind = (round(seconds * sampling_rate) for seconds in AROUND)
    peaks = peaks[(peaks >= before) & (peaks + behind <= len(lead))]
    if len(peaks) < FEWEST_BEATS:
        return 1.0
    beats = lead[peaks[:, None] + np.arange(-before, behind)]
    typical = np.median(beats, axis=0)
    beats, typical = beats - beats.mean(axis=-1, keepdims=True), typical - typical.mean()
    size = np.sqrt(np.square(beats).sum(axis=-1) * np.square(typical).sum())
    return float(np.median(1 - beats @ typical / np.maximum(size, 1e-12)))


def _tone(values: Numbers) -> Numbers:
    """The share of the energy outside the strongest spectral line, logarithm."""
    power = np.square(np.abs(np.fft.rfft(values * np.hanning(values.shape[-1]), axis=-1)))
    top = power.argmax(axis=-1)[:, None]
    line = np.abs(np.arange(power.shape[-1]) - top) <= LINE
    return np.asarray(np.log(1 - (power * line).sum(axis=-1) / power.sum(axis=-1) + _SMALLEST))
