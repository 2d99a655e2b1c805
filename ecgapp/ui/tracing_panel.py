"""The tracing of the review page: its controls and figure, and what to know of the recording."""

import streamlit as st

from ecgapp.paper import lay_out
from ecgapp.records import ECGRecord
from ecgapp.signals import RecordQuality, beat_list, record_quality, remarks
from ecgapp.ui import session
from ecgapp.ui.caliper_panel import caliper_list, select_box, with_calipers
from ecgapp.ui.paging import choose_page
from ecgapp.ui.paper_chart import paper
from ecgapp.ui.tracing import CONFIG, Printed, printed_settings, tracing
from ecgapp.ui.tracing_controls import choose_view
from ecgapp.ui.tracing_filters import shown, tell_st


@st.fragment
def tracing_panel(record: ECGRecord) -> None:
    """The tracing with its controls, and a page where the record is longer than one."""
    view = choose_view(record)
    with st.container():  # holds the place, so that the chart below is not built anew when pages come or go
        start = choose_page(record, view.scale.page_seconds)
    drawn, in_force = shown(record, view)
    sheet = lay_out(drawn, view.layout, start, scale=view.scale)
    quality = session.remember("quality", lambda: record_quality(record))
    words = Printed(in_force, _badges(quality))
    key = ("tracing", view, start, in_force)
    figure = session.remember(key, lambda: tracing(drawn, sheet, _head(record, quality), words=words))
    alt = f"Electrocardiogram tracing: {printed_settings(drawn, sheet, in_force)}"
    with paper(figure, "tracing"):
        st.plotly_chart(
            with_calipers(figure, drawn, sheet),
            theme=None,
            config=CONFIG,
            key="tracing",
            height="stretch",
            alt=alt,
            on_select=lambda: select_box(drawn, sheet, in_force),
            selection_mode="box",
        )
    caliper_list(record)
    tell_st(record, drawn)
    said = remarks(record, quality)
    if said:
        st.warning("  \n".join(said))  # a line each, in one box


def _badges(quality: RecordQuality) -> dict[str, str]:
    """A few words for each lead with a fault."""
    return {found.lead: ", ".join(found.faults) for found in quality.leads if found.faults}


def _head(record: ECGRecord, quality: RecordQuality) -> list[str]:
    rate = session.remember("beats", lambda: beat_list(record, quality)).rate
    beats = "heart rate not measurable" if rate is None else f"heart rate {rate:.0f}/min"
    return [f"<b>{session.record_title()}</b>", beats]
