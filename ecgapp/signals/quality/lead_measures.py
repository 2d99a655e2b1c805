"""Quantities of each lead from which its faults follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray
from ecgapp.signals.quality import baseline
from ecgapp.signals.quality.spectrum import MAINS, hum, noise, spectrum

STRETCH = 10.0  # s that are evaluated together
SHARE = 0.8  # quantile over the stretches: a value counts if it lasts for a fifth of a long recording
TYPICAL = 0.75  # quantile over the seconds: most hold a beat
LEAST_JUMP = 1.0  # mV
AT_ONCE = 1 << 20  # samples whose spectra are in memory at once


@dataclass(frozen=True)
class LeadFigures:
    """Quantities of one lead in mV, or in the record's own units if its voltages are unknown."""

    noise: float  # between beats, root mean square above 20 Hz
    hum: float  # amplitude of the mains
    mains: int  # Hz of that hum, 50 or 60; 0 if there is none
    wander: float  # between highest and lowest baseline
    level: float  # median of the baseline
    jump: float  # the largest sudden change of the baseline
    height: float  # of a typical second, between its highest and its lowest point
    held: float  # s in which the lead is constant for a second or more


def lead_figures(signal: FloatArray, sampling_rate: float) -> list[LeadFigures]:
    """The quantities of each lead of ``signal`` (n_leads, n_samples); gaps are bridged.

    Every lead must have samples. Noise, hum and wander are reached in a fifth of the record's stretches of
    ten seconds, or more.
    """
    held = baseline.HELD / 2 * baseline.held_halves(signal, sampling_rate).sum(axis=-1)
    signal = _bridged(signal)
    slow, rate = baseline.points(signal, sampling_rate)
    seconds = baseline.seconds(slow, rate)
    levels = np.median(seconds, axis=-1)
    heights = np.quantile(np.ptp(seconds, axis=-1), TYPICAL, axis=-1)
    wander = _lasting(_wander(levels, baseline.between(slow, rate)))
    noises, *hums = (_lasting(values) for values in _fast(signal, sampling_rate))
    loudest = np.argmax(hums, axis=0)
    return [
        LeadFigures(
            noise=float(noises[lead]),
            hum=float(hums[loudest[lead]][lead]),
            mains=MAINS[loudest[lead]] if hums[loudest[lead]][lead] > 0 else 0,
            wander=float(wander[lead]),
            level=float(np.median(levels[lead])),
            jump=baseline.largest_jump(slow[lead], rate, LEAST_JUMP),
            height=float(heights[lead]),
            held=float(held[lead]),
        )
        for lead in range(len(signal))
    ]


def _bridged(signal: FloatArray) -> FloatArray:
    """``signal`` with a straight line over each gap."""
    finite = np.isfinite(signal)
    if finite.all():
        return signal
    places = np.arange(signal.shape[1])
    bridges = [
        np.interp(places, places[known], lead[known]) for lead, known in zip(signal, finite, strict=True)
    ]
    return np.stack(bridges).astype(np.float32)


def _wander(levels: NDArray[np.floating], between: NDArray[np.floating]) -> NDArray[np.floating]:
    """The range of both baselines in each stretch: (n_leads, n_stretches)."""
    parts = _stretches(levels, 1 / baseline.LEVEL)
    if not between.shape[1]:
        return np.ptp(parts, axis=-1)
    shifted = np.pad(between, [(0, 0), (0, max(0, levels.shape[1] - between.shape[1]))], mode="edge")
    others = _stretches(shifted[:, : levels.shape[1]], 1 / baseline.LEVEL)
    both = np.concatenate([parts, others], axis=-1)
    return np.ptp(both, axis=-1)


def _fast(signal: FloatArray, sampling_rate: float) -> NDArray[np.float64]:
    """Noise, and the hum at each of ``MAINS``, by lead and stretch: (3, n_leads, n_stretches)."""
    stretches = _stretches(signal, sampling_rate)
    n_leads, n_stretches, n_samples = stretches.shape
    flat = stretches.reshape(-1, n_samples)
    at_once = max(1, AT_ONCE // n_samples)
    parts = []
    for first in range(0, len(flat), at_once):
        spectra = spectrum(flat[first : first + at_once])
        hums = [hum(spectra, n_samples, sampling_rate, mains) for mains in MAINS]
        parts.append(np.stack([noise(spectra, n_samples, sampling_rate), *hums]))
    return np.concatenate(parts, axis=1).reshape(-1, n_leads, n_stretches)


def _stretches(values: NDArray[np.floating], rate: float) -> NDArray[np.floating]:
    """``values`` in whole stretches, or a single shorter one: (n_leads, n_stretches, n_values)."""
    n_values = values.shape[1]
    count = max(1, int(n_values / rate / STRETCH + 1e-6))
    length = n_values if count == 1 else round(STRETCH * rate)
    count = min(count, n_values // length)
    return values[:, : count * length].reshape(len(values), count, length)


def _lasting(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return values[:, 0] if values.shape[1] == 1 else np.quantile(values, SHARE, axis=1)
