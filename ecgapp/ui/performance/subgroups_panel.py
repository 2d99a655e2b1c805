"""A model's figures on each data set: it may do worse on one hospital's ECGs than on another's."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.evaluate import Subgroup, by_origin
from ecgapp.models import ENOUGH_POSITIVES, LabelMetrics
from ecgapp.models.card_words import with_interval
from ecgapp.ui.performance.charts import AXIS, COLOURS, SYMBOLS, plain_layout
from ecgapp.ui.performance.selection import Selection, where_from
from ecgapp.ui.tracing.paper_frame import PLAIN

DRAWS = 300
BESIDE = 0.16  # of the way from one class to the next lie two data sets apart
NOT_KEPT = (
    "The predictions of this model do not say which records they are of: an earlier version of the app kept "
    "none. Train the model again to see it by data set, and where it is wrong."
)


def subgroups_panel(selection: Selection) -> None:
    """A line for each data set and source, and AUROC by class."""
    if selection.predictions.names is None:
        st.info(NOT_KEPT)
        return
    parts = _parts(selection.card.digest, selection.thresholds, selection)
    st.dataframe(parts_table(parts), hide_index=True, height="content", key="subgroups")
    judged = [part for part in parts if part.evaluation is not None]
    if judged:
        st.markdown("**AUROC of each class by data set**")
        alt = "AUROC of each class in each data set, with intervals"
        st.plotly_chart(chart(judged), config=PLAIN, key="subgroup_chart", alt=alt)
        with st.expander("AUROC by class as a table"):
            st.dataframe(
                class_table(judged, selection), hide_index=True, height="content", key="subgroup_classes"
            )
    st.caption(
        f"Of each data set, classes with at least {ENOUGH_POSITIVES} positives in it; otherwise n is "
        "the largest number of positives of any class. Means of two data sets may run over "
        "different classes. In brackets: 95 % "
        f"bootstrap intervals ({DRAWS} draws). Age, sex and recorder are not in these data, so that figures "
        f"by them cannot be given. {where_from(selection)}"
    )


@st.cache_data(max_entries=64, show_spinner=False)
def _parts(digest: str, thresholds: tuple[float, ...], _tried: Selection) -> tuple[Subgroup, ...]:
    """``digest`` and ``thresholds`` key the cache: predictions hold no patient's ECG."""
    return by_origin(_tried.task, _tried.predictions, thresholds, DRAWS)


def parts_table(parts: tuple[Subgroup, ...]) -> pd.DataFrame:
    """A line for each part, with the means over the classes that it can be judged by."""
    return pd.DataFrame([_line(part) for part in parts])


def _line(part: Subgroup) -> dict[str, object]:
    line: dict[str, object] = {"Data set": part.name, "Records": part.n}
    if (evaluation := part.evaluation) is None:
        few = f"insufficient (n = {max(part.n_positive)})"  # of the class that has most
        return line | {"Macro AUROC": few, "Macro F1": "-", "Classes": "-"}
    return line | {
        "Macro AUROC": with_interval(evaluation.macro_auroc),
        "Macro F1": with_interval(evaluation.macro_f1),
        "Classes": ", ".join(row.label for row in evaluation.per_label),
    }


def chart(parts: list[Subgroup]) -> go.Figure:
    """A point for each class and data set; symbols tell the data sets apart without colour."""
    figure = go.Figure()
    labels = list(dict.fromkeys(row.label for part in parts for row in _rows(part)))
    for place, part in enumerate(parts):
        rows = [row for row in _rows(part) if row.auroc is not None]
        figures = [row.auroc for row in rows if row.auroc is not None]
        colour = COLOURS[place % len(COLOURS)]
        figure.add_trace(
            go.Scatter(
                x=[labels.index(row.label) + BESIDE * (place - (len(parts) - 1) / 2) for row in rows],
                y=[value.value for value in figures],
                error_y={
                    "array": [value.high - value.value for value in figures],
                    "arrayminus": [value.value - value.low for value in figures],
                    "color": colour,
                },
                mode="markers",
                marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 10, "color": colour},
                name=as_plain(part.name),
                customdata=[f"{row.n_positive} of {row.n}" for row in rows],
                hovertemplate="AUROC %{y:.3f}, n = %{customdata}",
            )
        )
    ticks = {"tickvals": list(range(len(labels))), "ticktext": labels, "showgrid": False, "zeroline": False}
    figure.update_layout(**plain_layout(380), xaxis=ticks, yaxis={**AXIS, "title": "AUROC"})
    return figure


def as_plain(name: str) -> str:
    """A data set's name as a chart shows it: plotly reads a few tags."""
    return name.replace("<", "‹").replace(">", "›")


def _rows(part: Subgroup) -> tuple[LabelMetrics, ...]:
    return part.evaluation.per_label if part.evaluation else ()


def class_table(parts: list[Subgroup], selection: Selection) -> pd.DataFrame:
    """AUROC with its interval and n, a line for each class, a column for each data set."""
    by_part = {part.name: {row.label: row for row in _rows(part)} for part in parts}
    lines = []
    for place, label in enumerate(selection.task.label_names):
        line = {"Class": label}
        for part in parts:
            row, n = by_part[part.name].get(label), part.n_positive[place]
            line[part.name] = f"{with_interval(row.auroc)}, n = {n}" if row else f"n = {n}"
        lines.append(line)
    return pd.DataFrame(lines)
