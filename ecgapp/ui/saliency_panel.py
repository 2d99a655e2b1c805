"""The review page's saliency: which leads and moments moved the chosen class."""

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Findings
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.ui import choosing, overlay, session
from ecgapp.ui.review import choose_window
from ecgapp.ui.tracing import CONFIG
from ecgapp.words import in_full


@st.fragment
def saliency_panel(record: ECGRecord, result: Findings, card: ModelCard) -> None:
    """Which leads and moments moved the chosen class."""
    rows = {row.label: row for row in result.rows}
    left, right = st.columns(2)
    first = list(rows).index(result.top.label)
    key = f"label_{card.digest}_{record.record_id}"
    label = left.selectbox("Class", list(rows), index=first, format_func=in_full, key=key)
    best = result.best_window(label)
    window = choose_window(right, result.prepared, best, f"window_{label}_{record.record_id}")
    key_of = ("explain", card.digest, label, window)
    model = choosing.opened(card)
    explanation = session.remember(key_of, lambda: analysis.explain(record, model, label, window), heavy=True)
    figure = session.remember(("overlay", *key_of), lambda: overlay.saliency(record, explanation))
    st.markdown(overlay.in_words(explanation, rows[label]))
    alt = f"Relevance of each moment of each lead for {label}, behind the tracing"
    st.plotly_chart(figure, theme=None, config=CONFIG, key="saliency", alt=alt)
    st.caption(overlay.method_in_words(explanation))
