"""The tracing of the review page: its controls and figure, and what to know of the recording."""

from dataclasses import dataclass

import streamlit as st

from ecgapp.analysis import OpenedECG
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.evidence_marks import elsewhere, page_start
from ecgapp.records import ECGRecord
from ecgapp.signals import remarks
from ecgapp.signals.paper import Sheet, lay_out
from ecgapp.ui.shell.ecg_in_view import figures
from ecgapp.ui.sign_off.caliper_panel import caliper_list, select_box, with_calipers
from ecgapp.ui.tracing.clip_marks import tall_leads
from ecgapp.ui.tracing.evidence_shading import mark_evidence
from ecgapp.ui.tracing.paging import choose_page, go_to
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.paper_layout import CONFIG
from ecgapp.ui.tracing.tracing import Printed, printed_settings, tracing
from ecgapp.ui.tracing.tracing_controls import View, choose_view, marks_alarms, offer_half_gain
from ecgapp.ui.tracing.tracing_filters import badges, displayed, heading, st_notice

MOST_WAYS = 6  # buttons to findings on other pages


@dataclass(frozen=True)
class TracingFigure:
    """The key of a drawn tracing."""

    view: View
    start: float  # s
    filtered: str
    marked: bool


@dataclass(frozen=True)
class TallLeads:
    """The key of the leads that are too tall for their rows in a drawn tracing."""

    view: View
    start: float  # s
    filtered: str


@st.fragment
def tracing_panel(ecg: OpenedECG, title: str) -> None:
    """The tracing with its controls, and a page where the record is longer than one.

    Stretches that show a critical finding are marked, unless the reader hides the marks.
    """
    record, findings = ecg.record, ecg.critical()
    view = choose_view(record, alarms=bool(findings))
    place = st.container()  # of the tracing, above the overview, so that it is on the first screen
    with st.container():  # holds the place, so that what is below is not built anew when pages come or go
        start = choose_page(record, view.scale.page_seconds)
    drawn, in_force = displayed(ecg, view)
    sheet = lay_out(drawn, view.layout, start, scale=view.scale)
    faults = badges(ecg)
    words = Printed(in_force, faults)
    marked = findings if marks_alarms() else ()
    key = TracingFigure(view, start, in_force, bool(marked))
    figure = figures().once(
        key,
        lambda: mark_evidence(tracing(drawn, sheet, heading(title, ecg), words=words), drawn, sheet, marked),
        heavy=True,
    )
    alt = f"Electrocardiogram tracing: {printed_settings(drawn, sheet, in_force)}"
    with place:
        _ways_to(record, elsewhere(findings, sheet), sheet)
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
    tall = figures().once(
        TallLeads(view, start, in_force), lambda: tall_leads(drawn, sheet, faults.keys()), heavy=True
    )
    offer_half_gain(tall, view)
    caliper_list(record)
    st_notice(ecg, drawn)
    sentences = remarks(record, ecg.quality)
    if sentences:
        st.warning("  \n".join(sentences))  # a line each, in one box


def _ways_to(record: ECGRecord, findings: tuple[CriticalFinding, ...], sheet: Sheet) -> None:
    """A button for each critical finding that lies on another page, which shows that page."""
    if findings:
        with st.container(horizontal=True):
            for number, finding in enumerate(findings[:MOST_WAYS]):
                st.button(
                    f"Go to {finding.start:.1f} s: {finding.name}",
                    key=f"go_to_critical_{number}",
                    on_click=go_to,
                    args=(record, page_start(finding, sheet), sheet.scale.page_seconds),
                )
