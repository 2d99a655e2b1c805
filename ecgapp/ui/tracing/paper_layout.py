"""ECG paper as the background of a chart: its grid, size and margins, for tracings and median beats.

``scaleanchor`` ties millivolts to seconds, so that 10 mm are 10 mm in both directions at every size of
the window.
"""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ecgapp.records.record import FloatArray
from ecgapp.signals.paper import BOX, Sheet

FRAME = 60  # px above and below the paper
SIDES = 8  # px left and right of it
WIDTH = 1000  # px at which sheet and frame fit, where nothing else sets the height
INK, MINOR, MAJOR = "#101010", "#fae3e3", "#eeb4b4"
SECONDS_PER_MILLIVOLT = 0.4  # 10 mm at 25 mm/s, as in the tracing
CONFIG = {
    "displaylogo": False,
    "scrollZoom": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "toImageButtonOptions": {"filename": "ecg", "scale": 2},
}

WHITE: dict[str, Any] = {"template": "none", "paper_bgcolor": "white", "plot_bgcolor": "white"}


def signal_line(
    y: FloatArray, start: float, step: float, colour: str, width: float, **style: object
) -> go.Scatter:
    """A signal as a plain line without tooltips, with a sample every ``step`` s from ``start`` on."""
    line = {"color": colour, "width": width}
    y = np.ascontiguousarray(y, dtype=np.float32)
    return go.Scatter(x0=start, dx=step, y=y, mode="lines", line=line, hoverinfo="skip", **style)


def height_per_width(figure: go.Figure) -> float:
    """The height of a tracing's paper for each unit of its figure's width, which may hold more than paper."""
    (left, right), (bottom, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
    first, last = figure.layout.xaxis.domain or (0, 1)
    return float((last - first) * (top - bottom) * figure.layout.yaxis.scaleratio / (right - left))


def tracing_layout(sheet: Sheet, zeros: FloatArray, edges: tuple[float, float]) -> go.Layout:
    """The layout of a tracing on ECG paper; ``zeros`` and ``edges`` are in mV."""
    left = sheet.start - sheet.scale.margin  # s
    right = max(sheet.stop, sheet.start + sheet.scale.page_seconds / 4) + 2.5 / sheet.scale.speed
    bottom, top = float(zeros[-1]) - edges[1], edges[0]  # mV
    speed, gain = sheet.scale.speed, sheet.scale.gain
    labels = {"ticklabelstep": round(speed / BOX), "ticksuffix": " s", "tickfont": {"size": 10}}
    return go.Layout(
        **WHITE,
        height=round(WIDTH * (top - bottom) * gain / ((right - left) * speed)) + FRAME,
        margin={"l": SIDES // 2, "r": SIDES // 2, "t": 24, "b": 36},
        showlegend=False,
        dragmode="zoom",
        hovermode=False,
        font={"color": INK},
        xaxis=_paper_axis((left, right), BOX / speed, 1 / speed) | {"constraintoward": "left"} | labels,
        yaxis=_paper_axis((bottom, top), BOX / gain, 1 / gain)
        | {"constraintoward": "top", "showticklabels": False}
        | {"scaleanchor": "x", "scaleratio": gain / speed},
    )


def lay_on_paper(
    figure: go.Figure, across: tuple[float, float], upwards: tuple[float, float], head: int
) -> None:
    """The grid from ``across`` (s) and ``upwards`` (mV), with ``head`` pixels less above than the tracing."""
    figure.update_layout(
        **WHITE, margin={"l": SIDES // 2, "r": SIDES // 2, "t": FRAME - head, "b": 6},
        showlegend=False, hovermode=False, dragmode=False, font={"color": INK},
    )  # fmt: skip
    figure.update_xaxes(**_paper_axis(across, 0.2, 0.04), showticklabels=False, constraintoward="left")
    figure.update_yaxes(
        **_paper_axis(upwards, 0.5, 0.1),
        showticklabels=False,
        scaleanchor="x",
        scaleratio=SECONDS_PER_MILLIVOLT,
        constraintoward="top",
    )


def _paper_axis(span: tuple[float, float], major: float, minor: float) -> dict[str, Any]:
    """The axis from ``span[0]`` to ``span[1]`` with paper's lines every ``major`` and every ``minor`` units.

    Where the window leaves room, the paper ends: it would look like a lead without a signal.
    """
    grid = {"tick0": 0, "gridwidth": 1, "ticks": ""}
    return grid | {
        "range": list(span), "dtick": major, "gridcolor": MAJOR, "zeroline": False, "showline": False,
        "constrain": "domain", "minor": grid | {"dtick": minor, "showgrid": True, "gridcolor": MINOR},
    }  # fmt: skip
