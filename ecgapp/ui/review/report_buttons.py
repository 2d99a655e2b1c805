"""The report of the record in view: made when asked for, then there to be saved as PDF, PNG and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import streamlit as st

from ecgapp import analysis, report
from ecgapp.analysis import Asked, Examined, OpenedECG
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.report import REFERENCE_LENGTH, Contents, Drawing, Evidence, Measured
from ecgapp.reviews import Review
from ecgapp.signals.paper import PAGE_SECONDS
from ecgapp.storage import documents
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.review.findings_panel import supported
from ecgapp.ui.shell import model_choice, opened, session
from ecgapp.ui.sign_off.caliper_panel import calipers
from ecgapp.ui.tracing.paging import shown_start
from ecgapp.ui.tracing.tracing_controls import chosen_view
from ecgapp.ui.tracing.tracing_filters import shown

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
class Made:
    """The report as files, by suffix; when it was made, and what was typed for its head."""

    files: Mapping[str, bytes]
    at: datetime
    reference: str


@st.fragment
def report_panel(record: ECGRecord, card: ModelCard | None, reviewed: Review) -> None:
    """A line to fill in and a button; once the files are made, a button for each of them.

    ``card`` is the classifier's on the page.
    """
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
        asked = st.form_submit_button("Make the report")
    st.caption(EXPLAINED)
    kept: dict[tuple[str | None, int], Made] = session.remember("report", dict)
    version = card.digest if card else None, reviewed.version
    if asked:
        kept.clear()
        try:
            with st.spinner("Making the report"):
                contents = _contents(record, card, check)
                contents = replace(contents, reference=reference, start=start, review=reviewed)
                contents = _as_seen(contents) if as_seen else contents
                kept[version] = _made(contents)
        except EcgAppError as error:
            st.error(str(error))
    if version in kept:
        _offer(kept[version])


def _page_start(record: ECGRecord) -> float:
    """Where page 1 begins; it is asked only where the record is longer than a page."""
    if record.duration <= PAGE_SECONDS:
        return 0.0
    last = max(record.duration - PAGE_SECONDS, 0.5)
    return float(
        st.number_input("Page 1 begins at (s)", 0.0, last, 0.0, 0.5, key=f"report_start_{record.record_id}")
    )


def _as_seen(contents: Contents) -> Contents:
    """The same with the tracing's page as the reader has it on the screen."""
    record, view = contents.record, chosen_view()
    drawn, in_force = shown(record, view)
    drawing = Drawing(view.layout, view.scale, drawn, in_force)
    return replace(contents, drawing=drawing, start=shown_start(record, view.scale.page_seconds))


def _calipers(record: ECGRecord) -> tuple[str, ...]:
    """Those kept under a name, in plain words."""
    return tuple(
        f"{one.name}: {one.caliper.in_words(record.units == 'mV')}; filter: {one.filtered}.".replace("**", "")
        for one in calipers().kept
    )


def _contents(record: ECGRecord, card: ModelCard | None, check: bool) -> Contents:
    """What the page shows; measurements and critical findings of a record without labels too."""
    made = datetime.now(UTC).replace(microsecond=0)
    ecg = opened.current(record)
    told = Contents(
        record,
        session.record_title(),
        made,
        measured=_measured(ecg),
        admission=ecg.admission(),
        calipers=_calipers(record),
        critical=ecg.critical(),
        judgement=ecg.judgement(card),
        known_quality=ecg.quality,
        beats=ecg.counted,
    )
    found, no_labels = ecg.labels(card)
    if found is None or card is None:
        return replace(told, refusal=no_labels)
    try:
        evidence = _evidence(record, card, check)
    except EcgAppError as error:
        return replace(told, refusal=str(error))
    beside = supported(ecg, evidence.findings)
    return replace(told, evidence=evidence, support=tuple(beside.values()))


def _evidence(record: ECGRecord, card: ModelCard, check: bool) -> Evidence:
    """What the classifier on the page found; its map is checked where that is asked, or was done already.

    Raises:
        EcgAppError: the model cannot be opened, or cannot take this record.
    """
    model = model_choice.opened(card)
    found = opened.current(record).findings(card)
    examined = ("examine", card.digest, report.question(found))  # where the saliency remembers it
    checked = check or session.remembered(examined)

    def examine(asked: Asked) -> Examined:
        return session.remember(examined, lambda: analysis.examine(record, model, asked), heavy=True)

    return session.remember(
        ("report", card.digest, checked),
        lambda: report.gather(record, model, found, examine if checked else None),
        heavy=True,
    )


def _measured(ecg: OpenedECG) -> Measured | None:
    """What the page measured; None where nothing can."""
    card = ecg.delineator
    try:
        measured = ecg.measurements()
    except EcgAppError:  # the measurements' own panel says why
        return None
    return None if card is None or measured is None else Measured(card, measured)


def _made(contents: Contents) -> Made:
    """The report of ``contents``.

    Raises:
        ReportError: it cannot be drawn.
    """
    numbers = documents.dump(report.bundle(contents)).encode()
    files = {"pdf": report.pdf(contents), "png": report.png(contents), "json": numbers}
    return Made(files, contents.made, contents.printed_reference)


def _offer(made: Made) -> None:
    head = (
        f"with the reference {escape_markdown(made.reference)}" if made.reference else "without a reference"
    )
    st.markdown(f"Made at {made.at:%H:%M:%S} UTC, {head}.")
    with st.container(horizontal=True):
        for suffix, (name, kind, words) in FILES.items():
            st.download_button(words, made.files[suffix], name, kind, key=f"save_{suffix}", on_click="ignore")
