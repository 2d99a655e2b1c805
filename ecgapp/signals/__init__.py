"""Filter, resample, normalise, window, measure: numpy in, numpy out, no state."""

from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.config import PreprocessingConfig
from ecgapp.signals.normalise import normalise
from ecgapp.signals.preprocess import Step, preprocess, steps
from ecgapp.signals.resample import resample
from ecgapp.signals.windows import Windows, cut_windows, window_starts

__all__ = [
    "PreprocessingConfig",
    "Step",
    "Windows",
    "bandpass",
    "cut_windows",
    "normalise",
    "preprocess",
    "resample",
    "steps",
    "window_starts",
]
