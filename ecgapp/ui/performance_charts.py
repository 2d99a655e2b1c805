"""Precision-recall curves of every class, with the threshold in force marked on each."""

import plotly.graph_objects as go

from ecgapp.evaluate import precision_recall_points
from ecgapp.models import Evaluation, LabelMetrics, Predictions

# Okabe and Ito's colour-blind-safe palette (2008), yellow and black left out
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f")
DASHES = ("solid", "dash", "dot")
MAX_POINTS = 150


def precision_recall(predictions: Predictions, evaluation: Evaluation, enough: int) -> go.Figure:
    """One line a class; classes with fewer than ``enough`` positives are left out."""
    figure = go.Figure()
    for column, metrics in enumerate(evaluation.per_label):
        if metrics.n_positive < enough:
            continue
        colour = COLOURS[column % len(COLOURS)]
        figure.add_trace(_curve(predictions, column, metrics, colour))
        figure.add_trace(_point(metrics, colour))
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
        line={"color": colour, "width": 2, "dash": DASHES[column // len(COLOURS) % len(DASHES)]},
        name=f"{metrics.label} (n = {metrics.n_positive})",
        hovertemplate="recall %{x:.2f}, precision %{y:.2f}, threshold %{customdata:.2f}",
    )


def _point(metrics: LabelMetrics, colour: str) -> go.Scatter:
    known = metrics.recall is not None and metrics.precision is not None
    return go.Scatter(
        x=[metrics.recall.value] if known and metrics.recall else [],
        y=[metrics.precision.value] if known and metrics.precision else [],
        mode="markers",
        marker={"color": colour, "size": 11, "line": {"color": "white", "width": 1.5}},
        name=f"{metrics.label} at {metrics.threshold:.2f}",
        showlegend=False,
        hovertemplate=f"{metrics.label} at threshold {metrics.threshold:.2f}",
    )
