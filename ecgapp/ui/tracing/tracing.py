"""The tracing as on paper: one figure of SVG lines, true aspect, one gain for all leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np
import plotly.graph_objects as go

from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.paper import (
    PAGE_SECONDS,
    SYNTHETIC,
    Cell,
    Sheet,
    bands,
    edges,
    keep_peaks,
    name_on_paper,
    pieces,
    pulse,
    row_zeros,
    sample_range,
)
from ecgapp.ui.tracing.clip_marks import add_marks, cut_lines, cut_words
from ecgapp.ui.tracing.paper_layout import INK, signal_line, tracing_layout

POINTS_PER_SECOND = 500.0  # at most; above it, lowest and highest samples are kept
NOTE = "#5a5a5a"
ALERT = "#0b4f8a"  # dark blue: neither the paper's red nor the trace's black
BADGE = 0.36  # letters a mm of the lead's width: the badge beside a name ends before the next lead begins
HALO = "0 0 3px white, 0 0 3px white, 0 0 3px white"  # keeps a lead's name legible on its trace
LOST = "no voltage calibration: 1 pulse = 5 standard deviations"


@dataclass(frozen=True)
class Printed:
    """The filter in force, and a few words beside the names of leads that are not sound.

    ``room`` are another tracing's pieces, cell by cell: both then have their rows at the same heights.
    """

    filtered: str = UNFILTERED
    badges: Mapping[str, str] = field(default_factory=dict)
    room: Sequence[FloatArray | None] = ()


def tracing(
    record: ECGRecord,
    sheet: Sheet,
    notes: Sequence[str] = (),
    most: float = POINTS_PER_SECOND,
    words: Printed | None = None,
) -> go.Figure:
    """``record`` on ``sheet``; ``notes`` are printed above it, speed, gain, filter and rate below.

    The x axis is in seconds of the recording, the y axis in mV from the first row's zero; chest leads at
    half gain are drawn at half their mV. A lead has at most ``most`` points a second, its peaks kept. One
    with a badge stays in its row, every lead on the paper: what goes beyond is cut and marked.
    """
    words = words or Printed()
    signals = pieces(record, sheet)
    tall = _together(signals, words.room)
    zeros = row_zeros(sheet, tall)
    figure = go.Figure(layout=tracing_layout(sheet, zeros, edges(sheet, tall)))
    limits = bands(sheet, signals, zeros, figure.layout.yaxis.range, words.badges.keys())
    drawn = cut_lines(record, sheet, signals, zeros, limits)
    for cell, line in zip(sheet.cells, drawn, strict=True):
        if line is not None:
            figure.add_trace(_line(record, cell, line.line, most))
    add_marks(figure, record, sheet, drawn)
    figure.add_trace(_pulses(sheet, zeros))
    figure.add_trace(_joins(sheet, zeros))
    figure.add_trace(_names(record, sheet, zeros, words.badges))
    printed = [printed_settings(record, sheet, words.filtered), cut_words(sheet, drawn)]
    figure.update_layout(annotations=_printed(record, printed, notes))
    return figure


def _together(
    signals: Sequence[FloatArray | None], others: Sequence[FloatArray | None]
) -> list[FloatArray | None]:
    """The samples of both tracings in each cell, for which a row must have room."""
    pairs = zip_longest(signals, others)
    present = [[signal for signal in pair if signal is not None] for pair in pairs]
    return [np.concatenate(pair) if pair else None for pair in present]


def blank_paper() -> go.Figure:
    """A sheet with nothing on it. It shows where the tracing will stand, and the browser loads its charts."""
    sheet = Sheet((Cell("", 3, 0.0, PAGE_SECONDS),), 0.0, PAGE_SECONDS)
    return go.Figure(layout=tracing_layout(sheet, row_zeros(sheet, [None]), edges(sheet, [None])))


def zeros_of(record: ECGRecord, sheet: Sheet) -> FloatArray:
    """Each row's 0 mV in the tracing's own y axis, for what is drawn behind the leads."""
    return row_zeros(sheet, pieces(record, sheet))


def _line(record: ECGRecord, cell: Cell, y: FloatArray, most: float) -> go.Scatter:
    first, _ = sample_range(record, cell)
    drawn, rate = keep_peaks(y, record.sampling_rate, most)
    return signal_line(drawn, first / record.sampling_rate, 1 / rate, INK, 1.1, name=cell.name)


def _pulses(sheet: Sheet, zeros: FloatArray) -> go.Scatter:
    """A pulse of 1 mV and 5 mm before each row."""
    left = sheet.start - sheet.scale.margin
    points = [
        (left + x, zero + y)
        for row, zero in enumerate(zeros)
        for x, y in (*pulse(sheet, row), (np.nan, np.nan))
    ]
    return _thin_line(points, "calibration")


def _joins(sheet: Sheet, zeros: FloatArray) -> go.Scatter:
    """A short upright stroke, 3 mm above and below zero, where one lead ends and the next begins."""
    points, reach = [], 3.0 / sheet.scale.gain
    for cell in sheet.cells:
        if cell.start > sheet.start:
            low, high = zeros[cell.row] - reach, zeros[cell.row] + reach
            points += [(cell.start, low), (cell.start, high), (np.nan, np.nan)]
    return _thin_line(points, "joins")


def _thin_line(points: Sequence[tuple[float, float]], name: str) -> go.Scatter:
    x, y = np.array(points, dtype=np.float32).reshape(-1, 2).T
    line = {"color": INK, "width": 1.0}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip")


def _names(record: ECGRecord, sheet: Sheet, zeros: FloatArray, badges: Mapping[str, str]) -> go.Scatter:
    """A lead's name, and behind it what is wrong with it, in a colour of its own."""

    def named(cell: Cell) -> str:
        badge = _fitted(badges.get(cell.lead, ""), (cell.stop - cell.start) * sheet.scale.speed)
        fault = f"  <span style='color:{ALERT}'>\u26a0 {badge}</span>" if badge else ""
        return f"<b>{name_on_paper(record, cell.name)}{fault}</b>"

    return go.Scatter(
        x=[cell.start + 1.25 / sheet.scale.speed for cell in sheet.cells],
        y=[float(zeros[cell.row]) + 10.5 / sheet.scale.gain for cell in sheet.cells],
        text=[named(cell) for cell in sheet.cells],
        mode="text",
        textposition="middle right",
        textfont={"size": 13, "color": INK, "shadow": HALO},
        unselected={"textfont": {"color": INK}},  # a box on the tracing does not fade the names outside it
        name="leads",
        hoverinfo="skip",
    )


def _fitted(badge: str, width: float) -> str:
    """The words of ``badge`` that ``width`` mm hold, one at least, and how many more there are."""
    words = badge.split(", ")
    for n_words in range(len(words), 1, -1):
        fitted = ", ".join(
            [*words[:n_words], *([f"+{len(words) - n_words}"] if n_words < len(words) else [])]
        )
        if len(fitted) <= BADGE * width:
            return fitted
    return words[0] if len(words) == 1 else f"{words[0]}, +{len(words) - 1}"


def printed_settings(record: ECGRecord, sheet: Sheet, filtered: str = UNFILTERED) -> str:
    """Speed, gain, filter, rate and length, as they stand on the tracing."""
    scale = sheet.scale
    gain = f"{scale.gain:g} mm/mV" if record.units == "mV" else LOST
    gain += ", calibration assumed" if record.calibration_assumed else ""
    half = [f"V1-V6 at half gain, {scale.gain / 2:g} mm/mV"] if scale.half_chest else []
    stretch = f"{sheet.start:g}-{sheet.stop:g} s of {record.duration:.1f} s"
    rate = f"{record.sampling_rate:g} Hz"
    return "   ".join([f"{scale.speed:g} mm/s", gain, *half, f"filter: {filtered}", rate, stretch])


def _printed(record: ECGRecord, printed: Sequence[str], notes: Sequence[str]) -> list[dict[str, object]]:
    settings = "   ".join(part for part in printed if part)
    below = _note(settings, y=0.0, yanchor="top", yshift=-18, color=NOTE, size=12)
    head = [*([f"<b>{SYNTHETIC}</b>"] if record.synthetic else []), *notes]
    above = _note("   ".join(head), y=1.0, yanchor="bottom", yshift=2, color=INK, size=13)
    return [below, above]


def _note(text: str, *, color: str, size: int, **place: object) -> dict[str, object]:
    fixed = {"x": 0.0, "xref": "paper", "yref": "paper", "xanchor": "left", "showarrow": False}
    return {"text": text, "font": {"size": size, "color": color}, **fixed, **place}
