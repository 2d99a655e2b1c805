"""The rows of the table of measurements, and ST of each lead, from a typical beat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgapp.analysis.measurement.typical_beat import Span, TypicalBeat
from ecgapp.records import LEADS, ECGRecord
from ecgapp.signals import BeatList, RecordQuality
from ecgapp.signals.qt_and_axes import bazett, framingham, fridericia, frontal_axis, hodges

J_PLUS = 0.060  # s
AT_J = (0.0, 0.020)  # s behind J over which its level is averaged, because of the error of J
AT_J_PLUS = (J_PLUS - 0.004, J_PLUS + 0.004)
MILLIMETRES = 10.0  # per millivolt
SMALLEST = 0.02  # mV of mean deflection in the frontal plane, below which an axis is meaningless
# Sinus rates of healthy adults lie between 50 and 90 (Spodick et al. 1992, doi:10.1016/0002-9149(92)90947-W);
# tachycardia begins above 100.
NORMAL_RATE = (50, 100)
NO_P = "No P wave is detected before most beats: it is absent, as in atrial fibrillation, or hidden."
NO_T = "The end of T is not detected in half of the leads."
NO_RATE = "Fewer than two beats are detected in leads with a signal."
NO_VOLTS = "The record has no voltage calibration."
NO_PLANE = "Leads I and aVF are needed, free of noise."
LIMBS = ("I", "II", "III", "aVR", "aVL", "aVF")


@dataclass(frozen=True)
class Measurement:
    """One row of the table; if ``value`` is None, ``reason`` is the reason. ``normal`` is for adults."""

    name: str
    value: float | None
    unit: str
    normal: tuple[float, float] | None
    how: str
    reason: str = ""

    @property
    def side(self) -> str:
        """The side of the normal range on which the value lies: "below", "above", or ""."""
        if self.value is None or self.normal is None:
            return ""
        rounded = round(self.value)
        return "below" if rounded < self.normal[0] else "above" if rounded > self.normal[1] else ""


def in_unit(value: float, unit: str) -> str:
    """A rounded value with its unit: ``396 ms``, ``41°``."""
    return f"{value:.0f}{'' if unit == '°' else ' '}{unit}"


@dataclass(frozen=True, eq=False)
class MeasurementInputs:
    """The input of the table of measurements.

    ``whole`` are the beats of the record, ``here`` those of the measured stretch, whose signal and quality
    are ``part`` and ``quality``. ``beat`` is None if only rates are known, because of ``doubt``; ``no_p`` is
    the reason for blank P and PR if the beat has no P wave.
    """

    whole: BeatList
    here: BeatList
    part: ECGRecord
    quality: RecordQuality
    beat: TypicalBeat | None
    doubt: str = ""
    no_p: str = NO_P

    def span(self, kind: str) -> Span | None:
        """The onset and offset of this kind of wave."""
        return None if self.beat is None else self.beat.spans.get(kind)

    def blank(self, kind: str) -> str:
        """The reason why there is no such wave."""
        return self.doubt or {"P": self.no_p, "T": NO_T}.get(kind, "")


def rows(known: MeasurementInputs) -> tuple[Measurement, ...]:
    """The rows of rates, intervals and axes, in the order of the table."""
    p, qrs, t = (known.span(kind) for kind in ("P", "QRS", "T"))
    over = "first onset to last offset"
    return (
        *_rates(known),
        _row("P", _length(p), (60, 120), over, known.blank("P")),
        _row(
            "PR", _length(p and qrs and (p[0], qrs[0])), (120, 200), "P onset to QRS onset", known.blank("P")
        ),
        _row("QRS", _length(qrs), (70, 110), over, known.blank("QRS")),
        *_qt(known, _length(qrs and t and (qrs[0], t[1]))),
        *(_axis(kind, normal, known) for kind, normal in _AXES.items()),
    )


def _rates(known: MeasurementInputs) -> tuple[Measurement, Measurement]:
    """The rates of the whole record and of the stretch."""
    rate, rr = known.whole.rate, known.here.rate
    partly = known.here.duration < known.whole.duration
    of_all = f"mean of all {known.whole.duration:.0f} s" if partly else "mean of all beats"
    of_part = f"mean of {known.here.duration:.0f} s" if partly else "mean of all beats"
    slow, fast = NORMAL_RATE
    return (
        Measurement("Heart rate", rate, "bpm", NORMAL_RATE, of_all, "" if rate is not None else NO_RATE),
        _row("RR", None if rr is None else 60_000 / rr, (60_000 / fast, 60_000 / slow), of_part, NO_RATE),
    )


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


def _qt(known: MeasurementInputs, qt: float | None) -> list[Measurement]:
    """The rows of QT and of its corrections to 60 beats per minute."""
    rate, blank = known.here.rate, known.blank("T")
    result = [_row("QT", qt, None, "QRS onset to T end", blank)]
    for name, corrected in _CORRECTIONS.items():
        value = corrected(qt, 60 / rate) if qt is not None and rate else None
        result.append(_row(f"QTc {name}", value, (350, 460), _FORMULAS[name], blank))
    return result


def _row(
    name: str, value: float | None, normal: tuple[float, float] | None, how: str, blank: str
) -> Measurement:
    """A row in ms."""
    return Measurement(name, value, "ms", normal, how, "" if value is not None else blank)


def _length(span: Span | None) -> float | None:
    return 1000 * (span[1] - span[0]) if span else None


def _axis(kind: str, normal: tuple[float, float], known: MeasurementInputs) -> Measurement:
    name, how, beat = f"{kind} axis", "net areas in I, aVF", known.beat
    if beat is None or kind not in beat.spans:
        return Measurement(name, None, "°", normal, how, known.blank(kind))
    in_plane = {"I", "aVF"} <= set(beat.leads)
    doubt = known.quality.axes_doubtful or ("" if in_plane else NO_PLANE)
    doubt = doubt if known.part.units == "mV" else NO_VOLTS
    if doubt:
        return Measurement(name, None, "°", normal, how, doubt)
    one, foot = (_net(beat, lead, kind) for lead in ("I", "aVF"))
    if np.hypot(one, foot) < SMALLEST:
        return Measurement(name, None, "°", normal, how, "The wave is too small in the frontal plane.")
    return Measurement(name, frontal_axis(one, foot), "°", normal, how)


def _net(beat: TypicalBeat, lead: str, kind: str) -> float:
    """The mean deflection of the wave, mV: P from the line between its ends, others from 0 mV."""
    wave = beat.between(lead, *beat.spans[kind])
    level = np.linspace(wave[0], wave[-1], len(wave)) if kind == "P" else 0.0
    return float(np.mean(wave - level))


def levels(known: MeasurementInputs, behind_j: tuple[float, float]) -> dict[str, float | None]:
    """ST of each recorded standard lead, mm, averaged over these two s behind J.

    None if the lead is noisy or swapped, the voltages are unknown, or there is no typical beat.
    """
    result: dict[str, float | None] = {lead: None for lead in LEADS if lead in known.part.leads}
    if known.beat is None or known.part.units != "mV":
        return result
    j = known.beat.spans["QRS"][1]
    swapped = LIMBS if known.quality.limb_reversal else ()
    for lead in result:
        if lead in known.beat.leads and lead not in swapped:
            stretch = known.beat.between(lead, j + behind_j[0], j + behind_j[1])
            result[lead] = MILLIMETRES * float(stretch.mean())
    return result
