"""The reader of this session, whether the ECG is read first, and the review of the ECG in view.

Read-first fails closed: where the journal cannot be read, no read counts as committed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ecgapp.analysis import Findings, OpenedECG
from ecgapp.analysis.critical import CriticalFinding
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.reviews import (
    LONGEST_NAME,
    LONGEST_STATEMENT,
    MOST_STATEMENTS,
    EventKind,
    Journal,
    KeptCaliper,
    Review,
    ReviewAnswer,
    ReviewEvent,
    State,
    reading_mode,
    stamp,
)
from ecgapp.ui.shell import ecg_in_view, session
from ecgapp.ui.shell.ecg_in_view import page_state

_READER = "reader"  # session state: the name that was typed last; outlives its field, which pages drop
_FIRST = "reads_first"  # session state: the switch, likewise
_SEEN = "outputs_seen"  # session state: ECGs of which this session has shown a model's output
SEEN_ALREADY = (
    "You have already seen the model's output for this ECG, so independent reading starts with the next ECG."
)


@dataclass(frozen=True)
class Reading:
    """The review of the record in view; ``blind``: the model's output must not be on the page yet."""

    review: Review
    blind: bool


@dataclass
class ReadFirstTrail:
    """The entries of this session in the journal about the ECG in view, which is read first."""

    opened_at: float | None = None  # when it was first drawn to be read first, in seconds since 1970
    alarmed: bool = False  # critical findings were shown before the read
    outputs_shown: bool = False  # the model's output was shown after that


def reading_bar() -> None:
    """The reader's name and the switch for reading first, beside the page: the tracing needs its top."""
    with st.sidebar:
        st.text_input(
            "Reader (name or initials)",
            reader(),
            key="reader_name",
            max_chars=LONGEST_NAME,
            on_change=_take_name,
            placeholder="Stored with your decisions",
            autocomplete="off",
        )
        st.toggle(
            "Read without the model first",
            reads_first(),
            key="read_first",
            on_change=_take_mode,
            help="What the model says is neither computed nor sent to this page until you save your reading. "
            "Critical findings are shown all the same.",
        )


def reader() -> str:
    """The reader's name as typed; empty if none was typed."""
    return str(st.session_state.get(_READER, ""))


def reads_first() -> bool:
    """Whether this session reads before it sees a model's output; the administrator says how it begins."""
    if _FIRST not in st.session_state:
        st.session_state[_FIRST] = reading_mode(session.settings()).read_first
    return bool(st.session_state[_FIRST])


def journal() -> Journal:
    """This installation's."""
    return Journal(session.settings())


def current(ecg: OpenedECG) -> Reading:
    """The review of the ECG in view; if the journal fails, a sentence is drawn and the review is empty."""
    key = ecg.fingerprint
    try:
        review = journal().review(key)
    except EcgAppError as error:
        st.error(str(error))
        review = Review(key)
    if _is_blind(review):
        return Reading(review, blind=True)
    if reads_first() and review.read_by(reader()) is None:
        st.info(SEEN_ALREADY)
    mark_seen(key)
    return Reading(review, blind=False)


def mark_seen(*keys: str) -> None:
    """A model's output of these ECGs is on a page now: no later read of this session is a first one."""
    st.session_state[_SEEN] = st.session_state.get(_SEEN, frozenset()) | frozenset(keys)


def to_be_read_first(key: str) -> bool:
    """Whether nothing of what a model says of this ECG may be on a page yet; where the journal fails, so."""
    try:
        return _is_blind(journal().review(key))
    except EcgAppError:
        return _is_blind(Review(key))


def _is_blind(review: Review) -> bool:
    """Whether the reader must read first: no read is committed, and no output was shown in this session."""
    seen = review.record in st.session_state.get(_SEEN, ())
    return reads_first() and not seen and review.read_by(reader()) is None


def note_opened(review: Review) -> float:
    """Keep, once, that the ECG was opened to be read first; when that was.

    Raises:
        EcgAppError: it cannot be kept.
    """
    trail = page_state(ReadFirstTrail)
    if trail.opened_at is None:
        journal().add(ReviewEvent(review.record, EventKind.OPENED, reader()))
        trail.opened_at = time.time()
    return trail.opened_at


def note_alarmed(review: Review, findings: Sequence[CriticalFinding]) -> None:
    """Record, once, that critical findings were shown before a first read.

    Raises:
        EcgAppError: it cannot be kept.
    """
    trail = page_state(ReadFirstTrail)
    if findings and not trail.alarmed:
        names = tuple(one.name[:LONGEST_STATEMENT] for one in findings[:MOST_STATEMENTS])
        journal().add(ReviewEvent(review.record, EventKind.ALARMED, reader(), statements=names))
        trail.alarmed = True


def note_shown(review: Review, findings: Findings, card: ModelCard) -> Review:
    """Record, once, that the output was shown after the ECG was opened for a first read; return the review.

    Raises:
        EcgAppError: it cannot be kept.
    """
    read = review.read_by(reader())
    trail = page_state(ReadFirstTrail)
    unread = read is None and trail.opened_at is not None  # the switch was turned off before the read
    if trail.outputs_shown or not (unread or (read is not None and not read.shown)):
        return review
    event = ReviewEvent(review.record, EventKind.SHOWN, reader(), stamp(card), outputs(findings, card))
    journal().add(event)
    trail.outputs_shown = True
    return journal().review(review.record)


def outputs(findings: Findings, card: ModelCard) -> tuple[ReviewAnswer, ...]:
    """The model's own answers, as a reader who agrees with all of them would give them."""
    states = {True: State.PRESENT, False: State.ABSENT}
    return tuple(
        ReviewAnswer(card.purpose, row.label, states[row.positive], row.probability, row.threshold)
        for row in findings.rows
    )


def stored_calipers() -> tuple[KeptCaliper, ...]:
    """The calipers of the review of the ECG in view; none while the ECG is to be read first."""
    in_view = ecg_in_view.current()
    if in_view is None:
        return ()
    try:
        review = journal().review(in_view.ecg.fingerprint)
    except EcgAppError:  # the page says so already
        return ()
    return () if _is_blind(review) else review.calipers


def store_calipers(calipers: tuple[KeptCaliper, ...]) -> None:
    """Keep them with the review, where a reader is named and it gives nothing away; else a decision does.

    Raises:
        EcgAppError: they cannot be kept.
    """
    in_view = ecg_in_view.current()
    if in_view is None or not reader():
        return
    review = journal().review(in_view.ecg.fingerprint)
    if not _is_blind(review) and calipers != review.calipers:
        journal().add(ReviewEvent(review.record, EventKind.CALIPERS, reader(), calipers=calipers))


def _take_name() -> None:
    st.session_state[_READER] = " ".join(st.session_state["reader_name"].split())


def _take_mode() -> None:
    st.session_state[_FIRST] = bool(st.session_state["read_first"])
