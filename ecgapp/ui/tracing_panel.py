"""The tracing of the review page: its controls and figure, and what to know of the recording."""

import plotly.graph_objects as go
import streamlit as st

from ecgapp.paper import Sheet, lay_out
from ecgapp.records import ECGRecord
from ecgapp.signals import heart_rate, remarks
from ecgapp.ui import session
from ecgapp.ui.paper_chart import paper
from ecgapp.ui.tracing import CONFIG, printed_settings, tracing
from ecgapp.ui.tracing_controls import View, choose_view


@st.fragment
def tracing_panel(record: ECGRecord) -> None:
    """The tracing with its controls, and a page where the record is longer than one."""
    view = choose_view(record)
    start = _choose_page(record, view.scale.page_seconds)
    figure = session.remember(("tracing", view, start), lambda: _figure(record, view, start))
    alt = f"Electrocardiogram tracing: {printed_settings(record, _sheet(record, view, start))}"
    with paper(figure, "tracing"):
        st.plotly_chart(figure, theme=None, config=CONFIG, key="tracing", height="stretch", alt=alt)
    for sentence in session.remember("quality", lambda: remarks(record)):
        st.warning(sentence)


def _choose_page(record: ECGRecord, length: float) -> float:
    """Where the page begins, s; a slider where there is more than one page of ``length`` seconds."""
    if record.duration <= length:
        return 0.0
    last = max(record.duration - length, 0.5)
    return st.slider("Page starts at (s)", 0.0, last, 0.0, 0.5, key=f"start_{record.record_id}_{length:g}")


def _sheet(record: ECGRecord, view: View, start: float) -> Sheet:
    return lay_out(record, view.layout, start, scale=view.scale)


def _figure(record: ECGRecord, view: View, start: float) -> go.Figure:
    return tracing(record, _sheet(record, view, start), _head(record))


def _head(record: ECGRecord) -> list[str]:
    rate = session.remember("heart rate", lambda: _heart_rate(record))
    beats = "heart rate not measurable" if rate is None else f"heart rate {rate:.0f}/min"
    return [f"<b>{session.record_title()}</b>", beats]


def _heart_rate(record: ECGRecord) -> float | None:
    return heart_rate(record.signal, record.sampling_rate)
