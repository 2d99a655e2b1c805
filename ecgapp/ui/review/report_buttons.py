"""The report of the record in view: made when asked for, then there to be saved as PDF, PNG and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from ecgapp import report
from ecgapp.analysis import OpenedECG
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.report import REFERENCE_LENGTH, Contents, Drawing, ReportRequest
from ecgapp.reviews import Review
from ecgapp.signals.paper import PAGE_SECONDS
from ecgapp.storage import documents
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.shell.ecg_in_view import page_state
from ecgapp.ui.sign_off.caliper_panel import calipers
from ecgapp.ui.tracing.paging import page_start
from ecgapp.ui.tracing.tracing_controls import chosen_view
from ecgapp.ui.tracing.tracing_filters import displayed

FILES = {  # name, kind, and what is written on its button
    "pdf": ("ecg-report.pdf", "application/pdf", "Save the report (PDF)"),
    "png": ("ecg-tracing.png", "image/png", "Save the tracing (PNG)"),
    "json": ("ecg-numbers.json", "application/json", "Save the numbers (JSON)"),
}
EXPLAINED = (
    "A4 landscape: critical findings, rate, intervals, axes and the signed statement above the tracing, true "
    "to the millimetre, as recorded in 3x4 at 25 mm/s and 10 mm/mV unless it is to stand as on the "
    "screen; then the findings. Rows that do not fit on a page go on to the next. Name and date are written "
    "by hand. From the JSON file, `python -m ecgapp predict --check` computes every number again."
)


@dataclass(frozen=True, eq=False)
class ReportFiles:
    """The report as files, by suffix; when it was made, and what was typed for its head."""

    files: Mapping[str, bytes]
    at: datetime
    reference: str


@dataclass
class LastReport:
    """The report that was made last of the ECG in view, and of which model's and review's version it is."""

    version: tuple[str | None, int] | None = None
    files: ReportFiles | None = None


@st.fragment
def report_panel(
    ecg: OpenedECG, title: str, card: ModelCard | None, reviewed: Review, prevalences: Mapping[str, float]
) -> None:
    """A line to fill in and a button; once the files are made, a button for each of them.

    ``card`` is the classifier's on the page, ``prevalences`` are the reader's, by class.
    """
    record = ecg.record
    with st.form("report", border=False):
        reference = st.text_input(
            "Reference for the head of the report (optional; printed, and not stored)",
            max_chars=REFERENCE_LENGTH,
            key=f"reference_{record.record_id}",
            autocomplete="off",
        )
        start = _page_start(record)
        as_seen = st.checkbox(
            "Draw the tracing as it stands on the screen: layout, paper, gain, filter, page"
        )
        check = st.checkbox("Check first how far the map can be trusted (takes several seconds)")
        is_wanted = st.form_submit_button("Make the report")
    st.caption(EXPLAINED)
    last = page_state(LastReport)
    version = card.digest if card else None, reviewed.version
    if is_wanted:
        last.files = None
        drawing, start = _as_seen(ecg) if as_seen else (Drawing(), start)
        request = ReportRequest(
            title,
            datetime.now(UTC).replace(microsecond=0),
            reference,
            start,
            drawing,
            _calipers(record),
            reviewed,
            check,
            prevalences,
        )
        try:
            with st.spinner("Making the report"):
                last.files, last.version = _files(report.gather(ecg, card, request)), version
        except EcgAppError as error:
            st.error(str(error))
    if last.files is not None and last.version == version:
        _offer(last.files)


def _page_start(record: ECGRecord) -> float:
    """The start of page 1, s; it is asked for only if the record is longer than a page."""
    if record.duration <= PAGE_SECONDS:
        return 0.0
    last = max(record.duration - PAGE_SECONDS, 0.5)
    return float(
        st.number_input("Page 1 begins at (s)", 0.0, last, 0.0, 0.5, key=f"report_start_{record.record_id}")
    )


def _as_seen(ecg: OpenedECG) -> tuple[Drawing, float]:
    """The tracing's page as the reader has it on the screen, and where it begins, s."""
    view = chosen_view()
    drawn, in_force = displayed(ecg, view)
    start = page_start(ecg.record, view.scale.page_seconds)
    return Drawing(view.layout, view.scale, drawn, in_force), start


def _calipers(record: ECGRecord) -> tuple[str, ...]:
    """The calipers under a name, in plain words."""
    return tuple(
        f"{one.name}: {one.caliper.in_words(record.units == 'mV')}; filter: {one.filtered}.".replace("**", "")
        for one in calipers().named
    )


def _files(contents: Contents) -> ReportFiles:
    """The report of ``contents`` as files.

    Raises:
        ReportError: it cannot be drawn.
    """
    numbers = documents.dump(report.bundle(contents)).encode()
    files = {"pdf": report.pdf(contents), "png": report.png(contents), "json": numbers}
    return ReportFiles(files, contents.made, contents.printed_reference)


def _offer(made: ReportFiles) -> None:
    head = (
        f"with the reference {escape_markdown(made.reference)}" if made.reference else "without a reference"
    )
    st.markdown(f"Made at {made.at:%H:%M:%S} UTC, {head}.")
    with st.container(horizontal=True):
        for suffix, (name, kind, words) in FILES.items():
            st.download_button(words, made.files[suffix], name, kind, key=f"save_{suffix}", on_click="ignore")
