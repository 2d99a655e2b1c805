"""The records that the model is wrong about, worst first; a click opens one with its saliency."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from ecgapp.analysis import missing_stores
from ecgapp.evaluate import Mistake, mistakes
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.performance.error_view import Wrong, error_view
from ecgapp.ui.performance.selection import Selection, choose_class, where_from
from ecgapp.ui.performance.subgroups_panel import NOT_KEPT
from ecgapp.ui.shell import auth, session

COLUMNS = {
    "Probability": st.column_config.ProgressColumn(format="%.3f", min_value=0.0, max_value=1.0),
    "Fold": st.column_config.NumberColumn(format="%d"),
}
HEIGHT = 320  # px; longer lists scroll
SIGN_IN = (
    "The ECGs of imported data sets are opened by administrators only, here as on the Training page. Sign in "
    "on the Data page, then come back: the rows above can then be opened."
)


@st.fragment
def error_browser(selection: Selection) -> None:
    """The list of one class's false positives or false negatives, and the record that is chosen in it."""
    if selection.predictions.names is None:
        st.info(NOT_KEPT)
        return
    left, right = st.columns([2, 2])
    label = choose_class(selection, left)
    kind = _choose_kind(right)
    rows = mistakes(*selection.answers(label), selection.thresholds[selection.place(label)], kind)
    st.markdown(in_words(selection, label, kind, len(rows)))
    if not len(rows):
        return
    chosen = _choose_row(selection, label, kind, rows)
    st.caption(
        f"{len(rows):,} records, the worst first: those furthest from the threshold of "
        f"{selection.thresholds[selection.place(label)]:.3f}. {where_from(selection)}"
    )
    _tell_missing(selection)
    if not auth.is_admin(session.settings()):
        st.info(SIGN_IN)
    elif chosen is None:
        st.info("Click the box at the left of a row to open its tracing.")
    else:
        error_view(selection, Wrong(int(rows[chosen]), label, kind))


def _choose_kind(place: st.delta_generator.DeltaGenerator) -> Mistake:
    chosen = place.segmented_control(
        "Mistake", list(Mistake), default=Mistake.FALSE_POSITIVE, required=True, key="mistake_kind",
        format_func=lambda kind: f"{kind}s",
    )  # fmt: skip
    return Mistake(chosen or Mistake.FALSE_POSITIVE)


def _choose_row(selection: Selection, label: str, kind: Mistake, rows: np.ndarray) -> int | None:
    """The index in ``rows`` of the reader's choice, or None; the list's key changes with what it lists."""
    line = selection.thresholds[selection.place(label)]
    event = st.dataframe(
        table(selection, label, rows),
        hide_index=True,
        column_config=COLUMNS,
        height=HEIGHT if len(rows) > 8 else "content",
        key=f"errors_{selection.card.digest}_{label}_{kind}_{line}",
        on_select="rerun",
        selection_mode="single-row",
    )
    places = event["selection"]["rows"]
    return int(places[0]) if places and places[0] < len(rows) else None


def in_words(selection: Selection, label: str, kind: Mistake, n: int) -> str:
    """A sentence on how many mistakes there are in how many records."""
    metrics = selection.metrics(label)
    if kind == Mistake.FALSE_POSITIVE:
        others = metrics.n - metrics.n_positive
        return f"**{in_full(label)}** was found in **{n:,}** of {others:,} records that do not have it."
    return f"**{in_full(label)}** was missed in **{n:,}** of {metrics.n_positive:,} records that have it."


def table(selection: Selection, label: str, rows: np.ndarray) -> pd.DataFrame:
    """A line for each of ``rows``."""
    names = selection.predictions.names
    if names is None:
        return pd.DataFrame()
    origins = [names.origin(row) for row in rows]
    return pd.DataFrame(
        {
            "Probability": selection.predictions.probabilities[rows, selection.place(label)].astype(float),
            "Data set": [origin.store for origin in origins],
            "Source": [origin.source for origin in origins],
            "Record": [names.ids[row] for row in rows],
            "Fold": selection.predictions.folds[rows],
            "It has": [_listed(selection, selection.predictions.targets[row] == 1) for row in rows],
            "The model found": [_listed(selection, _positive_labels(selection, row)) for row in rows],
        }
    )


def _positive_labels(selection: Selection, row: int) -> np.ndarray:
    return np.asarray(
        selection.predictions.probabilities[row].astype(np.float64) >= np.array(selection.thresholds)
    )


def _listed(selection: Selection, which: Sequence[bool] | np.ndarray) -> str:
    chosen = [name for name, there in zip(selection.task.label_names, which, strict=True) if there]
    return ", ".join(chosen) or "none"


def _tell_missing(selection: Selection) -> None:
    """Name the data sets that must be imported before their rows can be opened."""
    missing = missing_stores(selection.predictions, session.settings())
    if missing:
        named = ", ".join(f"**{escape_markdown(name)}**" for name in missing)
        st.caption(
            f"Not on this machine: {named}. To open records of a data set, import it under this name on the "
            "Data page."
        )
