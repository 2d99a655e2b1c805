"""Precision-recall curves of every class, and what the page's other charts share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ecgapp.evaluate import PrecisionRecallCurve, precision_recall_points
from ecgapp.models import Evaluation, LabelMetrics, Predictions

# Okabe and Ito's colour-blind-safe palette (2008), yellow and black left out
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
BLUE, ORANGE, GREY = COLOURS[0], COLOURS[1], COLOURS[6]
AXIS: dict[str, Any] = {"zeroline": False, "constrain": "domain"}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SYMBOLS = tuple("circle square diamond cross x triangle-up star triangle-down pentagon hexagram".split())
MAX_POINTS = 150
RECALLS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def precision_recall(predictions: Predictions, evaluation: Evaluation, enough: int) -> go.Figure:
    """One line a class; classes with fewer than ``enough`` positives are left out."""
    figure = go.Figure()
    for column, metrics in enumerate(evaluation.per_label):
        if metrics.n_positive < enough:
            continue
        colour = COLOURS[column % len(COLOURS)]
        figure.add_trace(_curve(predictions, column, metrics, colour))
        figure.add_trace(_point(metrics, colour, SYMBOLS[column % len(SYMBOLS)]))
    figure.update_layout(
        height=420,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={"title": "recall", "range": [0, 1.02], "constrain": "domain"},
        yaxis={"title": "precision", "range": [0, 1.02]},
        legend={"x": 1.02, "y": 1},
    )
    return figure


def _curve(predictions: Predictions, column: int, metrics: LabelMetrics, colour: str) -> go.Scatter:
    curve = precision_recall_points(
        predictions.probabilities[:, column], predictions.targets[:, column], MAX_POINTS
    )
    return go.Scatter(
        x=curve.recall.astype("float32"),
        y=curve.precision.astype("float32"),
        customdata=curve.thresholds.astype("float32"),
        mode="lines",
        line={"color": colour, "width": 2, "dash": DASHES[column % len(DASHES)]},
        name=f"{metrics.label} (n = {metrics.n_positive})",
        hovertemplate="recall %{x:.2f}, precision %{y:.2f}, threshold %{customdata:.2f}",
    )


def _point(metrics: LabelMetrics, colour: str, symbol: str) -> go.Scatter:
    known = metrics.recall is not None and metrics.precision is not None
    return go.Scatter(
        x=[metrics.recall.value] if known and metrics.recall else [],
        y=[metrics.precision.value] if known and metrics.precision else [],
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 11, "line": {"color": "white", "width": 1.5}},
        name=f"{metrics.label} at {metrics.threshold:.2f}",
        showlegend=False,
        hovertemplate=f"{metrics.label} at threshold {metrics.threshold:.2f}",
    )


def precision_recall_table(predictions: Predictions, evaluation: Evaluation, enough: int) -> pd.DataFrame:
    """The curves in numbers: each class's best precision at a recall, and the threshold that gives it."""
    table: dict[str, object] = {"Recall at least": [f"{recall:g}" for recall in RECALLS]}
    for column, metrics in enumerate(evaluation.per_label):
        if metrics.n_positive >= enough:
            curve = precision_recall_points(
                predictions.probabilities[:, column], predictions.targets[:, column], MAX_POINTS
            )
            table[metrics.label] = [_best_at(curve, recall) for recall in RECALLS]
    return pd.DataFrame(table)


def _best_at(curve: PrecisionRecallCurve, recall: float) -> str:
    reached = np.flatnonzero(curve.recall >= recall - 1e-9)
    if not len(reached):
        return "-"
    best = reached[np.argmax(curve.precision[reached])]
    return f"{curve.precision[best]:.2f} at {curve.thresholds[best]:.2f}"


def plain_layout(height: int) -> dict[str, Any]:
    """Height in px, and little margin; the legend stands above the chart."""
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {"height": height, "margin": {"l": 4, "r": 4, "t": 8, "b": 4}, "legend": legend}


def band(
    x: Sequence[float], low: Sequence[float | None], high: Sequence[float | None], colour: str
) -> go.Scatter:
    """The area between ``low`` and ``high``, faint in ``colour``; where there is no interval, none."""
    known = [(at, a, b) for at, a, b in zip(x, low, high, strict=True) if a is not None and b is not None]
    there = [at for at, _, _ in known]
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return go.Scatter(
        x=[*there, *reversed(there)],
        y=[*(b for _, _, b in known), *reversed([a for _, a, _ in known])],
        fill="toself",
        fillcolor=f"rgba({red},{green},{blue},0.18)",
        mode="none",
        showlegend=False,
        hoverinfo="skip",
    )


def in_force(figure: go.Figure, threshold: float) -> None:
    """A dotted line where the threshold in force stands."""
    words = f"threshold {threshold:.2f}"
    figure.add_vline(threshold, line={"color": GREY, "dash": "dot"}, annotation_text=words)
