"""The report of the record in view: made when asked for, then there to be saved as PDF, PNG and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import streamlit as st

from ecgapp import analysis, documents, report
from ecgapp.analysis import Asked, Examined
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.paper import PAGE_SECONDS
from ecgapp.records import ECGRecord
from ecgapp.report import REFERENCE_LENGTH, Contents, Evidence, Measured
from ecgapp.reviews import Review
from ecgapp.ui import choosing, review, session
from ecgapp.ui.measurements_panel import measured_by
from ecgapp.words import as_typed

FILES = {  # name, kind, and what is written on its button
    "pdf": ("ecg-report.pdf", "application/pdf", "Save the report (PDF)"),
    "png": ("ecg-tracing.png", "image/png", "Save the tracing (PNG)"),
    "json": ("ecg-numbers.json", "application/json", "Save the numbers (JSON)"),
}
EXPLAINED = (
    "A4 landscape, page 1 the tracing as recorded at 25 mm/s and 10 mm/mV, page 2 what the model found. "
    "From the JSON file, `python -m ecgapp predict --check` computes every number again."
)


@dataclass(frozen=True, eq=False)
class Made:
    """The report as files, by suffix; when it was made, and what was typed for its head."""

    files: Mapping[str, bytes]
    at: datetime
    reference: str


@st.fragment
def report_panel(
    record: ECGRecord, card: ModelCard | None, cards: Mapping[str, ModelCard], reviewed: Review
) -> None:
    """A line to fill in and a button; once the files are made, a button for each of them.

    ``card`` is the classifier's on the page; the first delineator of ``cards`` measures.
    """
    with st.form("report", border=False):
        reference = st.text_input(
            "Reference for the head of the report (optional; printed, and not stored)",
            max_chars=REFERENCE_LENGTH,
            key=f"reference_{record.record_id}",
            autocomplete="off",
        )
        start = _page_start(record)
        check = st.checkbox("Check first how far the map can be trusted (takes several seconds)")
        asked = st.form_submit_button("Make the report")
    st.caption(EXPLAINED)
    kept: dict[tuple[str | None, int], Made] = session.remember("report", dict)
    version = card.digest if card else None, reviewed.version
    if asked:
        kept.clear()
        try:
            with st.spinner("Making the report"):
                measured, contents = _measured(record, cards), _contents(record, card, check)
                contents = replace(
                    contents, reference=reference, start=start, measured=measured, review=reviewed
                )
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


def _contents(record: ECGRecord, card: ModelCard | None, check: bool) -> Contents:
    made = datetime.now(UTC).replace(microsecond=0)
    try:
        evidence, refusal = _evidence(record, card, check), ""
    except EcgAppError as error:
        evidence, refusal = None, str(error)
    return Contents(record, session.record_title(), made, evidence=evidence, refusal=refusal)


def _evidence(record: ECGRecord, card: ModelCard | None, check: bool) -> Evidence | None:
    """What the classifier on the page found; its map is checked where that is asked, or was done already.

    Raises:
        EcgAppError: the model cannot be opened, or cannot take this record.
    """
    if card is None:
        return None
    model = choosing.opened(card)

    found = review.found(record, card)
    examined = ("examine", card.digest, report.question(found))  # where the saliency remembers it
    checked = check or session.remembered(examined)

    def examine(asked: Asked) -> Examined:
        return session.remember(examined, lambda: analysis.examine(record, model, asked), heavy=True)

    return session.remember(
        ("report", card.digest, checked),
        lambda: report.gather(record, model, found, examine if checked else None),
        heavy=True,
    )


def _measured(record: ECGRecord, cards: Mapping[str, ModelCard]) -> Measured | None:
    """What the page measured; None where nothing can."""
    card = next(iter(choosing.delineators(cards).values()), None)
    if card is None:
        return None
    try:
        return Measured(card, measured_by(record, card))
    except EcgAppError:  # the measurements' own panel says why
        return None


def _made(contents: Contents) -> Made:
    """The report of ``contents``.

    Raises:
        ReportError: it cannot be drawn.
    """
    numbers = documents.dump(report.bundle(contents)).encode()
    files = {"pdf": report.pdf(contents), "png": report.png(contents), "json": numbers}
    return Made(files, contents.made, contents.printed_reference)


def _offer(made: Made) -> None:
    head = f"with the reference {as_typed(made.reference)}" if made.reference else "without a reference"
    st.markdown(f"Made at {made.at:%H:%M:%S} UTC, {head}.")
    with st.container(horizontal=True):
        for suffix, (name, kind, words) in FILES.items():
            st.download_button(words, made.files[suffix], name, kind, key=f"save_{suffix}", on_click="ignore")
