"""A map over the beats and by wave: two small charts, and the tables behind every chart of the map."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ecgapp.analysis import Explanation
from ecgapp.analysis.beat_relevance import WAVES, BeatRelevance, WaveShare
from ecgapp.explain import GRAD_CAM
from ecgapp.ui.tracing.paper_layout import WHITE
from ecgapp.ui.tracing.saliency_overlay import FOR

HEIGHT = 300  # px
GREY = "#9a9a9a"
TIMES_IN_TABLE = 0.05  # s


def beat_chart(relevance: BeatRelevance, explanation: Explanation) -> go.Figure:
    """Mean relevance over the beats with its spread, above it the median beat of the strongest lead."""
    figure = go.Figure(layout=small_layout().update(hovermode="x"))
    low, high = relevance.mean - relevance.spread, relevance.mean + relevance.spread
    outline = np.concatenate([relevance.times, relevance.times[::-1]])
    figure.add_trace(
        go.Scatter(x=outline, y=np.concatenate([high, low[::-1]]), fill="toself", mode="none",
                   fillcolor=f"rgba({FOR},0.2)", name="± 1 SD over beats", hoverinfo="skip")
    )  # fmt: skip
    mean = {"color": f"rgb({FOR})", "width": 2}
    figure.add_trace(go.Scatter(x=relevance.times, y=relevance.mean, line=mean, name="mean relevance"))
    ink = {"color": "#101010", "width": 1.3}
    figure.add_trace(
        go.Scatter(x=relevance.times, y=relevance.beat, line=ink, yaxis="y2", hoverinfo="skip",
                   name=f"median beat, {_lead(relevance, explanation)}")
    )  # fmt: skip
    figure.update_layout(
        xaxis={"title": "seconds from R", "dtick": 0.1, "zeroline": True, "zerolinecolor": GREY},
        yaxis={"title": f"{_unit(explanation)} in 20 ms", "domain": [0, 0.55], "zerolinecolor": GREY},
        yaxis2={"domain": [0.6, 1], "showticklabels": False, "showgrid": False, "zeroline": False},
    )
    return figure


def wave_chart(shares: tuple[WaveShare, ...]) -> go.Figure:
    """Each wave's share of the absolute relevance beside its share of the time."""
    names = [share.wave for share in shares]
    figure = go.Figure(layout=small_layout().update(hovermode="x"))
    for name, values, style in (
        ("relevance", [100 * share.relevance for share in shares], {"color": f"rgb({FOR})"}),
        ("time", [100 * share.time for share in shares], {"color": "#d9d9d9", "pattern": {"shape": "/"}}),
    ):
        texts = [f"{value:.0f}" for value in values]
        figure.add_trace(
            go.Bar(x=names, y=values, name=f"share of the {name}, %", text=texts, textposition="outside",
                   marker=style, hoverinfo="skip")
        )  # fmt: skip
    highest = max(max(share.relevance, share.time) for share in shares)
    figure.update_layout(barmode="group", yaxis={"range": [0, 120 * highest], "title": "%"})
    return figure


def waves_in_words() -> str:
    """A caption on where the waves are taken to lie."""
    spans = "; ".join(f"{wave} {start:g} to {stop:g} s" for wave, start, stop in WAVES)
    return (
        f"Waves by their usual places about each R peak, not measured in this record: {spans}. In atrial "
        "fibrillation, what is counted for P is what lies where a P wave would."
    )


def lead_table(explanation: Explanation) -> pd.DataFrame:
    """Each lead's share of the absolute relevance, and its sum."""
    sums = explanation.values.sum(axis=1, dtype=np.float64)
    return pd.DataFrame(
        {
            "Lead": list(explanation.leads),
            "Share of relevance, %": np.round(100 * explanation.lead_shares, 1),
            f"Sum, {_unit(explanation)}": np.round(sums, 3),
        }
    )


def wave_table(shares: tuple[WaveShare, ...]) -> pd.DataFrame:
    """Each wave's span about R and both its shares."""
    return pd.DataFrame(
        [
            {
                "Wave": share.wave,
                "From R, s": "-" if share.start is None else f"{share.start:g} to {share.stop:g}",
                "Share of relevance, %": round(100 * share.relevance, 1),
                "Share of time, %": round(100 * share.time, 1),
            }
            for share in shares
        ]
    )


def beat_table(relevance: BeatRelevance) -> pd.DataFrame:
    """Mean and spread every ``TIMES_IN_TABLE`` seconds from R."""
    step = max(1, round(TIMES_IN_TABLE / (relevance.times[1] - relevance.times[0])))
    return pd.DataFrame(
        {
            "From R, s": np.round(relevance.times[::step], 3),
            "Mean relevance": np.round(relevance.mean[::step], 4),
            "Standard deviation": np.round(relevance.spread[::step], 4),
        }
    )


def _lead(relevance: BeatRelevance, explanation: Explanation) -> str:
    return (
        relevance.lead if explanation.attribution.method != GRAD_CAM else f"{relevance.lead} for orientation"
    )


def _unit(explanation: Explanation) -> str:
    return "logits" if explanation.attribution.method != GRAD_CAM else "relevance"


def small_layout(height: int = HEIGHT) -> go.Layout:
    """The layout of a small chart: white, with the legend above it; ``height`` in px."""
    return go.Layout(
        **WHITE,
        height=height,
        margin={"l": 56, "r": 8, "t": 34, "b": 44},
        font={"color": "#101010", "size": 12},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
