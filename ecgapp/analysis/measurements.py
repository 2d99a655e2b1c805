"""What a hospital ECG system prints: rate, intervals, axes and ST levels, blank where they would be wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.delineation import delineate
from ecgapp.analysis.rhythm import Rhythm, rhythm_of
from ecgapp.analysis.typical_beat import Span, TypicalBeat, typical_beat
from ecgapp.errors import SignalError
from ecgapp.models import TrainedModel
from ecgapp.records import LEADS, ECGRecord, complete_leads
from ecgapp.signals import r_peaks, record_quality
from ecgapp.signals.intervals import bazett, framingham, fridericia, frontal_axis, hodges

LONGEST = 30.0  # s of a record that are measured
FEWEST_BEATS = 3
LOW_RATE = 250.0  # Hz; below it a sample is longer than the error of a reading
J_PLUS = 0.060  # s
MILLIMETRES = 10.0  # a millivolt
SMALLEST = 0.02  # mV of mean deflection in the frontal plane, below which an axis means nothing
NO_BEATS = "The beats do not look alike: too noisy, or not an ECG."
NO_P = "No P wave is found before most beats: there is none, as in atrial fibrillation, or it is hidden."
NO_T = "The end of T is not found in half of the leads."
NO_VOLTS = "The record's volts are lost."
NO_PLANE = "Leads I and aVF are needed, free of noise."
LIMBS = ("I", "II", "III", "aVR", "aVL", "aVF")


@dataclass(frozen=True)
class Measurement:
    """One line of the table; ``value`` None is blank, and ``reason`` says why. ``normal`` is of adults."""

    name: str
    value: float | None
    unit: str
    normal: tuple[float, float] | None
    how: str
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Measurements:
    """All lines, the ST level of each lead in mm at J+60, and the beat that they were read from.

    ``rhythm`` tells of every beat; it has none where the beats do not look alike.
    """

    rows: tuple[Measurement, ...]
    st_levels: dict[str, float | None]
    beat: TypicalBeat | None
    warnings: tuple[str, ...]
    rhythm: Rhythm = field(default_factory=Rhythm)

    def value(self, name: str) -> float | None:
        """The figure of this name, None where it is blank."""
        return next(row.value for row in self.rows if row.name == name)


def measure(record: ECGRecord, model: TrainedModel) -> Measurements:
    """Everything that can be measured in ``record``, in the first half minute of it.

    Raises:
        ModelError: the model is no delineator.
    """
    part = complete_leads(_beginning(record))
    warnings = _warnings(record, part)
    try:
        delineation = delineate(part, model)
    except SignalError as error:
        return Measurements(_rows(None, None, str(error), part), _st_levels(None, part), None, warnings)
    peaks = r_peaks(part.select(delineation.leads), part.sampling_rate)
    beat = typical_beat(part, delineation, peaks)
    if beat is None or beat.n_beats < FEWEST_BEATS:
        return Measurements(_rows(None, None, NO_BEATS, part), _st_levels(None, part), None, warnings)
    rows = _rows(beat, _mean_interval(peaks, part.sampling_rate), "", part)
    rhythm = rhythm_of(delineation, peaks, part.sampling_rate)
    return Measurements(rows, _st_levels(beat, part), beat, (*warnings, *_about(beat)), rhythm)


def _beginning(record: ECGRecord) -> ECGRecord:
    behind = int(LONGEST * record.sampling_rate)
    return replace(record, signal=record.signal[:, :behind]) if record.n_samples > behind else record


def _mean_interval(peaks: NDArray[np.int64], sampling_rate: float) -> float:
    """Mean RR in s."""
    return float((peaks[-1] - peaks[0]) / (len(peaks) - 1) / sampling_rate)


def _warnings(record: ECGRecord, part: ECGRecord) -> tuple[str, ...]:
    sentences = []
    if record.sampling_rate < LOW_RATE:
        sentences.append(
            f"Recorded at {record.sampling_rate:g} samples per second, one each "
            f"{1000 / record.sampling_rate:g} ms: QRS and QT are less certain than at 500."
        )
    if part.n_samples < record.n_samples:
        sentences.append(f"Measured in the first {LONGEST:g} s of {record.duration:.0f} s.")
    return tuple(sentences)


def _about(beat: TypicalBeat) -> list[str]:
    sentences = []
    if beat.noisy:
        sentences.append(f"Too noisy to measure: {', '.join(beat.noisy)}.")
    if beat.n_others:
        sentences.append(
            f"{beat.n_others} of {beat.n_beats + beat.n_others} beats look different and were left out."
        )
    return sentences


def _rows(
    beat: TypicalBeat | None, rr: float | None, reason: str, part: ECGRecord
) -> tuple[Measurement, ...]:
    spans = beat.spans if beat is not None else {}
    p, qrs, t = (spans.get(kind) for kind in ("P", "QRS", "T"))
    no_p, no_t = reason or NO_P, reason or NO_T
    over = "first onset to last offset"
    qt = _length(qrs and t and (qrs[0], t[1]))
    rows = [
        _row("Heart rate", rr and 60 / rr, "bpm", (60, 100), "mean of all beats", reason),
        _row("RR", rr and 1000 * rr, "ms", (600, 1000), "mean of all beats", reason),
        _row("P", _length(p), "ms", (60, 120), over, no_p),
        _row("PR", _length(p and qrs and (p[0], qrs[0])), "ms", (120, 200), "P onset to QRS onset", no_p),
        _row("QRS", _length(qrs), "ms", (70, 110), over, reason),
        _row("QT", qt, "ms", None, "QRS onset to T end", no_t),
    ]
    for name, corrected in _CORRECTIONS.items():
        value = corrected(qt, rr) if qt is not None and rr else None
        rows.append(_row(f"QTc {name}", value, "ms", (350, 460), _FORMULAS[name], no_t))
    doubt = _plane_doubt(beat, part) if beat is not None else reason
    for kind, normal in _AXES.items():
        blank = {"P": no_p, "QRS": reason, "T": no_t}[kind]
        rows.append(_axis(kind, normal, beat, doubt, blank))
    return tuple(rows)


_CORRECTIONS: dict[str, Callable[[float, float], float]] = {
    "Bazett": bazett, "Fridericia": fridericia, "Framingham": framingham, "Hodges": hodges,
}  # fmt: skip
_FORMULAS = {
    "Bazett": "QT / √RR",
    "Fridericia": "QT / ∛RR",
    "Framingham": "QT + 154 (1 - RR)",
    "Hodges": "QT + 1.75 (rate - 60)",
}
_AXES = {"P": (0, 75), "QRS": (-30, 90), "T": (0, 90)}


def _row(
    name: str, value: float | None, unit: str, normal: tuple[float, float] | None, how: str, blank: str
) -> Measurement:
    return Measurement(name, value, unit, normal, how, "" if value is not None else blank)


def _length(span: Span | None) -> float | None:
    return 1000 * (span[1] - span[0]) if span else None


def _plane_doubt(beat: TypicalBeat, part: ECGRecord) -> str:
    """Why no axis can be read from the limb leads; "" where it can."""
    if part.units != "mV":
        return NO_VOLTS
    return record_quality(part).axes_doubtful or ("" if {"I", "aVF"} <= set(beat.leads) else NO_PLANE)


def _axis(
    kind: str, normal: tuple[float, float], beat: TypicalBeat | None, doubt: str, blank: str
) -> Measurement:
    name, how = f"{kind} axis", "net areas in I, aVF"
    if beat is None or kind not in beat.spans:
        return Measurement(name, None, "°", normal, how, blank)
    if doubt:
        return Measurement(name, None, "°", normal, how, doubt)
    one, foot = (_net(beat, lead, kind) for lead in ("I", "aVF"))
    if np.hypot(one, foot) < SMALLEST:
        return Measurement(name, None, "°", normal, how, "The wave is too small in the frontal plane.")
    return Measurement(name, frontal_axis(one, foot), "°", normal, how)


def _net(beat: TypicalBeat, lead: str, kind: str) -> float:
    """Mean deflection of the wave, mV: P from the line between its ends, others from the level before QRS."""
    wave = beat.between(lead, *beat.spans[kind])
    level = np.linspace(wave[0], wave[-1], len(wave)) if kind == "P" else 0.0
    return float(np.mean(wave - level))


def _st_levels(beat: TypicalBeat | None, part: ECGRecord) -> dict[str, float | None]:
    """Of each standard lead that was recorded; None where it is noisy, swapped, or the volts are lost."""
    levels: dict[str, float | None] = {lead: None for lead in LEADS if lead in part.leads}
    if beat is None or part.units != "mV":
        return levels
    point = beat.spans["QRS"][1] + J_PLUS
    swapped = LIMBS if record_quality(part).limb_reversal else ()
    for lead in levels:
        if lead in beat.leads and lead not in swapped:
            levels[lead] = MILLIMETRES * float(beat.between(lead, point - 0.004, point + 0.004).mean())
    return levels
