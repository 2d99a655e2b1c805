"""Preprocessing of a recorded signal into a network's input, the same for training, tests and the app."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import LeadsMissingError, MissingSamplesError, SignalError
from ecgapp.records.record import FloatArray
from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.normalise import normalise
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.signals.resample import resample

SHORTEST = 1.0  # seconds: a shorter signal holds no whole beat


@dataclass(frozen=True, eq=False)
class Step:
    """One stage of the preprocessing, for display: ``signal`` is float32 (..., n_leads, n_samples)."""

    name: str
    description: str  # cut-offs and units
    signal: FloatArray
    sampling_rate: float  # Hz


def preprocess(signal: NDArray[np.floating], sampling_rate: float, config: PreprocessingConfig) -> FloatArray:
    """``signal`` (..., n_leads, n_samples) in mV, resampled to the config's rate, filtered and normalised.

    Leads must be those of ``config.leads``, in that order (``ECGRecord.select``). Axes before them are a
    batch: each record's result is exactly the one that it has alone.

    Raises:
        MissingSamplesError: samples are NaN or infinite.
        LeadsMissingError: not as many leads as the config names.
        SignalError: shorter than one second.
    """
    return steps(signal, sampling_rate, config)[-1].signal


def steps(
    signal: NDArray[np.floating], sampling_rate: float, config: PreprocessingConfig
) -> tuple[Step, ...]:
    """All stages of ``preprocess``, which returns the last: recorded, resampled, filtered, normalised."""
    _refuse_unusable(signal, sampling_rate, config)
    rate = config.sampling_rate
    resampled = resample(signal, sampling_rate, rate)
    filtered = bandpass(resampled, rate, config.highpass, config.lowpass, config.filter_order)
    recorded = np.asarray(signal, np.float32)
    return (
        Step("As recorded", f"{sampling_rate:g} Hz, mV, unfiltered", recorded, sampling_rate),
        Step("Resampled", f"{rate:g} Hz, mV", resampled, rate),
        Step("Filtered", _filter_description(config), filtered, rate),
        _normalised(filtered, config),
    )


def _normalised(filtered: FloatArray, config: PreprocessingConfig) -> Step:
    """The last stage: each lead scaled by itself, or all by the config's mean and deviation."""
    mean, deviation = config.fixed_mean, config.fixed_deviation
    if mean is None or deviation is None:
        words, scaled = "zero mean and unit variance per lead, no unit", normalise(filtered)
    else:
        words = f"in units of {deviation:g} mV from {mean:g} mV, for all leads alike"
        scaled = ((filtered.astype(np.float64) - mean) / deviation).astype(np.float32)
    return Step("Normalised", words, scaled, config.sampling_rate)


def _filter_description(config: PreprocessingConfig) -> str:
    edges = []
    if config.highpass:
        edges.append(f"baseline below {config.highpass:g} Hz removed")
    if config.lowpass and config.lowpass < config.sampling_rate / 2:
        edges.append(f"noise above {config.lowpass:g} Hz removed")
    if not edges:
        return "no filter, mV"
    return f"{', '.join(edges)} (Butterworth, order {config.filter_order}, both directions), mV"


def _refuse_unusable(signal: NDArray[np.floating], sampling_rate: float, config: PreprocessingConfig) -> None:
    if signal.ndim < 2 or signal.shape[-2] != len(config.leads):
        raise LeadsMissingError(
            f"This model needs {len(config.leads)} leads ({', '.join(config.leads)}). "
            "Choose a record that has them all."
        )
    if not signal.shape[-1] >= SHORTEST * sampling_rate:
        raise SignalError("The record is shorter than one second. Choose a longer one.")
    if not np.isfinite(signal).all():
        raise MissingSamplesError(
            "Some samples are marked as missing, and a model cannot read across the gap. "
            "Choose a record without gaps."
        )
