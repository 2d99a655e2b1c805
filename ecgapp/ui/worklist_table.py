"""The worklist as a table for the eye: one row an ECG."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from ecgapp.worklist import LEVELS, Item, level, uncertainty, urgency

FIGURES = ("Urgency", "Uncertainty", "Heart rate")
Status = Callable[[Item], str]

COLUMNS = {
    "No.": st.column_config.NumberColumn(width=50),
    "File": st.column_config.TextColumn(width=130),
    "State": st.column_config.TextColumn(width=85),
    "Above threshold, or why not": st.column_config.TextColumn(width=290),
    "Level": st.column_config.TextColumn(width=115),
    "Urgency": st.column_config.NumberColumn(format="%.2f", width=70),
    "Uncertainty": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0, width=100),
    "Heart rate": st.column_config.NumberColumn(format="%.0f", width=80),
    "Quality": st.column_config.TextColumn(width=150),
    "Review": st.column_config.TextColumn(width=100),
    "Opened": st.column_config.TextColumn(width=65),
}


def table(
    items: Sequence[Item], names: Mapping[int, str], status: Status, *, hidden: bool = False
) -> pd.DataFrame:
    """A row an item. ``hidden`` leaves out all that a model said, for who reads first."""
    rows = pd.DataFrame([_row(item, names, status, hidden) for item in items])
    figures = [column for column in FIGURES if column in rows]
    return rows.astype(dict.fromkeys(figures, "float64"))


def _row(item: Item, names: Mapping[int, str], status: Status, hidden: bool) -> dict[str, object]:
    file = {"File": names.get(item.number, "")} if names else {}
    said = {"Remark": item.outcome.sentence} if hidden else _said(item)
    return {
        "No.": item.number,
        **file,
        "State": item.state,
        **said,
        "Heart rate": item.outcome.heart_rate,
        "Quality": item.outcome.quality,
        "Review": status(item),
        "Opened": "" if item.opened is None else "opened",
    }


def _said(item: Item) -> dict[str, object]:
    """What the classifier made of it."""
    at = level(item)
    above = "; ".join(f"{score.label} {score.probability:.2f}" for score in item.above)
    none = "none" if item.outcome.scores else ""
    return {
        "Above threshold, or why not": item.outcome.sentence or above or none,
        "Level": "" if at is None else LEVELS[at],
        "Urgency": urgency(item),
        "Uncertainty": uncertainty(item),
    }
