"""A training's curves, by epoch, step or time. Lines differ in colour, dash and marker."""

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ecgapp.runs.run_figures import Point

Floats = NDArray[np.float64]

# Every colour stands out from white and from the dark theme's ground, three to one at least.
TRAIN, VALIDATION, MEMBER, MACRO = "#5b7fa6", "#b3541e", "#939393", "#b3541e"
LABEL_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#a2932c", "#179fcd", "#ae347a", "#7f7f7f", "#a2485a", "#117733",
)  # fmt: skip  # Paul Tol's bright scheme, its palest darker, and two of his muted one; markers differ too
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "hexagon", "pentagon")
LOG_TICKS = [
    float(f"{mantissa}e{exponent}") for exponent in range(-4, 4) for mantissa in (1, 1.5, 2, 3, 5, 7)
]
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
WIDE = 2.5  # times; below it plotly's own ticks of a logarithmic axis are enough
TICKS = tuple(mantissa * 10**exponent for exponent in range(5) for mantissa in (1, 2, 5))
HEIGHT, SMALL = 300, 190  # px
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def loss_curves(
    train: Sequence[Point], validation: Sequence[Point], unit: str, *, log: bool = False
) -> go.Figure:
    """Loss of the training and the validation records after each epoch; ``unit`` names the loss."""
    figure = _figure(unit, validation, top=None)
    if log:
        figure.update_yaxes(type="log", title=f"{unit}, log scale", rangemode="normal")
        if _spread([*train, *validation]) > WIDE:
            figure.update_yaxes(tickvals=LOG_TICKS)
    figure.add_trace(_line(train, "training", TRAIN, "circle-open", "dot"))
    figure.add_trace(_line(validation, "validation", VALIDATION, "circle", "solid"))
    return figure


def f1_curves(
    macro: Sequence[Point],
    by_label: Mapping[str, Sequence[Point]],
    by_member: Mapping[str, Sequence[Point]] | None = None,
) -> go.Figure:
    """Macro F1 on the validation records after each epoch, and each label's beside it, thin.

    Where members learn together, the macro F1 is their mean, and each one's is a thin grey line.
    """
    figure = _figure("F1 (validation)", macro, top=1.03)
    for number, points in (by_member or {}).items():
        member = _thin(points, f"member {number}", MEMBER)
        figure.add_trace(member.update(showlegend=False, hoverinfo="skip", hovertemplate=None))
    for index, (label, points) in enumerate(by_label.items()):
        colour = LABEL_COLOURS[index % len(LABEL_COLOURS)]
        figure.add_trace(_line(points, label, colour, MARKERS[index % len(MARKERS)], "dot"))
    figure.add_trace(_line(macro, "macro F1", MACRO, "circle", "solid"))
    return figure


def members_apart(points: Sequence[Point], epochs: int) -> list[Point]:
    """The curve with a gap after every ``epochs`` epochs, where an ensemble's next member begins."""
    drawn: list[Point] = []
    for epoch, value in points:
        if drawn and (epoch - 1) // epochs > (drawn[-1][0] - 1) // epochs:
            drawn.append((epoch - 0.5, math.nan))
        drawn.append((epoch, value))
    return drawn


def step_curve(points: Sequence[Point], unit: str, *, log: bool = False) -> go.Figure:
    """A metric by step, as a thin line; on a logarithmic axis if ``log``."""
    figure = _small(unit, "step", points)
    figure.add_trace(_thin(points, unit, TRAIN))
    if log:
        figure.update_yaxes(type="log", title=f"{unit}, log scale", rangemode="normal")
    return figure


def use_curve(points: Sequence[Point], word: str, unit: str) -> go.Figure:
    """The run's use of the machine by hours since its first start (minutes in the first)."""
    seconds, since = (3600.0, "hours") if points and points[-1][0] > 5400 else (60.0, "minutes")
    scaled = [(second / seconds, value) for second, value in points]
    figure = _small(f"{word} ({unit})", f"{since} since the start", scaled)
    figure.add_trace(_thin(scaled, f"{word}, {unit}", VALIDATION))
    if unit == "%":
        figure.update_yaxes(range=[0, 103])
    return figure


def lci_curve(points: Sequence[Point]) -> go.Figure:
    """The index as it stood after each epoch, with a gap where it has no value."""
    figure = _figure("LCI so far", points, top=None)
    figure.add_trace(_line(points, "LCI so far", LABEL_COLOURS[2], "diamond", "solid"))
    return figure


def change_bars(changes: Sequence[Point]) -> go.Figure:
    """F1's change in each epoch: rises upwards and blue, drops downwards, brown and hatched."""
    figure = _figure("change of F1", changes, top=None)
    parts = (
        ("rises", [point for point in changes if point[1] > 0], TRAIN, ""),
        ("drops", [point for point in changes if point[1] < 0], VALIDATION, "/"),
    )
    for name, points, colour, pattern in parts:
        marker = {"color": colour, "pattern": {"shape": pattern}}
        figure.add_trace(go.Bar(x=_x(points), y=_y(points), name=name, marker=marker))
    figure.update_traces(hovertemplate="%{y:+.4f}")
    figure.update_layout(barmode="overlay")
    return figure


def overlay(runs: Mapping[str, Sequence[Point]], unit: str, *, top: float | None = None) -> go.Figure:
    """One curve a run, by its name; they differ in colour, dash and marker."""
    longest = max(runs.values(), key=lambda points: points[-1][0] if points else 0, default=())
    figure = _figure(html.escape(unit), longest, top=top)
    for place, (name, points) in enumerate(runs.items()):
        colour = LABEL_COLOURS[place % len(LABEL_COLOURS)]
        figure.add_trace(
            _line(points, name, colour, MARKERS[place % len(MARKERS)], DASHES[place % len(DASHES)])
        )
    figure.update_traces(line_width=2)
    return figure.update_layout(showlegend=True)


def _line(points: Sequence[Point], name: str, colour: str, marker: str, dash: str) -> go.Scatter:
    """A line with markers; ``name`` is escaped, as plotly would read HTML in it."""
    wide, name = dash == "solid", html.escape(name)
    return go.Scatter(
        x=_x(points),
        y=_y(points),
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2.2 if wide else 1.2, "dash": dash},
        marker={"symbol": marker, "size": 6 if wide else 5},
        hovertemplate="epoch %{x:d}: %{y:.4f}<extra>%{fullData.name}</extra>",
    )


def _spread(points: Sequence[Point]) -> float:
    """The highest value divided by the lowest; 1 without positive values."""
    values = [value for _, value in points if value > 0]
    return max(values) / min(values) if values else 1.0


def _thin(points: Sequence[Point], name: str, colour: str) -> go.Scatter:
    return go.Scatter(
        x=_x(points),
        y=_y(points),
        name=name,
        mode="lines" if len(points) > 1 else "markers",
        line={"color": colour, "width": 1.2},
        hovertemplate="%{y:.4~g}<extra></extra>",
    )


def _x(points: Sequence[Point]) -> Floats:
    return np.array([x for x, _ in points], dtype=np.float64)


def _y(points: Sequence[Point]) -> Floats:
    return np.array([y for _, y in points], dtype=np.float64)


def _figure(unit: str, points: Sequence[Point], top: float | None) -> go.Figure:
    """Empty axes. ``uirevision`` keeps the reader's zoom while points are added."""
    last = points[-1][0] if points else 1
    every = next((step for step in TICKS if step >= last / 10), math.ceil(last / 10))  # whole epochs only
    return go.Figure(
        layout=go.Layout(
            height=HEIGHT,
            margin={"l": 56, "r": 8, "t": 8, "b": 40},
            uirevision="keep",
            hovermode="x unified",
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 11}},
            xaxis={"title": "epoch", "range": [0, 1.02 * last + 0.3], "dtick": every, "minallowed": 0},
            yaxis={"title": unit, "range": [0, top] if top else None, "rangemode": "tozero"},
        )
    )


def _small(unit: str, across: str, points: Sequence[Point]) -> go.Figure:
    """Empty axes of a small chart without a legend; its y axis begins at 0."""
    last = points[-1][0] if points else 1
    return go.Figure(
        layout=go.Layout(
            height=SMALL,
            margin={"l": 56, "r": 8, "t": 8, "b": 36},
            uirevision="keep",
            hovermode="x unified",
            showlegend=False,
            xaxis={"title": across, "range": [0, 1.02 * last]},
            yaxis={"title": unit, "rangemode": "tozero", "nticks": 5},
        )
    )
