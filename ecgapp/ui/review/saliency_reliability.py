"""The reliability card of a map: its grade in a word, its checks in a table, and what they rest on."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.analysis import ExaminedMaps
from ecgapp.explain import FRACTIONS, Deletion, Examination, Grade, MapReliability, ReliabilityCheck
from ecgapp.ui.review.relevance_charts import small_layout
from ecgapp.ui.tracing.paper_frame import PLAIN
from ecgapp.ui.tracing.saliency_overlay import FOR, METHOD_NAMES

WORDS = {  # colour never alone
    Grade.GREEN: "✔\N{NO-BREAK SPACE}green",
    Grade.AMBER: "▲\N{NO-BREAK SPACE}amber",
    Grade.RED: "✖\N{NO-BREAK SPACE}red",
}
BADGES = {Grade.GREEN: "green", Grade.AMBER: "orange", Grade.RED: "red"}
MEANING = {
    Grade.GREEN: "all checks passed: the map reflects what the network used (which may be clinically wrong)",
    Grade.AMBER: "read it with caution",
    Grade.RED: "unreliable: do not use this map",
}
PERCENT = [100 * fraction for fraction in FRACTIONS]
BAND = "rgba(120,120,120,0.25)"


def headline(card: MapReliability) -> str:
    """One line of Markdown: the grade, and which checks decided it."""
    badge = f":{BADGES[card.grade]}-badge[{WORDS[card.grade]}]"
    below = [check.name.lower() for check in card.checks if check.grade == card.grade]
    why = "" if card.grade is Grade.GREEN else f" ({', '.join(below)})"
    return f"Reliability of this map: {badge} {MEANING[card.grade]}{why}."


def card_view(examined: ExaminedMaps, method: str) -> None:
    """The checks of one method's map, its deletion curve, and how far the methods agree."""
    card = examined.examination.reliability[method]
    st.markdown(f"**Reliability card, {METHOD_NAMES[method]}**")
    st.table(check_table(card).set_index("Check"))
    left, right = st.columns(2)
    with left:
        st.plotly_chart(
            deletion_chart(card.deletion), theme=None, config=PLAIN, key="deletion",
            alt="The logit as the signal is replaced, in the map's order and in random orders",
        )  # fmt: skip
        with st.expander("Deletion curve as a table"):
            st.dataframe(deletion_table(card.deletion), hide_index=True, key="deletion_table")
    with right:
        st.markdown("Agreement of the methods (Spearman's rank correlation over cells of one lead and 0.2 s)")
        st.table(agreement_table(examined.examination))
    st.caption(
        "A map is as good as its worst check. Deletion replaces the cells that the map ranks first by the "
        "baseline. Agreement between methods does not prove that they are right."
    )


def check_table(card: MapReliability) -> pd.DataFrame:
    """One row a check: its figure, grade, limits and meaning."""
    return pd.DataFrame([_row(check) for check in card.checks])


def _row(check: ReliabilityCheck) -> dict[str, str]:
    return {
        "Check": check.name,
        "Figure": "–" if check.value is None else f"{check.value:.2f}",
        "Result": "does not apply" if check.grade is None else WORDS[check.grade],
        "Limits": "–" if check.limit is None else check.limit.words,
        "What it says": check.words,
    }


def agreement_table(examination: Examination) -> pd.DataFrame:
    """Rank correlations of the methods' maps, and each map's grade."""
    names = [METHOD_NAMES[method] for method in examination.reliability]
    figures = [[f"{value:.2f}" for value in row] for row in examination.agreement]
    table = pd.DataFrame(figures, index=names, columns=names)
    table.insert(0, "Grade", [WORDS[card.grade] for card in examination.reliability.values()])
    return table


def deletion_table(deletion: Deletion) -> pd.DataFrame:
    """The logit at each fraction: in the map's order, and the range of the random orders."""
    low, high = np.quantile(deletion.random, [0.025, 0.975], axis=0)
    return pd.DataFrame(
        {
            "Signal replaced, %": PERCENT,
            "Logit, map's order": np.round(deletion.curve, 2),
            "Random, mean": np.round(deletion.random.mean(0), 2),
            "Random, 95 %": [f"{a:.2f} to {b:.2f}" for a, b in zip(low, high, strict=True)],
        }
    )


def deletion_chart(deletion: Deletion) -> go.Figure:
    """The logit as more of the signal is replaced: the map's order against the random ones."""
    low, high = np.quantile(deletion.random, [0.025, 0.975], axis=0)
    figure = go.Figure(layout=small_layout(280))
    figure.add_trace(
        go.Scatter(x=[*PERCENT, *PERCENT[::-1]], y=[*high, *low[::-1]], fill="toself", mode="none",
                   fillcolor=BAND, name=f"95 % of {len(deletion.random)} random orders", hoverinfo="skip")
    )  # fmt: skip
    grey = {"color": "#6b6b6b", "dash": "dash"}
    figure.add_trace(go.Scatter(x=PERCENT, y=deletion.random.mean(0), line=grey, name="random, mean"))
    own = {"color": f"rgb({FOR})", "width": 2}
    figure.add_trace(
        go.Scatter(x=PERCENT, y=deletion.curve, line=own, mode="lines+markers", name="map's order")
    )
    figure.update_layout(
        xaxis={"title": "signal replaced, % of all cells", "range": [0, 100]},
        yaxis={"title": "logit"},
    )
    return figure
