"""The tracing as on paper: one figure of SVG lines, true aspect, nothing filtered or rescaled.

25 mm/s and 10 mm/mV: ``scaleanchor`` ties millivolts to seconds, so that 1 mV is as tall as 0.4 s
is wide at every size of the window.
"""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ecgapp.paper import (
    MARGIN,
    PAGE_SECONDS,
    PULSE,
    SYNTHETIC,
    Cell,
    Sheet,
    edges,
    keep_peaks,
    name_on_paper,
    pieces,
    row_zeros,
    sample_range,
)
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray

SECONDS_PER_MILLIVOLT = 0.4  # 10 mm at 25 mm/s
POINTS_PER_SECOND = 500.0  # at most; above it, lowest and highest samples are kept
FRAME = 60  # px above and below the paper
WIDTH = 1000  # px at which sheet and frame fit; other widths show more blank paper

INK, MINOR, MAJOR, NOTE = "#101010", "#fae3e3", "#eeb4b4", "#5a5a5a"
HALO = "0 0 3px white, 0 0 3px white, 0 0 3px white"  # keeps a lead's name legible on its trace
CONFIG = {
    "displaylogo": False,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"filename": "ecg", "scale": 2},
}


def tracing(
    record: ECGRecord, sheet: Sheet, notes: Sequence[str] = (), most: float = POINTS_PER_SECOND
) -> go.Figure:
    """``record`` on ``sheet``; ``notes`` are printed above it, speed, gain, filter and rate below.

    The x axis is in seconds of the recording, the y axis in mV from the first row's zero. A lead
    is drawn with at most ``most`` points a second, its peaks kept.
    """
    signals = pieces(record, sheet)
    zeros = row_zeros(sheet, signals)
    figure = go.Figure(layout=_layout(sheet, zeros, edges(sheet, signals)))
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if signal is not None:
            figure.add_trace(_line(record, cell, signal + zeros[cell.row], most))
    figure.add_trace(_pulses(sheet, zeros))
    figure.add_trace(_joins(sheet, zeros))
    figure.add_trace(_names(record, sheet, zeros))
    figure.update_layout(annotations=_printed(record, sheet, notes))
    return figure


def blank_paper() -> go.Figure:
    """A sheet with nothing on it. It shows where the tracing will stand, and the browser loads its charts."""
    sheet = Sheet((Cell("", 3, 0.0, PAGE_SECONDS),), 0.0, PAGE_SECONDS)
    return go.Figure(layout=_layout(sheet, row_zeros(sheet, [None]), edges(sheet, [None])))


def zeros_of(record: ECGRecord, sheet: Sheet) -> FloatArray:
    """Each row's 0 mV in the tracing's own y axis, for what is drawn behind the leads."""
    return row_zeros(sheet, pieces(record, sheet))


def _line(record: ECGRecord, cell: Cell, y: FloatArray, most: float) -> go.Scatter:
    first, _ = sample_range(record, cell)
    drawn, rate = keep_peaks(y, record.sampling_rate, most)
    return go.Scatter(
        x0=first / record.sampling_rate,
        dx=1 / rate,
        y=np.ascontiguousarray(drawn, dtype=np.float32),
        mode="lines",
        line={"color": INK, "width": 1.1},
        name=cell.lead,
        hoverinfo="skip",
    )


def _pulses(sheet: Sheet, zeros: FloatArray) -> go.Scatter:
    """A pulse of 1 mV and 5 mm before each row."""
    left = sheet.start - MARGIN
    points = [(left + x, zero + y) for zero in zeros for x, y in (*PULSE, (np.nan, np.nan))]
    return _thin_line(points, "calibration")


def _joins(sheet: Sheet, zeros: FloatArray) -> go.Scatter:
    """A short upright stroke, 3 mm above and below zero, where one lead ends and the next begins."""
    points = []
    for cell in sheet.cells:
        if cell.start > sheet.start:
            low, high = zeros[cell.row] - 0.3, zeros[cell.row] + 0.3
            points += [(cell.start, low), (cell.start, high), (np.nan, np.nan)]
    return _thin_line(points, "joins")


def _thin_line(points: Sequence[tuple[float, float]], name: str) -> go.Scatter:
    x, y = np.array(points, dtype=np.float32).reshape(-1, 2).T
    line = {"color": INK, "width": 1.0}
    return go.Scatter(x=x, y=y, mode="lines", line=line, name=name, hoverinfo="skip")


def _names(record: ECGRecord, sheet: Sheet, zeros: FloatArray) -> go.Scatter:
    return go.Scatter(
        x=[cell.start + 0.05 for cell in sheet.cells],
        y=[float(zeros[cell.row]) + 1.05 for cell in sheet.cells],
        text=[f"<b>{name_on_paper(record, cell.lead)}</b>" for cell in sheet.cells],
        mode="text",
        textposition="middle right",
        textfont={"size": 13, "color": INK, "shadow": HALO},
        name="leads",
        hoverinfo="skip",
    )


def printed_settings(record: ECGRecord, sheet: Sheet) -> str:
    """Speed, gain, filter, rate and length, as they stand on the tracing."""
    gain = "10 mm/mV" if record.units == "mV" else "volts lost: 1 calibration pulse = 5 standard deviations"
    shown = f"{sheet.start:g}-{sheet.stop:g} s of {record.duration:.1f} s"
    return f"25 mm/s   {gain}   filter: none, as recorded   {record.sampling_rate:g} Hz   {shown}"


def _printed(record: ECGRecord, sheet: Sheet, notes: Sequence[str]) -> list[dict[str, object]]:
    below = _note(printed_settings(record, sheet), y=0.0, yanchor="top", yshift=-18, color=NOTE, size=12)
    head = [*([f"<b>{SYNTHETIC}</b>"] if record.synthetic else []), *notes]
    above = _note("   ".join(head), y=1.0, yanchor="bottom", yshift=2, color=INK, size=13)
    return [below, above]


def _note(text: str, *, color: str, size: int, **place: object) -> dict[str, object]:
    fixed = {"x": 0.0, "xref": "paper", "yref": "paper", "xanchor": "left", "showarrow": False}
    return {"text": text, "font": {"size": size, "color": color}, **fixed, **place}


def _layout(sheet: Sheet, zeros: FloatArray, edges: tuple[float, float]) -> go.Layout:
    top, bottom = edges[0], float(zeros[-1]) - edges[1]
    left, right = sheet.start - MARGIN, max(sheet.stop, sheet.start + 2.5) + 0.1
    height = WIDTH * (top - bottom) * SECONDS_PER_MILLIVOLT / (right - left)
    return go.Layout(
        template="none",
        height=round(height) + FRAME,
        margin={"l": 4, "r": 4, "t": 24, "b": 36},
        paper_bgcolor="white",
        plot_bgcolor="white",
        showlegend=False,
        dragmode="zoom",
        hovermode=False,
        font={"color": INK},
        xaxis=_axis([left, right], major=0.2, minor=0.04)
        | {"constraintoward": "left", "ticklabelstep": 5, "ticksuffix": " s", "tickfont": {"size": 10}},
        yaxis=_axis([bottom, top], major=0.5, minor=0.1)
        | {"constraintoward": "top", "showticklabels": False}
        | {"scaleanchor": "x", "scaleratio": SECONDS_PER_MILLIVOLT},
    )


def _axis(span: list[float], major: float, minor: float) -> dict[str, object]:
    """5 mm and 1 mm lines."""
    return {
        "range": span,
        "dtick": major,
        "tick0": 0,
        "gridcolor": MAJOR,
        "gridwidth": 1,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "minor": {
            "dtick": minor,
            "tick0": 0,
            "showgrid": True,
            "gridcolor": MINOR,
            "gridwidth": 1,
            "ticks": "",
        },
    }
