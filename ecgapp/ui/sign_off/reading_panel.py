"""The reader's part of the Review page: a read before the model's output is shown, or beside it."""

import streamlit as st

from ecgapp.analysis import Findings
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.reviews import EventKind, Review, against
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.sign_off import reader
from ecgapp.ui.sign_off.reading_form import (
    ReviewForm,
    decide,
    draw_fields,
    fill_absent,
    keep_record,
    show_problem,
)
from ecgapp.ui.sign_off.reading_history import show_comments, show_history, show_reads

FIRST = (
    "Independent reading: the model's output for this ECG is hidden until you save your own reading. Both "
    "are stored with their times. Critical findings are shown at once."
)
UNJUDGED = "Classes that are not judged stay unknown: they are neither confirmed nor exported as absent."
KEEP = "Keep this ECG for training, without names"
KEPT = (
    "Its samples are then stored on this machine under a code computed from the signal (no name); with the "
    "classes that you judged they become training labels once an administrator exports them. Untick to "
    "delete the copy."
)


def read_first_panel(review: Review, card: ModelCard | None) -> None:
    """The form of a read that is made before the model's output is there; nothing of others is shown."""
    st.subheader("Your reading")
    try:
        reader.note_opened(review)
    except EcgAppError as error:
        st.error(str(error))
        return
    form = ReviewForm(review, card)
    show_problem()
    with st.form("reading", enter_to_submit=False):
        draw_fields(form)
        with st.container(horizontal=True):
            st.form_submit_button(
                "Save my reading",
                type="primary",
                key="commit_read",
                on_click=decide,
                args=(EventKind.READ, form),
            )
            _rest_absent(form)


def reading_panel(
    record: ECGRecord, review: Review, card: ModelCard | None, findings: Findings | None
) -> None:
    """Status, the form beside the model's answers, first reads, comments and the audit trail."""
    st.subheader("Your reading")
    form = ReviewForm(review, card, findings)
    _show_status(form)
    show_problem()
    with st.form("reading", enter_to_submit=False):
        draw_fields(form)
        _buttons(form)
    _keep_box(record, form)
    show_reads(review)
    show_comments(review)
    try:
        show_history(reader.journal().events(review.record))
    except EcgAppError as error:
        st.error(str(error))


def _show_status(form: ReviewForm) -> None:
    """Draw who confirmed the findings and when, and where that differs from the model."""
    review = form.review
    words = escape_markdown(review.words)
    if not review.is_confirmed:
        st.markdown(f"Status: **{words}**. {_source(form)} {UNJUDGED}")
        return
    st.markdown(f"Status: **{words}**. {escape_markdown(against(review.standing))}")
    if form.card is not None and review.model is not None and review.model.digest != form.card.digest:
        st.warning(
            f"These answers were given with another model's output: {escape_markdown(review.model.name)}, "
            f"sha256 {review.model.sha256[:12]}. Look at the findings again."
        )


def _source(form: ReviewForm) -> str:
    """A sentence on where the form's answers come from."""
    if any(form.review.answer(one.task, one.label) for one in form.questions):
        return "Pre-filled from the previous reading."
    if form.findings is None:
        return "No model output is available, so nothing is pre-filled."
    return "What the model finds is filled in as present."


def _rest_absent(form: ReviewForm) -> None:
    st.form_submit_button(
        "Mark the rest absent", key="rest_absent", on_click=fill_absent, args=(form,),
        help="Sets every class you have not judged to absent, except the normal class.",
    )  # fmt: skip


def _buttons(form: ReviewForm) -> None:
    review = form.review
    with st.container(horizontal=True):
        _rest_absent(form)
        _button("Confirm the model's findings", EventKind.CONFIRMED, form, form.findings is None)
        _button("Save my edits", EventKind.EDITED, form)
        _button("Sign", EventKind.SIGNED, form, not review.is_confirmed or review.signature is not None)
        _button("Withdraw confirmation and signature", EventKind.REOPENED, form, not review.is_confirmed)
        _button("Add the comment", EventKind.COMMENTED, form)


def _button(words: str, kind: EventKind, form: ReviewForm, disabled: bool = False) -> None:
    st.form_submit_button(words, key=f"decide_{kind}", on_click=decide, args=(kind, form), disabled=disabled)


def _keep_box(record: ECGRecord, form: ReviewForm) -> None:
    """Ticked where the ECG is kept, whatever was clicked: a click that is refused changes nothing."""
    key = f"keep_{form.review.record[:16]}"
    st.session_state[key] = form.review.kept

    def keep() -> None:
        keep_record(record, form, bool(st.session_state[key]))

    st.checkbox(KEEP, key=key, on_change=keep)
    st.caption(KEPT)


def status_of_findings(review: Review, findings: Findings, card: ModelCard) -> dict[str, str]:
    """The word for each class in the table of findings."""
    return {row.label: review.status_of(card.purpose, row.label, row.positive) for row in findings.rows}
