"""A ventricular network on the performance page: how it was judged, what it finds, and its false alarms."""

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.evaluate import wilson
from ecgapp.evaluate.detectors.ventricular_decision import CERTAIN, SHORTEST
from ecgapp.models import ModelCard, VentricularConfig, VentricularFigures, VentricularMetrics
from ecgapp.models.card_words import in_percent
from ecgapp.ui.performance.charts import AXIS, BLUE, GREY, ORANGE
from ecgapp.ui.tracing.paper_frame import PLAIN

ROW, FRAME = 24, 90  # px of a kind in the chart, and of its axis and legend
WHAT = (
    "**Does any lead show ventricular tachycardia, flutter or fibrillation?** The network reads one lead of "
    "any name and gives a probability every {frame:.0f} ms; the mean over the leads counts. A record is "
    "called ventricular where it stays above {certain:.0%} for {shortest:g} s or more. Each such run can "
    "become a critical finding; those also have rules on rate, width and size, which are not part of these "
    "figures."
)
JUDGED = (
    "Validation, not a test set: each record or window of 10 s is judged by the one of {members} members "
    "that was trained without its patient. In the app all members answer together, which has not been "
    "measured on patients unknown to all of them. In brackets: Wilson's 95 % intervals."
)
LIMITS = (
    "**Marks by the authors.** The rhythms of cudb and the ventricular runs of mitdb were marked by eye, in "
    "one reading, by the authors of this app, not by cardiologists. Elsewhere the labels of the data sets "
    "count.",
    "**Few patients.** The ventricular rhythms are those of {patients} patients. Several windows come from "
    "the same patient, and the intervals treat each window as if it had its own, so they are too narrow.",
    "**Other recorders, other rhythms.** Recorders and rhythms not listed were not tested.",
    "**An alarm, not a diagnosis.** That a record is not called ventricular does not make it safe.",
)
RHYTHMS, OTHERS, NOISE = (  # the groups of kinds, in the order of the page
    "Ventricular for most of the time: should be called",
    "Other rhythms: should not be called",
    "Signals without cardiac activity: should not be called",
)
MARKS = {RHYTHMS: (BLUE, "circle"), OTHERS: (ORANGE, "diamond"), NOISE: (GREY, "square")}

Group = tuple[VentricularFigures, ...]


def ventricular_panel(card: ModelCard) -> None:
    """The overall figures, a chart and a table for each group of kinds, and the limits."""
    metrics, network = card.ventricular, card.network
    if metrics is None or not isinstance(network, VentricularConfig):
        st.warning("This ventricular network was not validated.")
        return
    frame = 1000 * network.patch / card.preprocessing.sampling_rate
    st.markdown(WHAT.format(frame=frame, certain=CERTAIN, shortest=SHORTEST))
    st.markdown(JUDGED.format(members=network.members))
    st.dataframe(overall(metrics), hide_index=True)
    st.plotly_chart(
        chart(metrics),
        config=PLAIN,
        key="ventricular",
        alt="Share called ventricular by kind, with intervals",
    )
    for heading, kinds in groups(metrics).items():
        st.markdown(f"**{heading}**")
        st.dataframe(table(kinds), hide_index=True, height="content")
    st.markdown("**What these figures cannot tell**")
    limits = "\n".join(f"- {limit}" for limit in LIMITS)
    st.markdown(limits.format(patients=metrics.n_ventricular_patients))
    st.caption(f"Records and windows: {metrics.dataset}. The model card has how the weights were made.")


def groups(metrics: VentricularMetrics) -> dict[str, Group]:
    """The kinds under their headings; headings without a kind are left out."""
    others = metrics.kinds_that_are(False)
    by_heading = {
        RHYTHMS: metrics.kinds_that_are(True),
        OTHERS: tuple(kind for kind in others if kind.n_patients),
        NOISE: tuple(kind for kind in others if not kind.n_patients),
    }
    return {heading: kinds for heading, kinds in by_heading.items() if kinds}


def overall(metrics: VentricularMetrics) -> pd.DataFrame:
    """Sensitivity and false alarms with their counts; false alarms also by what they were raised on."""
    of_group = groups(metrics)
    rows = {
        "Sensitivity": (metrics.sensitivity, metrics.kinds_that_are(True)),
        "False alarms, all": (metrics.false_alarms, metrics.kinds_that_are(False)),
    }
    for words, heading in (
        ("False alarms, other rhythms", OTHERS),
        ("False alarms, no cardiac activity", NOISE),
    ):
        kinds = of_group.get(heading, ())
        rows[words] = (wilson(_called(kinds), _n(kinds)), kinds)
    return pd.DataFrame(
        [
            {
                "Figure": name,
                "Share called ventricular (95 %)": in_percent(share),
                "Called": f"{_called(kinds):,}",
                "n": f"{_n(kinds):,}",
            }
            for name, (share, kinds) in rows.items()
        ]
    )


def _called(kinds: Group) -> int:
    return sum(kind.called for kind in kinds)


def _n(kinds: Group) -> int:
    return sum(kind.n for kind in kinds)


def table(kinds: Group) -> pd.DataFrame:
    """One row a kind; without the column of patients where there are none."""
    rows = [
        {
            "Kind": kind.kind,
            "Patients": f"{kind.n_patients:,}",
            "n": f"{kind.n:,}",
            "Called ventricular": f"{kind.called:,}",
            "Share (95 %)": in_percent(kind.share),
        }
        for kind in kinds
    ]
    frame = pd.DataFrame(rows)
    return frame if any(kind.n_patients for kind in kinds) else frame.drop(columns="Patients")


def chart(metrics: VentricularMetrics) -> go.Figure:
    """A dot with its interval for each kind; the first kind stands at the top."""
    figure = go.Figure()
    drawn = {heading: [kind for kind in kinds if kind.share] for heading, kinds in groups(metrics).items()}
    for heading, kinds in drawn.items():
        figure.add_trace(_dots(heading, kinds, *MARKS[heading]))
    n_rows = sum(len(kinds) for kinds in drawn.values())
    figure.update_layout(
        height=FRAME + ROW * n_rows,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        xaxis={**AXIS, "title": "called ventricular, %", "range": [-2, 102]},
        yaxis={"autorange": "reversed", "automargin": True},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
    )
    return figure


def _dots(heading: str, kinds: Sequence[VentricularFigures], colour: str, symbol: str) -> go.Scatter:
    shares = [kind.share for kind in kinds if kind.share]
    values = [100 * share.value for share in shares]
    return go.Scatter(
        x=values,
        y=[f"{kind.kind} (n = {kind.n:,})" for kind in kinds],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [100 * share.high - value for share, value in zip(shares, values, strict=True)],
            "arrayminus": [value - 100 * share.low for share, value in zip(shares, values, strict=True)],
            "thickness": 1.5,
            "width": 4,
        },
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": 9},
        name=heading,
        hovertemplate="%{y}: %{x:.1f} % called",
    )
