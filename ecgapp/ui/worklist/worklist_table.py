"""The worklist as a table for the eye: one row an ECG."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from ecgapp.analysis import Severity, beside_critical
from ecgapp.worklist import LEVELS, Item, level, uncertainty, urgency

Status = Callable[[Item], str]

COLUMNS = {
    "No.": st.column_config.NumberColumn(width=45),
    "File": st.column_config.TextColumn(width=80),
    "Urgency": st.column_config.TextColumn(width=115),
    "Read now": st.column_config.TextColumn(width=275, help="Critical findings, the most dangerous first"),
    "Judgement": st.column_config.TextColumn(width=245),
    "Remark": st.column_config.TextColumn(width=290),
    "Rate": st.column_config.TextColumn(width=50, help="Heart rate, beats per minute"),
    "State": st.column_config.TextColumn(width=75),
    "Uncertainty": st.column_config.ProgressColumn(format="%.2f", min_value=0.0, max_value=1.0, width=90),
    "Quality": st.column_config.TextColumn(width=120),
    "Review": st.column_config.TextColumn(width=75),
    "Opened": st.column_config.TextColumn(width=65),
}
NOT_INTERPRETABLE = "signal not interpretable: check the patient"


def table(
    items: Sequence[Item], names: Mapping[int, str], status: Status, *, hidden: bool = False
) -> pd.DataFrame:
    """A row an item. ``hidden`` leaves out what a classifier said, for those who read first."""
    return pd.DataFrame([_row(item, names, status, hidden) for item in items])


def _row(item: Item, names: Mapping[int, str], status: Status, hidden: bool) -> dict[str, object]:
    file = {"File": names.get(item.number, "")} if names else {}
    rate = item.outcome.heart_rate
    outcome = {"Remark": item.outcome.sentence} if hidden else _said(item)
    cells = {
        "No.": item.number,
        **file,
        "State": item.state,
        "Read now": read_now(item),
        **outcome,
        "Rate": "" if rate is None else f"{rate:.0f}",
        "Quality": item.outcome.quality,
        "Review": status(item),
        "Opened": "" if item.opened is None else "opened",
    }
    return {column: cells[column] for column in COLUMNS if column in cells}


def files_table(items: Sequence[Item], names: Mapping[int, str]) -> pd.DataFrame:
    """A row for each file from which no ECG could be read, and why."""
    return pd.DataFrame(
        [
            {
                "No.": item.number,
                **({"File": names.get(item.number, "")} if names else {}),
                "Why": item.outcome.sentence,
            }
            for item in items
        ]
    )


def reason(item: Item) -> str:
    """The reasons of an item's level beside its critical findings, or why it could not be scored."""
    rest = [line.words for line in beside_critical(item.outcome.judged)]
    return " ".join(rest) or item.outcome.sentence


def read_now(item: Item) -> str:
    """The names of its critical findings, or that a refused signal may be a standstill."""
    if item.outcome.critical:
        return "; ".join(finding.name for finding in item.outcome.critical)
    alarmed = any(line.severity is Severity.CRITICAL for line in item.outcome.judged)
    return NOT_INTERPRETABLE if alarmed else ""


def _said(item: Item) -> dict[str, object]:
    """The lines of an item's judgement."""
    at, figure, doubt = level(item), urgency(item), uncertainty(item)
    return {
        "Judgement": reason(item),
        "Urgency": "" if at is None or figure is None else f"{figure:.2f} {LEVELS[at]}",
        "Uncertainty": math.nan if doubt is None else doubt,
    }
