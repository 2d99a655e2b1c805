"""Signal processing without state: filters, resampling, normalisation, windows, beats, quality."""

from ecgapp.signals.bandpass import bandpass
from ecgapp.signals.beat_list import BeatList, beat_list
from ecgapp.signals.display import DisplayFilter, filtered
from ecgapp.signals.normalise import normalise
from ecgapp.signals.preprocess import Step, preprocess, steps
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.signals.quality import LeadQuality, RecordQuality, lead_quality, record_quality
from ecgapp.signals.quality.remarks import remarks
from ecgapp.signals.r_peaks import r_peaks
from ecgapp.signals.resample import resample
from ecgapp.signals.st_level import StChange, st_changes, st_levels
from ecgapp.signals.windows import RecordWindows, cut_windows, window_starts

__all__ = [
    "BeatList",
    "DisplayFilter",
    "LeadQuality",
    "PreprocessingConfig",
    "RecordQuality",
    "RecordWindows",
    "StChange",
    "Step",
    "bandpass",
    "beat_list",
    "cut_windows",
    "filtered",
    "lead_quality",
    "normalise",
    "preprocess",
    "r_peaks",
    "record_quality",
    "remarks",
    "resample",
    "st_changes",
    "st_levels",
    "steps",
    "window_starts",
]
