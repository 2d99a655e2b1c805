"""A gate on the performance page: its question, its ROC curves, and how many of each kind it stops."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.models import GateMetrics, KindFigures, ModelCard
from ecgapp.models.card_words import in_percent, with_interval
from ecgapp.ui.performance.charts import COLOURS, DASHES
from ecgapp.ui.tracing.paper_frame import PLAIN

MARGIN = {"l": 60, "r": 4, "t": 8, "b": 48}
MOST_GOOD = 0.25  # where the chart ends: no gate that refuses more of the good ones would be used
QUESTIONS = {  # by whether a gate asks if a record is readable at all
    True: "Question 1: is this a readable ECG at all? A record that is not is refused: nobody could read it. "
    "Dangerous rhythms are among the good records.",
    False: "Question 2: is this ECG similar to the training data of the models? A readable record that is "
    "not keeps its heart rate, intervals, rules and critical findings; its labels are withheld.",
}
OUTCOMES = {True: "refused", False: "labels withheld"}  # of a record that the gate stops, likewise
HEADINGS = {  # a table for each role, in this order
    "good": "Good records: few should have the outcome '{outcome}'",
    "class": "Good records with one label: none should have '{outcome}' more often than others",
    "bad": "Records that should have the outcome '{outcome}'",
    "graded": "In between: not used for fitting",
}


def gate_panel(card: ModelCard) -> None:
    """Curves with their table, then a table for each role."""
    metrics = card.gate
    if metrics is None:
        st.warning("This gate was not validated.")
        return
    line, outcome = card.thresholds[0], OUTCOMES[card.asks_if_readable]
    st.markdown(f"**{QUESTIONS[card.asks_if_readable]}**")
    st.markdown(
        f"{metrics.dataset}. AUROC {with_interval(metrics.auroc, 3)}; {outcome}: "
        f"{in_percent(metrics.false_refusals)} of {metrics.n:,} good records, at the threshold {line:.2f}, "
        "which was chosen on other records. In brackets: 95 % intervals, bootstrap (AUROC) and Wilson's "
        "(shares)."
    )
    st.plotly_chart(roc(metrics, line, outcome), config=PLAIN, key="roc", alt="ROC curves of the gate")
    st.dataframe(curves(metrics, outcome), hide_index=True)
    for role, heading in HEADINGS.items():
        rows = [kind for kind in metrics.kinds if kind.role == role]
        if rows:
            st.markdown(f"**{heading.format(outcome=outcome)}**")
            st.dataframe(kinds(rows, outcome), hide_index=True, height="content")


def roc(metrics: GateMetrics, threshold: float, outcome: str) -> go.Figure:
    """A line a curve, its dot where the threshold in force puts it."""
    figure = go.Figure()
    for number, curve in enumerate(metrics.curves):
        colour = COLOURS[number % len(COLOURS)]
        lines, good, bad = zip(*curve.points, strict=True)
        figure.add_scatter(
            x=[0.0, *good],
            y=[0.0, *bad],
            customdata=[1.0, *lines],
            name=f"{curve.name} (n = {curve.n_bad})",
            line={"color": colour, "width": 2, "dash": DASHES[number % len(DASHES)]},
            hovertemplate=outcome + ": good ones %{x:.3f}, others %{y:.3f}, threshold %{customdata:.2f}",
        )
        at, refused = _at(curve.points, threshold)
        figure.add_scatter(
            x=[at],
            y=[refused],
            mode="markers",
            showlegend=False,
            marker={"color": colour, "size": 11, "line": {"color": "white", "width": 1.5}},
            hovertemplate=f"{curve.name} at threshold {threshold:.2f}",
        )
    figure.update_layout(
        height=420,
        margin=MARGIN,
        xaxis={
            "title": f"{outcome}: share of good records, up to {MOST_GOOD:g}",
            "range": [-0.005, MOST_GOOD],
        },
        yaxis={"title": f"{outcome}: share of the others", "range": [0, 1.02]},
        legend={"x": 1.02, "y": 1},
    )
    return figure


def _at(points: tuple[tuple[float, float, float], ...], threshold: float) -> tuple[float, float]:
    """The shares of good and other records at the curve's lowest point that is not below ``threshold``."""
    above = [point for point in points if point[0] >= threshold]
    return above[-1][1:] if above else (0.0, 0.0)


def curves(metrics: GateMetrics, outcome: str) -> pd.DataFrame:
    """The chart as a table: each curve's area, and what it refuses at some rates of good records."""
    rows = []
    for curve in metrics.curves:
        row: dict[str, object] = {
            "Against good records": curve.name,
            "n": f"{curve.n_bad} and {curve.n_good} good",
            "AUROC": with_interval(curve.auroc, 3),
        }
        for allowed in (0.01, 0.05, 0.10):
            reached = [bad for _, good, bad in curve.points if good <= allowed]
            row[f"{outcome.capitalize()} with {allowed:.0%} of good"] = f"{max(reached, default=0.0):.1%}"
        rows.append(row)
    return pd.DataFrame(rows)


def kinds(rows: list[KindFigures], outcome: str) -> pd.DataFrame:
    """One row a kind; columns that no row of the role fills are left out."""
    table = pd.DataFrame(
        [
            {
                "Kind": row.kind,
                "n": f"{row.n:,}",
                outcome.capitalize(): f"{row.refused:,}",
                "Share (95 %)": in_percent(row.share),
                "AUROC against good": with_interval(row.auroc, 3),
                f"{outcome.capitalize()} by a gate fitted without this kind": in_percent(row.without),
            }
            for row in rows
        ]
    )
    return table.loc[:, (table != "-").any()]
