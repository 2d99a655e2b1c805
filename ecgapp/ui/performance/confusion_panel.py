"""The matrix of labels: which labels the model finds in the records that have each of them."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.evaluate import ConfusionMatrix, confusion_matrix
from ecgapp.models import ENOUGH_POSITIVES
from ecgapp.ui.performance.charts import plain_layout
from ecgapp.ui.performance.selection import Selection, where_from
from ecgapp.ui.tracing.paper_frame import PLAIN

NO_LABEL, NOTHING = "none of them", "nothing found"
SCALE = [[0.0, "#f3f7fa"], [1.0, "#0072b2"]]  # one hue, opaque: plotly writes on it in black or white
CELL = 42  # px


def matrix_panel(selection: Selection) -> None:
    """The matrix as a figure with its numbers written in it, and as a table."""
    predictions, labels = selection.predictions, selection.task.label_names
    matrix = confusion_matrix(predictions.probabilities, predictions.targets, selection.thresholds)
    st.markdown("**Rows: what a record has. Columns: what the model found in those records**")
    alt = "Which labels were found in the records of each label, in % and counts"
    st.plotly_chart(heatmap(matrix, labels), config=PLAIN, key="confusion_matrix", alt=alt)
    st.caption(
        "A cell is the share of the row's records in which the column's label was found, and their number. "
        "A record may have several labels: rows may sum to more than 100 %, and what is found beside the "
        f"row's label may be right. Rows of fewer than {ENOUGH_POSITIVES} records show counts alone. "
        f"{where_from(selection)}"
    )
    with st.expander("The matrix as a table", expanded=False):
        st.dataframe(table(matrix, labels), height="content", key="confusion_table")
        st.caption("“wrongly”: the record is known not to have what was found.")


def heatmap(matrix: ConfusionMatrix, labels: tuple[str, ...]) -> go.Figure:
    """Darker is more; rows too small for a percentage have no colour."""
    shares, texts = [], []
    for row, n in enumerate(matrix.n.tolist()):
        counts = matrix.predicted[row].tolist()
        enough = n >= ENOUGH_POSITIVES
        shares.append([100 * count / n if enough else None for count in counts])
        texts.append([_cell(count, n, enough=enough) for count in counts])
    names = [f"{name}, n = {n:,}" for name, n in zip((*labels, NO_LABEL), matrix.n.tolist(), strict=True)]
    figure = go.Figure(
        go.Heatmap(
            x=[*labels, NOTHING],
            y=names,
            z=[[0.0 if share is None else share for share in row] for row in shares],
            text=texts,
            texttemplate="%{text}",
            textfont={"size": 11},
            zmin=0,
            zmax=100,
            colorscale=SCALE,
            colorbar={"title": "% of row", "thickness": 10},
            xgap=1,
            ygap=1,
            hovertemplate="%{y}<br>%{x}: %{text}<extra></extra>",
        )
    )
    figure.update_layout(
        **plain_layout(len(names) * CELL + 60),
        xaxis={"side": "top", "title": "found", "showgrid": False},
        yaxis={"autorange": "reversed", "title": "has", "showgrid": False},
    )
    return figure


def _cell(count: int, n: int, *, enough: bool) -> str:
    if count == 0:
        return "0"
    return f"{100 * count / n:.0f} %<br>{count}" if enough else f"{count} of {n}"


def table(matrix: ConfusionMatrix, labels: tuple[str, ...]) -> pd.DataFrame:
    """A row for each label that records have, a column for each that was found."""
    rows = []
    for row, (name, n) in enumerate(zip((*labels, NO_LABEL), matrix.n.tolist(), strict=True)):
        cells = zip(matrix.predicted[row].tolist(), matrix.wrong[row].tolist(), strict=True)
        words = [f"{count}, {wrong} wrongly" if wrong else f"{count}" for count, wrong in cells]
        rows.append({"Has": name, "Records": n} | dict(zip((*labels, NOTHING), words, strict=True)))
    return pd.DataFrame(rows).set_index("Has")
