"""A training's curves: loss and F1 over epochs. Lines differ in colour, dash and marker."""

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

Point = tuple[float, float]  # (epoch, value)

TRAIN, VALIDATION = "#5b7fa6", "#b3541e"
LABEL_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#7f7f7f", "#994455", "#117733",
)  # fmt: skip  # Paul Tol's bright scheme and two of his muted one: distinct for colour-blind readers
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "hexagon", "pentagon")
LOG_TICKS = [
    float(f"{mantissa}e{exponent}") for exponent in range(-4, 4) for mantissa in (1, 1.5, 2, 3, 5, 7)
]
HEIGHT = 300  # px
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"]}


def loss_curves(
    train: Sequence[Point], validation: Sequence[Point], unit: str, *, log: bool = False
) -> go.Figure:
    """Loss of the training and the validation records after each epoch; ``unit`` names the loss."""
    figure = _figure(unit, validation, top=None)
    if log:
        figure.update_yaxes(type="log", tickvals=LOG_TICKS, title=f"{unit}, log scale")
    figure.add_trace(_line(train, "training", TRAIN, "circle-open", "dot"))
    figure.add_trace(_line(validation, "validation", VALIDATION, "circle", "solid"))
    return figure


def f1_curves(macro: Sequence[Point], by_label: Mapping[str, Sequence[Point]]) -> go.Figure:
    """Macro F1 on the validation records after each epoch, and each label's beside it, thin."""
    figure = _figure("F1 (validation)", macro, top=1.03)
    for index, (label, points) in enumerate(by_label.items()):
        colour = LABEL_COLOURS[index % len(LABEL_COLOURS)]
        figure.add_trace(_line(points, label, colour, MARKERS[index % len(MARKERS)], "dot"))
    figure.add_trace(_line(macro, "macro F1", "#101010", "circle", "solid"))
    return figure


def members_apart(points: Sequence[Point], epochs: int) -> list[Point]:
    """The curve with a gap after every ``epochs`` epochs, where an ensemble's next member begins."""
    drawn: list[Point] = []
    for epoch, value in points:
        if drawn and (epoch - 1) // epochs > (drawn[-1][0] - 1) // epochs:
            drawn.append((epoch - 0.5, math.nan))
        drawn.append((epoch, value))
    return drawn


def _line(points: Sequence[Point], name: str, colour: str, marker: str, dash: str) -> go.Scatter:
    wide = dash == "solid"
    return go.Scatter(
        x=[epoch for epoch, _ in points],
        y=[value for _, value in points],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2.2 if wide else 1.2, "dash": dash},
        marker={"symbol": marker, "size": 6 if wide else 5},
        hovertemplate="epoch %{x:d}: %{y:.4f}<extra>" + name + "</extra>",
    )


def _figure(unit: str, points: Sequence[Point], top: float | None) -> go.Figure:
    """Empty axes. ``uirevision`` keeps the reader's zoom while points are added."""
    last = points[-1][0] if points else 1
    every = max(1, math.ceil(last / 10))  # whole epochs only
    return go.Figure(
        layout=go.Layout(
            height=HEIGHT,
            margin={"l": 56, "r": 8, "t": 8, "b": 40},
            uirevision="keep",
            hovermode="x unified",
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 11}},
            xaxis={"title": "epoch", "rangemode": "tozero", "dtick": every, "minallowed": 0},
            yaxis={"title": unit, "range": [0, top] if top else None, "rangemode": "tozero"},
        )
    )
