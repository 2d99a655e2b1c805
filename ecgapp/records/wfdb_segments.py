"""WFDB records that consist of several parts in sequence, each a record of its own."""

from dataclasses import replace

import numpy as np

from ecgapp.errors import CorruptRecordError, UnsupportedRecordError
from ecgapp.records.companions import Companions
from ecgapp.records.wfdb_header import AGAIN, MAX_HEADER_BYTES, MAX_SAMPLES, Segment, WFDBHeader, parse_header
from ecgapp.records.wfdb_signals import Signals, read_signals

GAP = "~"


def read_segments(header: WFDBHeader, companions: Companions) -> Signals:
    """The parts of a record joined in time; NaN in gaps and where a part lacks a lead.

    Raises:
        IncompleteRecordError: a part's header or signal file is missing.
        CorruptRecordError: a part is not what the record's header says, or is itself made of parts.
        UnsupportedRecordError: the whole is too long.
    """
    # A first part of length 0 is a layout: it only lists the signals.
    wanted = {
        segment.name: segment for segment in header.segments if segment.n_frames and segment.name != GAP
    }
    parts = {name: _part(segment, header, companions) for name, segment in wanted.items()}
    present = {name: part for name, part in parts.items() if part is not None}
    if not present:
        raise CorruptRecordError(f"None of the record's parts holds an ECG. {AGAIN}")
    rate = next(iter(present.values())).sampling_rate
    if any(part.sampling_rate != rate for part in present.values()):
        raise UnsupportedRecordError(
            "The parts of the record have different sampling rates. Open them one by one."
        )
    leads = tuple(dict.fromkeys(lead for part in present.values() for lead in part.leads))
    per_frame = round(rate / header.frame_rate)
    n_samples = (header.n_frames or 0) * per_frame
    if n_samples * len(leads) > MAX_SAMPLES:
        raise UnsupportedRecordError("The record is too long to open here. Cut out the part to look at.")
    signal = np.full((len(leads), n_samples), np.nan, np.float32)
    start = 0
    for segment in header.segments:
        part = present.get(segment.name)
        if part is not None:
            rows = [leads.index(lead) for lead in part.leads]
            signal[rows, start : start + part.signal.shape[1]] = part.signal
        start += segment.n_frames * per_frame
    notes = dict.fromkeys(note for part in present.values() for note in part.warnings)
    return Signals(leads, signal, rate, tuple(notes))


def _part(segment: Segment, header: WFDBHeader, companions: Companions) -> Signals | None:
    """The signals of one part; None for an empty part, which means a gap."""
    path = companions.header_file(segment.name)
    with path.open("rb") as file:
        part = parse_header(file.read(MAX_HEADER_BYTES + 1))
    if part.segments:
        raise CorruptRecordError(
            f"A part of the record is itself made of parts, which is not allowed. {AGAIN}"
        )
    if part.frame_rate != header.frame_rate or part.n_frames not in (None, segment.n_frames):
        raise CorruptRecordError(f"A part of the record does not fit the record's header. {AGAIN}")
    if all(line.format == 0 for line in part.signals):
        return None
    return read_signals(replace(part, n_frames=segment.n_frames), companions)
