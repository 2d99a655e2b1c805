"""Filters of the displayed tracing, with the text that describes them on it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import signal as scipy_signal

from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals.bandpass import bandpass

NOTCH_QUALITY = 30.0  # the notch is 1/30 of its frequency wide, between half-power points
NOTCH_PADDING = 2  # s, whole ones: each holds a whole number of periods
UNFILTERED = "none, as recorded"


@dataclass(frozen=True)
class DisplayFilter:
    """Cut-off frequencies and mains frequency in Hz; None leaves that part out."""

    highpass: float | None = None
    lowpass: float | None = None
    notch: float | None = None

    def description(self, sampling_rate: float) -> str:
        """The description on the tracing of what this filter does at ``sampling_rate`` Hz."""
        lowpass = self.lowpass if self.lowpass and self.lowpass < sampling_rate / 2 else sampling_rate / 2
        band = [] if self.highpass is None else [f"{self.highpass:g}-{lowpass:g} Hz"]
        notch = [f"{self.notch:g} Hz notch"] if self._notches(sampling_rate) else []
        return f"{' and '.join([*band, *notch])}, zero phase" if band or notch else UNFILTERED

    def apply(self, signal: NDArray[np.floating], sampling_rate: float) -> FloatArray:
        """``signal`` (n_leads, n_samples) in mV, filtered without shifting any wave in time.

        Missing samples are bridged for the filter and stay missing. A lead without samples is unchanged.

        Raises:
            SignalError: the sampling rate is too low for these cut-offs.
        """
        return np.stack([self._lead(lead, sampling_rate) for lead in signal])

    def _lead(self, lead: NDArray[np.floating], sampling_rate: float) -> FloatArray:
        known = np.isfinite(lead)
        if not known.any():
            return np.asarray(lead, np.float32)
        bridged = np.interp(np.arange(lead.size), np.flatnonzero(known), lead[known])
        filtered = bandpass(bridged, sampling_rate, self.highpass, self.lowpass)
        if self.notch is not None and self._notches(sampling_rate):
            filtered = _without_hum(filtered, sampling_rate, self.notch)
        filtered[~known] = np.nan
        return filtered

    def _notches(self, sampling_rate: float) -> bool:
        return self.notch is not None and self.notch < sampling_rate / 2


def _without_hum(signal: FloatArray, sampling_rate: float, frequency: float) -> FloatArray:
    """``signal`` (n_samples,) without the hum at ``frequency`` Hz.

    The ends are continued by the first and last second, because a mirrored hum would change its phase there.
    """
    second = min(round(sampling_rate), signal.size)
    before = np.tile(signal[:second], NOTCH_PADDING)
    padded = np.concatenate([before, signal, np.tile(signal[-second:], NOTCH_PADDING)])
    b, a = scipy_signal.iirnotch(frequency, NOTCH_QUALITY, sampling_rate)
    cleaned = scipy_signal.filtfilt(b, a, np.asarray(padded, np.float64), padtype=None)
    return np.asarray(cleaned[before.size : -before.size], np.float32)


def filtered(record: ECGRecord, wanted: DisplayFilter) -> ECGRecord:
    """``record`` with ``wanted`` applied; the record itself if nothing is filtered.

    Raises:
        SignalError: the sampling rate is too low for these cut-offs.
    """
    if wanted == DisplayFilter():
        return record
    return replace(record, signal=wanted.apply(record.signal, record.sampling_rate))
