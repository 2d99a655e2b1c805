"""The meaning of a threshold in patients: alerts, right alerts and missed patients of 100."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.evaluate import Alerts, alerts_by_threshold, share_of
from ecgapp.models import Interval
from ecgapp.models.card_words import insufficient, with_interval
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.performance.charts import AXIS, BLUE, ORANGE, band, in_force, plain_layout
from ecgapp.ui.performance.selection import Column, Selection, choose_class, where_from
from ecgapp.ui.tracing.paper_frame import PLAIN

GRID = np.linspace(0.0, 1.0, 101)
EVERY = 5  # of the grid's lines stand in the table
DRAWS = 300


@st.fragment
def alerts_panel(selection: Selection) -> None:
    """The sentence at the threshold in force, and how it moves with the threshold."""
    left, right = st.columns([2, 1])
    label = choose_class(selection, left)
    metrics = selection.metrics(label)
    if (reason := insufficient(metrics)) is not None:
        st.info(f"**{in_full(label)}**: {reason}, too few to say what a threshold means in patients.")
        return
    probabilities, targets = selection.answers(label)
    own = 100 * share_of(targets)
    percent = right.number_input(
        "How many of 100 patients have it?", 0.1, 99.9, min(max(round(own, 1), 0.1), 99.9), 0.5, "%.1f",
        key=f"prevalence_{selection.card.digest}_{label}", help=f"In the validation records: {own:.1f} %.",
    )  # fmt: skip
    line = selection.thresholds[selection.place(label)]
    key = (selection.card.digest, label, percent / 100)
    (here,) = _counted(*key, (line,), probabilities, targets)
    st.markdown(in_words(here, label, percent))
    curve = _counted(*key, tuple(GRID.tolist()), probabilities, targets)
    alt = f"Alerts per 100 patients and sensitivity for {label}, against the threshold"
    st.plotly_chart(alerts_chart(curve, here), config=PLAIN, key="alerts_chart", alt=alt)
    st.caption(
        f"{metrics.n_positive} of {metrics.n:,} records have it. Bands and brackets: 95 % bootstrap "
        f"intervals over records ({DRAWS} draws); the prevalence is assumed exact, and patients who "
        f"have it are taken to be as easy or as hard to find as these. {where_from(selection)}"
    )
    with st.expander("The curves as a table"):
        st.dataframe(alerts_table(curve[::EVERY]), hide_index=True, height="content", key="alerts_table")


@st.cache_data(max_entries=256, show_spinner=False)
def _counted(
    digest: str,
    label: str,
    prevalence: float,
    thresholds: tuple[float, ...],
    _probabilities: Column,
    _targets: Column,
) -> tuple[Alerts, ...]:
    """``digest`` and ``label`` key the cache: predictions hold no patient's ECG."""
    return alerts_by_threshold(_probabilities, _targets, np.array(thresholds), prevalence, n_bootstrap=DRAWS)


def in_words(alerts: Alerts, label: str, percent: float) -> str:
    """A sentence on what the threshold means in a hundred patients."""
    return (
        f"**At threshold {alerts.threshold:.2f}, of 100 patients of whom {percent:g} have "
        f"{in_full(label)}:** about **{patients(alerts.alerts)}** are flagged (alerts), "
        f"**{patients(alerts.right)}** of them rightly; **{patients(alerts.missed)}** who have it are missed."
    )


def patients(figure: Interval | None) -> str:
    """``12 (10-14)``, with a decimal where there are fewer than ten."""
    if figure is None:
        return "-"
    return with_interval(figure, 0 if figure.value >= 9.95 else 1)


def alerts_chart(curve: tuple[Alerts, ...], here: Alerts) -> go.Figure:
    """The chart of alerts and sensitivity; both run from 0 to 100, and line styles distinguish them."""
    lines = [alerts.threshold for alerts in curve]
    figure = go.Figure()
    series = (
        ("alerts per 100 patients", BLUE, "solid", [alerts.alerts for alerts in curve], 1.0),
        ("sensitivity, %", ORANGE, "dash", [alerts.sensitivity for alerts in curve], 100.0),
    )
    for name, colour, dash, figures, factor in series:
        values = [figure_.value * factor if figure_ else None for figure_ in figures]
        low = [figure_.low * factor if figure_ else None for figure_ in figures]
        high = [figure_.high * factor if figure_ else None for figure_ in figures]
        figure.add_trace(band(lines, low, high, colour))
        figure.add_trace(
            go.Scatter(x=lines, y=values, mode="lines", name=name, line={"color": colour, "dash": dash},
                       hovertemplate="threshold %{x:.2f}: %{y:.1f}")
        )  # fmt: skip
    in_force(figure, here.threshold)
    figure.update_layout(
        **plain_layout(340),
        xaxis={**AXIS, "title": "threshold", "range": [0, 1]},
        yaxis={**AXIS, "title": "of 100", "range": [0, 102]},
    )
    return figure


def alerts_table(curve: tuple[Alerts, ...]) -> pd.DataFrame:
    """The curve of alerts in numbers."""
    return pd.DataFrame(
        [
            {
                "Threshold": f"{alerts.threshold:.2f}",
                "Alerts per 100": patients(alerts.alerts),
                "Rightly": patients(alerts.right),
                "Missed": patients(alerts.missed),
                "Sensitivity, %": patients(_percent(alerts.sensitivity)),
            }
            for alerts in curve
        ]
    )


def _percent(figure: Interval | None) -> Interval | None:
    if figure is None:
        return None
    return Interval(100 * figure.value, 100 * figure.low, 100 * figure.high)
