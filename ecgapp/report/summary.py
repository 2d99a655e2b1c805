"""The summary above the tracing on page 1: alarms, the measured figures, and who confirmed the findings."""

from textwrap import wrap

from ecgapp.analysis import Measurements, beside_critical
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.report.contents import Contents
from ecgapp.report.page import ALARM, LEFT, LETTER, LINE, MILLIMETRE, RIGHT, Page, Type
from ecgapp.report.signatures import statement

SIGN = "\u26a0"  # a warning triangle
TOP, BOTTOM = 190.5, 164.0  # mm between which the summary stands
MOST_ALARMS = 2
CORRECTED = "QTc Fridericia"  # the formula whose limit raises the alarm
INTERVALS = ("PR", "QRS", "QT")
AXES = ("P axis", "QRS axis", "T axis")


def draw_summary(page: Page, contents: Contents, remarks: str) -> None:
    """Alarms in red, figures in bold, the statement, and ``remarks`` as far as there is room for them."""
    y, alarm_lines = TOP, alarms(contents.critical)
    for number, words in enumerate(alarm_lines):
        y = _print(page, y, words, Type(9.5, bold=True, colour=ALARM), 1 if number else 2)
    y = _print(page, y, figures(contents), Type(9.5, bold=True), 1)
    y = _print(page, y, statement_or_judgement(contents), Type(8), 2 if alarm_lines else 4)
    kind = Type(7, bold=True)
    room = int((y - BOTTOM) / _step(kind)) + 1
    if remarks and room > 0:
        _print(page, y, remarks, kind, min(room, 3), " ... (more on the last page)")


def alarms(critical: tuple[CriticalFinding, ...]) -> list[str]:
    """A line for each of the first alarms, with its figures; the others are counted."""
    lines = [f"{SIGN} CRITICAL. {one.sentence} {one.evidence}" for one in critical[:MOST_ALARMS]]
    if further := critical[MOST_ALARMS:]:
        lines[-1] = f"{SIGN} CRITICAL. {critical[MOST_ALARMS - 1].sentence} And {len(further)} more, page 2."
    return lines


def figures(contents: Contents) -> str:
    """Heart rate, PR, QRS, QT, QTc and axes; a dash where one is blank, whose reason is on page 2."""
    rate = contents.heart_rate
    beats = "Heart rate not measurable" if rate is None else f"Heart rate {rate:.0f}/min"
    if contents.measured is None:
        return f"{beats}      intervals and axes: not measured"
    measurements = contents.measured.measurements
    intervals = [f"{name} {_figure(measurements, name, 'ms')}" for name in INTERVALS]
    if any(row.name == CORRECTED for row in measurements.rows):
        intervals.append(f"QTc {_figure(measurements, CORRECTED, 'ms')} ({CORRECTED.removeprefix('QTc ')})")
    known = {row.name for row in measurements.rows}
    axes = [
        f"{name.removesuffix(' axis')} {_figure(measurements, name, '°')}" for name in AXES if name in known
    ]
    return "      ".join([beats, *intervals, *([f"axes {', '.join(axes)}"] if axes else [])])


def statement_or_judgement(contents: Contents) -> str:
    """The reader's statement; if there is none, that nothing is confirmed, and the machine's judgement."""
    review = contents.review
    if review is not None and review.is_confirmed:
        return statement(review)
    unconfirmed = "Unconfirmed: no reader stands for any finding."
    if contents.judgement is not None:
        lines = [line.words for line in beside_critical(contents.judgement.lines)]
        return " ".join((unconfirmed, *(["By machine:", *lines] if lines else [])))
    if contents.evidence is None:
        return unconfirmed
    above = [row for row in contents.evidence.findings.rows if row.positive]
    named = ", ".join(f"{row.label} {row.probability:.2f}" for row in above) or "none"
    return f"{unconfirmed} Above the model's thresholds: {named}."


def _figure(measurements: Measurements, name: str, unit: str) -> str:
    value = measurements.value(name)
    blank = "" if unit == "°" else " "
    return "-" if value is None else f"{value:.0f}{blank}{unit}"


def _print(page: Page, y: float, words: str, kind: Type, most: int, cut: str = " ...") -> float:
    """Print ``words`` in at most so many lines from ``y`` down; where the next line stands."""
    letter = LETTER * (1.08 if kind.bold else 0.97)
    width = int((RIGHT - LEFT) * MILLIMETRE / (letter * kind.size))
    for line in wrap(words, width, max_lines=most, placeholder=cut, drop_whitespace=True):
        page.text(LEFT, y, line, kind)
        y -= _step(kind)
    return y


def _step(kind: Type) -> float:
    return LINE * kind.size / MILLIMETRE
