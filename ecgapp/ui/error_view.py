"""One record that the model was wrong about: its tracing with the saliency of the class behind it."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Asked, Explanation, Finding
from ecgapp.errors import EcgAppError
from ecgapp.evaluate import Mistake
from ecgapp.models import EnsembleConfig
from ecgapp.records import ECGRecord
from ecgapp.ui import auth, choosing, overlay, relevance_charts, session
from ecgapp.ui.memory import give_back_freed
from ecgapp.ui.paper_chart import paper
from ecgapp.ui.tracing import CONFIG
from ecgapp.ui.tried import Tried
from ecgapp.words import as_typed, in_full

OPENED = "error_opened"  # session state: the record that was opened last, with its key
REVIEW = "pages/review.py"


@dataclass(frozen=True, eq=False)
class Opened:
    """A record, what the model says of it now, why, and the picture of that."""

    record: ECGRecord
    finding: Finding
    explanation: Explanation
    figure: go.Figure


def error_view(tried: Tried, label: str, kind: Mistake, row: int) -> None:
    """The tracing for an administrator; else, or where the data set is not here, a sentence why not."""
    key = (tried.card.digest, label, row)
    try:
        auth.check_admin(session.settings())
        opened = _kept(key, tried, label, row)
    except EcgAppError as error:
        st.info(as_typed(str(error)))
        return
    line = tried.thresholds[tried.place(label)]
    st.markdown(_in_words(tried, label, kind, row))
    st.markdown(overlay.in_words(opened.explanation, replace(opened.finding, threshold=line)))
    alt = f"Tracing of the record, with the relevance of each moment of each lead for {label} behind it"
    with paper(opened.figure, "error_saliency"):
        st.plotly_chart(
            opened.figure, theme=None, config=CONFIG, key="error_saliency", height="stretch", alt=alt
        )
    st.caption(overlay.method_in_words(opened.explanation))
    with st.expander("Relevance by lead as a table"):
        st.dataframe(relevance_charts.lead_table(opened.explanation), hide_index=True, key="error_leads")
    if st.button("Open on the Review page", key="error_review", icon=":material/open_in_new:"):
        session.open_record(opened.record, f"Record {opened.record.record_id}")
        st.session_state["classifier"] = tried.card.name
        st.switch_page(REVIEW)


def _kept(key: Hashable, tried: Tried, label: str, row: int) -> Opened:
    """Opened once; the next record takes its place, so that a session holds one.

    Raises:
        EcgAppError: the record is not on this machine, or the model cannot take it.
    """
    kept: tuple[Hashable, Opened] | None = st.session_state.get(OPENED)
    if kept is None or kept[0] != key:
        st.session_state.pop(OPENED, None)
        with st.spinner("Opening the record"):
            kept = (key, _open(tried, label, row))
        st.session_state[OPENED] = kept
        give_back_freed()
    return kept[1]


def _open(tried: Tried, label: str, row: int) -> Opened:
    record = analysis.validated_record(tried.card, tried.predictions, row, session.settings())
    model = choosing.opened(tried.card)
    found = analysis.find(record, model)
    asked = Asked(label, found.best_window(label))
    explanation = analysis.explain_against(record, model, asked)
    return Opened(record, found.rows[tried.place(label)], explanation, overlay.saliency(record, explanation))


def _in_words(tried: Tried, label: str, kind: Mistake, row: int) -> str:
    """Which record it is, what it has, and whose probability the list shows."""
    names, predictions = tried.predictions.names, tried.predictions
    if names is None:
        return ""
    has = [
        in_full(name)
        for name, there in zip(tried.task.label_names, predictions.targets[row] == 1, strict=True)
        if there
    ]
    probability = float(predictions.probabilities[row, tried.place(label)])
    return (
        f"Record **{as_typed(names.ids[row])}** of {as_typed(names.origin(row).store)}, a {kind}. "
        f"By its data set it has: {', '.join(has) or 'none of the labels'}. In the validation it got "
        f"{probability:.3f}{_by_whom(tried)}."
    )


def _by_whom(tried: Tried) -> str:
    """Why the probability below may be another one than that in the list."""
    if tried.cross_fitted:
        return (
            ", from the one member that had not learnt from it; what follows is the whole ensemble's answer, "
            "of which the other members have seen this record in training"
        )
    return ", from the whole ensemble" if isinstance(tried.card.network, EnsembleConfig) else ""
