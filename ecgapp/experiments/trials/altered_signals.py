"""Copies of records with altered signals: a lead or a wave removed, leads scrambled, spectra."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import RecordSet, Rows

Span = tuple[float, float]  # seconds


def gathered(records: RecordSet, rows: Rows) -> RecordSet:
    """The records ``rows`` alone, numbered from 0, with a copy of their signals.

    Zeros follow a record that is shorter than a window.
    """
    lengths = records.lengths[rows]
    slots = np.maximum(lengths, records.preprocessing.window)
    first = np.concatenate([[0], np.cumsum(slots)[:-1]]).astype(np.int64)
    signals = records.signals.new_zeros(len(records.signals), int(slots.sum()))
    spans = zip(first.tolist(), records.first[rows].tolist(), lengths.tolist(), strict=True)
    for to, start, length in spans:
        signals[:, to : to + length] = records.signals[:, start : start + length]
    fields = ("store_of", "row_of", "lengths", "targets", "folds", "weights")
    chosen = {name: getattr(records, name)[rows] for name in fields}
    return replace(records, **chosen, first=first, signals=signals)


def altered(records: RecordSet, alter: Callable[[int, FloatArray], FloatArray]) -> RecordSet:
    """The records with ``alter(row, signal)`` in place of each signal, (n_leads, n_samples)."""
    signals = records.signals.clone()
    for row in range(len(records)):
        start, length = int(records.first[row]), int(records.lengths[row])
        part = signals[:, start : start + length]
        part.copy_(part.new_tensor(np.ascontiguousarray(alter(row, part.numpy().copy()))))
    return replace(records, signals=signals)


def without_lead(records: RecordSet, lead: int) -> RecordSet:
    """The records with one lead at its mean, which is zero after normalisation."""

    def alter(_row: int, signal: FloatArray) -> FloatArray:
        signal[lead] = 0.0
        return signal

    return altered(records, alter)


def without_spans(records: RecordSet, spans: Mapping[int, Sequence[Span]]) -> RecordSet:
    """The records with a straight line, in all leads, in place of each span of time."""
    rate = records.preprocessing.sampling_rate

    def alter(row: int, signal: FloatArray) -> FloatArray:
        for onset, offset in spans.get(row, ()):
            first, last = max(0, round(onset * rate)), min(signal.shape[1] - 1, round(offset * rate))
            if last > first:
                line = np.linspace(0.0, 1.0, last - first + 1, dtype=np.float32)
                ends = signal[:, [first, last]]
                signal[:, first : last + 1] = ends[:, :1] * (1 - line) + ends[:, 1:] * line
        return signal

    return altered(records, alter)


def scrambled(records: RecordSet) -> RecordSet:
    """The records with leads and time mixed as by ``reshape(n_samples, n_leads)`` without a transposition."""

    def alter(_row: int, signal: FloatArray) -> FloatArray:
        return signal.reshape(signal.shape[1], signal.shape[0]).T

    return altered(records, alter)


def spectra(records: RecordSet, part: str) -> RecordSet:
    """The records with one part of their two-sided spectrum in place of their samples.

    ``part`` is "magnitude", "real" or "imaginary"; divided by the root of the number of samples.
    """

    def alter(_row: int, signal: FloatArray) -> FloatArray:
        spectrum = np.fft.fft(signal, axis=1, norm="ortho")
        chosen = {"magnitude": np.abs(spectrum), "real": spectrum.real, "imaginary": spectrum.imag}[part]
        return chosen.astype(np.float32)

    return altered(records, alter)
