"""A WFDB record's signals in millivolts: verified against the header, aligned, calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgapp.errors import CorruptRecordError, UnknownUnitError, UnsupportedRecordError
from ecgapp.records.companions import Companions
from ecgapp.records.leads import lead_name
from ecgapp.records.record import CALIBRATION_ASSUMED as ASSUMED
from ecgapp.records.record import LEADS, FloatArray
from ecgapp.records.wfdb_header import AGAIN, MAX_SAMPLES, SignalLine, WFDBHeader
from ecgapp.records.wfdb_samples import INVALID, IntArray, frames_in_file, stored_samples

MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "μv": 1e-3, "v": 1e3, "nv": 1e-6}  # per unit, lower case
ASSUMED_GAIN = 200.0  # steps per mV; the default of WFDB if a header gives none
ASSUMED_STEP = 1000.0  # steps per mV; LUDB's true calibration, and most 12-lead recorders'
LOWEST_RATE = 25.0  # Hz; below it a lead is a trend, not an ECG
PLAUSIBLE = 50.0  # mV; no heart's voltage is higher
_NO_ECG = ("ABP", "ART", "CO2", "CVP", "GSR", "PAP", "PLETH", "PULSE", "RESP", "SPO2")


@dataclass(frozen=True)
class Signals:
    """The ECG leads of one WFDB record, in the header's order; float32 (n_leads, n_samples) in mV."""

    leads: tuple[str, ...]
    signal: FloatArray
    sampling_rate: float  # Hz
    warnings: tuple[str, ...]


class _Lead(NamedTuple):
    """One signal: its header line, our name of it, its stored samples."""

    line: SignalLine
    name: str
    samples: IntArray


def read_signals(header: WFDBHeader, companions: Companions) -> Signals:
    """Read the signal files of a single-part record.

    Raises:
        IncompleteRecordError: a signal file is missing.
        CorruptRecordError: a file is cut off, or is not the one that the header describes.
        UnknownUnitError: no signal is a voltage, or a standard lead is not.
    """
    names = _names(header.signals)
    ecg_rows = _ecg_rows(header.signals, names)
    n_frames, stored = _stored(header, companions)
    read = [_Lead(*parts) for parts in zip(header.signals, names, stored, strict=True)]
    odd = _verify(read)
    leads = [read[row] for row in ecg_rows]
    per_frame, rate = _common_rate(leads, header.frame_rate)
    gains, notes = _gains(leads)
    signal = np.empty((len(leads), n_frames * per_frame), np.float32)
    for out, lead, gain in zip(signal, leads, gains, strict=True):
        physical = _calibrated(lead, gain)
        same = lead.line.samples_per_frame == per_frame
        out[:] = physical if same else physical.reshape(n_frames, -1).mean(axis=1)
    notes = odd + notes + _notes(leads, len(read), signal)
    return Signals(tuple(lead.name for lead in leads), signal, rate, notes)


def _names(lines: Sequence[SignalLine]) -> list[str]:
    """Our name of each signal: repeated names are numbered, a repeated standard lead is refused."""
    names: list[str] = []
    for number, line in enumerate(lines, start=1):
        name = lead_name(line.name, number)
        if name in names:
            if name in LEADS:
                raise CorruptRecordError(f"The header names lead {name} twice. {AGAIN}")
            name = f"{name} ({number})"
        names.append(name)
    return names


def _ecg_rows(lines: Sequence[SignalLine], names: Sequence[str]) -> list[int]:
    rows = []
    for row, (line, name) in enumerate(zip(lines, names, strict=True)):
        if line.unit.lower() in MILLIVOLTS and not name.upper().startswith(_NO_ECG):
            rows.append(row)
        elif name in LEADS:
            raise UnknownUnitError(
                f"The unit of lead {name} is not a voltage. Export the record in millivolts."
            )
    if not rows:
        raise UnknownUnitError("None of the record's signals is a voltage. Choose a file that holds an ECG.")
    return rows


def _stored(header: WFDBHeader, companions: Companions) -> tuple[int, list[IntArray]]:
    """The number of frames, and the stored samples of every signal."""
    groups = [
        list(group) for _, group in groupby(header.signals, key=lambda line: (line.file, line.format == 0))
    ]
    files = [lines for lines in groups if lines[0].format != 0]
    wanted = [lines[0].file for lines in files]
    paths = {name: companions.signal_file(name, wanted) for name in wanted}
    if len(paths) != len(files):
        raise CorruptRecordError(f"The header names one signal file in two places. {AGAIN}")
    if not files:
        raise CorruptRecordError("The header describes an empty record. Choose the header of the ECG itself.")
    n_frames = header.n_frames or min(frames_in_file(paths[lines[0].file], lines) for lines in files)
    if n_frames * sum(line.samples_per_frame for line in header.signals) > MAX_SAMPLES:
        raise UnsupportedRecordError("The record is too long to open here. Cut out the part to look at.")
    stored: list[IntArray] = []
    for lines in groups:
        if lines[0].format == 0:
            stored += [np.zeros(n_frames * line.samples_per_frame, np.int16) for line in lines]
        else:
            stored += stored_samples(paths[lines[0].file], lines, n_frames)
    return n_frames, stored


def _verify(leads: Sequence[_Lead]) -> tuple[str, ...]:
    """Compare each signal's 16-bit sum and first sample with the header's; warnings if the latter differs.

    The sum decides. A header whose sums are all 0 has no sums: then two wrong first samples refuse the
    file, and a single one is a warning, because 6.5 % of CinC 2017's sound files have it wrong.

    Raises:
        CorruptRecordError: the file is damaged or belongs to another header.
    """
    read = [lead for lead in leads if lead.line.format]
    summed = any(line.checksum for line, _, _ in read)
    damaged = [
        name
        for line, name, samples in read
        if summed
        and line.checksum is not None
        and (int(samples.sum(dtype=np.int64)) - line.checksum) % 65536 != 0
    ]
    shifted = [
        name
        for line, name, samples in read
        if line.first is not None and int(samples[0]) not in (line.first, INVALID.get(line.format))
    ]
    if damaged or (len(shifted) > 1 and not summed):
        name = (damaged or shifted)[0]
        called = f"lead {name}" if name in LEADS else "a signal"
        raise CorruptRecordError(
            f"The signal file is damaged or belongs to another header: {called} fails its check. {AGAIN}"
        )
    if shifted:
        return (
            "The header's first sample differs from the signal file's: make sure that they belong together.",
        )
    return ()


def _common_rate(leads: Sequence[_Lead], frame_rate: float) -> tuple[int, float]:
    """Samples per frame at which all leads are available, and the resulting rate in Hz.

    Leads of different rates are averaged within each frame, as the wfdb package does.
    """
    per_frame = {lead.line.samples_per_frame for lead in leads}
    common = per_frame.pop() if len(per_frame) == 1 else 1
    if frame_rate * common < LOWEST_RATE:
        raise CorruptRecordError(f"The header's sampling rate is too low for an ECG. {AGAIN}")
    return common, frame_rate * common


def _calibrated(lead: _Lead, gain: float) -> NDArray[np.float64]:
    """A lead in millivolts, aligned in time; invalid samples and those that a skew leaves open are NaN."""
    line, _, samples = lead
    physical = (samples - np.float64(line.baseline)) / gain
    if line.format == 0:
        physical[:] = np.nan
    elif line.format in INVALID:
        physical[samples == INVALID[line.format]] = np.nan
    shift = min(line.skew * line.samples_per_frame, len(physical))
    if shift:
        physical = np.concatenate([physical[shift:], np.full(shift, np.nan)])
    return physical


def _gains(leads: Sequence[_Lead]) -> tuple[list[float], tuple[str, ...]]:
    """Steps per millivolt of each lead, and warnings about assumed calibration."""
    if _gain_is_range(leads):
        note = f"{ASSUMED}: the header's gains are each lead's own range; 1000 steps per mV were taken."
        return [ASSUMED_STEP] * len(leads), (note,)
    gains = [(line.gain or ASSUMED_GAIN) / MILLIVOLTS[line.unit.lower()] for line, _, _ in leads]
    if any(line.gain is None for line, _, _ in leads):
        return gains, (f"{ASSUMED}: the header gives no gain, so 200 steps per mV were taken.",)
    if not all(line.unit_given for line, _, _ in leads):
        return gains, (f"{ASSUMED}: the header names no unit, so millivolts were taken.",)
    return gains, ()


def _gain_is_range(leads: Sequence[_Lead]) -> bool:
    """Whether each lead's gain is its own peak-to-peak range, as the headers of LUDB 1.0.1 have it.

    Such a gain scales every lead to a height of 1 "mV". If the stored numbers obey Einthoven's law,
    II = I + III, to rounding, they share one scale, which proves that the gains are wrong.
    """
    samples = {lead.name: lead.samples for lead in leads}
    if not {"I", "II", "III"} <= set(samples) or len({lead.line.gain for lead in leads}) == 1:
        return False
    if any(line.gain is None or abs(int(np.ptp(stored)) - line.gain) > 1 for line, _, stored in leads):
        return False
    first, second, third = (samples[name].astype(np.int64) for name in ("I", "II", "III"))
    return bool(np.abs(first + third - second).max() <= 2)


def _notes(leads: Sequence[_Lead], n_signals: int, signal: FloatArray) -> tuple[str, ...]:
    """Warnings for the reader of the tracing.

    Raises:
        CorruptRecordError: a voltage is infinite in float32.
    """
    notes = []
    if len(leads) < n_signals:
        notes.append("Signals that are no ECG leads were left out.")
    if len({lead.line.samples_per_frame for lead in leads}) > 1:
        notes.append("The leads were recorded at different rates; all are shown at the slowest.")
    largest = np.fmax.reduce(np.abs(signal), axis=None)
    if np.isinf(largest):
        raise CorruptRecordError(f"The header's gain gives impossible voltages. {AGAIN}")
    if largest > PLAUSIBLE:
        notes.append("Some voltages exceed 50 mV, which no heart gives: check the calibration.")
    return tuple(notes)
