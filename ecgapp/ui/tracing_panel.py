"""The tracing of the review page: its controls and figure, and what to know of the recording."""

import streamlit as st

from ecgapp.paper import LAYOUTS, PAGE_SECONDS, lay_out
from ecgapp.records import ECGRecord
from ecgapp.signals import heart_rate, remarks
from ecgapp.ui import session
from ecgapp.ui.tracing import CONFIG, tracing


@st.fragment
def tracing_panel(record: ECGRecord) -> None:
    """The tracing as recorded, with layout and page where there is a choice."""
    left, right = st.columns([2, 3])
    layout = left.segmented_control("Layout", LAYOUTS, default=LAYOUTS[0], key="layout") or LAYOUTS[0]
    start = 0.0
    if record.duration > PAGE_SECONDS:
        last = max(record.duration - PAGE_SECONDS, 0.5)
        start = right.slider("Page starts at (s)", 0.0, last, 0.0, 0.5, key=f"start_{record.record_id}")
    key = ("tracing", layout, start)
    figure = session.remember(key, lambda: tracing(record, lay_out(record, layout, start), _head(record)))
    alt = "Electrocardiogram tracing at 25 mm/s and 10 mm/mV, unfiltered"
    st.plotly_chart(figure, theme=None, config=CONFIG, key="tracing", alt=alt)
    for sentence in session.remember("quality", lambda: remarks(record)):
        st.warning(sentence)


def _head(record: ECGRecord) -> list[str]:
    rate = session.remember("heart rate", lambda: _heart_rate(record))
    beats = "heart rate not measurable" if rate is None else f"heart rate {rate:.0f}/min"
    return [f"<b>{session.record_title()}</b>", beats]


def _heart_rate(record: ECGRecord) -> float | None:
    return heart_rate(record.signal, record.sampling_rate)
