"""The form in which a reader says what is on the ECG: a choice for each class, statements, a comment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from ecgapp.analysis import Findings
from ecgapp.errors import EcgAppError, ReviewError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.reviews import (
    LONGEST_COMMENT,
    EventKind,
    Review,
    ReviewAnswer,
    ReviewEvent,
    State,
    as_stored,
    in_a_row,
    keep_for_training,
    keep_no_longer,
    stamp,
    unconfirmed_beside_normal,
)
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.tasks.meanings import NORMALS, meaning
from ecgapp.ui.shell import session
from ecgapp.ui.sign_off import reader as reading
from ecgapp.ui.sign_off.caliper_panel import read_again, to_keep
from ecgapp.ui.sign_off.statement_field import chosen_statements, draw_statement_field

ACROSS = 3  # classes side by side
NO_NAMES = "no names, nothing by which a patient could be known"
_PROBLEM = "reading_problem"  # session state: why the last decision was not kept
_ASKED = "beside_normal"  # of a widget's key: labels that are present together with a normal one
_TURN = "reading_turn"  # session state: counts up with each decision, which empties the comment


@dataclass(frozen=True, eq=False)
class ReviewForm:
    """A form for the reader's decisions: the review as the page shows it, and the model's findings.

    ``findings`` are None if the model's output is not there, or not to be seen yet. What the model finds is
    filled in as present; all other classes stand on "not judged" until the reader judges them.
    """

    review: Review
    card: ModelCard | None
    findings: Findings | None = None

    @property
    def questions(self) -> tuple[ReviewAnswer, ...]:
        """The answers with which the form begins: the review's, else present if the model finds a class."""
        if self.card is None or self.card.task is None:
            return ()
        task, outputs = self.card.purpose, self.outputs
        models = {answer.label: _filled_in(answer) for answer in outputs}
        empty = (ReviewAnswer(task, label, State.NOT_JUDGED) for label in self.card.task.label_names)
        return tuple(self._first(models.get(one.label, one)) for one in empty)

    @property
    def outputs(self) -> tuple[ReviewAnswer, ...]:
        """The model's answers; none if they are not to be seen."""
        if self.card is None or self.findings is None:
            return ()
        return reading.outputs(self.findings, self.card)

    @property
    def is_blind(self) -> bool:
        return self.findings is None

    def key(self, name: str) -> str:
        """The key of a widget; another record, other answers or another model make other widgets."""
        version = self.card.digest[:8] if self.card else ""
        mode = "blind" if self.is_blind else "seen"
        return f"say_{name}_{self.review.record[:16]}_{self.review.answered}_{version}_{mode}"

    def answers(self) -> tuple[ReviewAnswer, ...]:
        """The answers that stand in the form now."""
        return tuple(
            replace(one, state=State(st.session_state[self.key(one.label)])) for one in self.questions
        )

    def stated(self) -> tuple[str, ...]:
        """The reader's own statements.

        Raises:
            ReviewError: one of them is a class of the form.
        """
        stated = chosen_statements(self.key("statements"), self.review.statements)
        classes = {as_stored(one.label).casefold(): one.label for one in self.questions}
        for statement in stated:
            if (label := classes.get(as_stored(statement).casefold())) is not None:
                raise ReviewError(f"{label} is one of the classes. Choose it there instead of writing it.")
        return stated

    def _first(self, answer: ReviewAnswer) -> ReviewAnswer:
        known = None if self.is_blind else self.review.answer(answer.task, answer.label)
        return answer if known is None else replace(answer, state=known.state)


def _filled_in(answer: ReviewAnswer) -> ReviewAnswer:
    """The model's answer as the form begins: what it does not find is for the reader to judge."""
    return answer if answer.state is State.PRESENT else replace(answer, state=State.NOT_JUDGED)


def draw_fields(form: ReviewForm) -> None:
    """The choices, the statements and the comment; to be called inside an ``st.form``."""
    questions = form.questions
    for first in range(0, len(questions), ACROSS):
        columns = st.columns(ACROSS)
        for column, one in zip(columns, questions[first : first + ACROSS], strict=False):
            key = form.key(one.label)
            st.session_state.setdefault(key, one.state)  # a default beside what a button sets is refused
            column.radio(_label(one), list(State), key=key, horizontal=True, help=meaning(one.label) or None)
    left, right = st.columns(2)
    draw_statement_field(left, form.key("statements"), () if form.is_blind else form.review.statements)
    right.text_area(f"Comment ({NO_NAMES})", key=comment_key(form), max_chars=LONGEST_COMMENT, height=90)
    _ask_beside_normal(form)


def _ask_beside_normal(form: ReviewForm) -> None:
    """A box to tick, once a decision was held back because it calls a normal label and others present."""
    labels: tuple[str, ...] = st.session_state.get(form.key(_ASKED), ())
    if labels:
        named = escape_markdown(in_a_row(labels))
        st.warning(
            f"Not saved: you marked {named} as present, but one of them means a normal ECG. "
            "Change one, or tick the box to confirm all, and press the same button again."
        )
        st.checkbox(f"I mean it: {named} are present together", key=_box_key(form, labels))


def _box_key(form: ReviewForm, labels: Sequence[str]) -> str:
    """The key of the box for just these labels: others need another tick."""
    return form.key(f"{_ASKED}_{'_'.join(labels)}")


def comment_key(form: ReviewForm) -> str:
    """The key of the comment's field, which is empty again once the comment is stored."""
    return f"comment_{form.review.record[:16]}_{st.session_state.get(_TURN, 0)}"


def decide(kind: EventKind, form: ReviewForm) -> None:
    """Keep what the reader decided, as a button's callback; where it is refused, a sentence says why."""
    st.session_state.pop(_PROBLEM, None)
    try:
        event = _event(kind, form)
        if labels := unconfirmed_beside_normal(form.review, event):
            st.session_state[form.key(_ASKED)] = labels
            if not st.session_state.get(_box_key(form, labels)):
                return
            event = replace(event, beside_normal=labels)
        reading.journal().add(event, None if kind is EventKind.READ else form.review.version)
        st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
        _keep_calipers(form, kind)
    except EcgAppError as error:
        st.session_state[_PROBLEM] = str(error)


def keep_record(record: ECGRecord, form: ReviewForm, wanted: bool) -> None:
    """Keep the ECG itself, to train on, or delete the kept copy; as a callback."""
    st.session_state.pop(_PROBLEM, None)
    try:
        if wanted:
            keep_for_training(record, reading.reader(), session.settings())
        else:
            keep_no_longer(form.review.record, reading.reader(), session.settings())
    except EcgAppError as error:
        st.session_state[_PROBLEM] = str(error)


def show_problem() -> None:
    """Draw, once, why the last decision was not stored."""
    if (problem := st.session_state.pop(_PROBLEM, None)) is not None:
        st.error(problem)


def fill_absent(form: ReviewForm) -> None:
    """Set every class that is not judged to absent, in the form alone; "normal" stays open.

    That the other classes are absent does not make an ECG normal, nor abnormal: only the reader can say.
    """
    for one in form.questions:
        if one.label in NORMALS:
            continue
        if st.session_state[form.key(one.label)] == State.NOT_JUDGED:
            st.session_state[form.key(one.label)] = State.ABSENT


def _event(kind: EventKind, form: ReviewForm) -> ReviewEvent:
    """The journal's event of a form whose button of this kind is pressed.

    Raises:
        ReviewError: it cannot be kept; says why.
    """
    answers, stated, reader = form.answers(), form.stated(), reading.reader()
    comment = st.session_state[comment_key(form)].strip()
    model = stamp(form.card) if form.card is not None and form.findings is not None else None
    if kind is EventKind.READ:
        since = reading.note_opened(form.review)
        return ReviewEvent(form.review.record, kind, reader, None, answers, stated, comment, since=since)
    if kind in (EventKind.CONFIRMED, EventKind.EDITED):
        return ReviewEvent(form.review.record, kind, reader, model, answers, stated, comment)
    if kind is EventKind.COMMENTED and not comment:
        raise ReviewError("Type a comment first.")
    if kind is EventKind.SIGNED:
        _refuse_unsaved(answers, stated, form)
    return ReviewEvent(form.review.record, kind, reader, model, comment=comment)


def _refuse_unsaved(answers: tuple[ReviewAnswer, ...], stated: tuple[str, ...], form: ReviewForm) -> None:
    saved = {(one.task, one.label): one.state for one in form.review.answers}
    same = all(saved.get((one.task, one.label)) is one.state for one in answers)
    if form.review.is_confirmed and not (same and stated == form.review.statements):
        raise ReviewError("The form has unsaved changes. Save your edits, then sign.")


def _keep_calipers(form: ReviewForm, kind: EventKind) -> None:
    """Store the calipers; those of a first read stand beside those that others stored before."""
    own, stored = to_keep(), form.review.calipers
    wanted = (*stored, *(one for one in own if one not in stored)) if kind is EventKind.READ else own
    if wanted != stored:
        reading.journal().add(
            ReviewEvent(form.review.record, EventKind.CALIPERS, reading.reader(), calipers=wanted)
        )
    if kind is EventKind.READ:
        read_again()


def _label(answer: ReviewAnswer) -> str:
    """The class, and what the model says of it where that is to be seen."""
    if answer.probability is None or answer.models is None:
        return f"**{answer.label}**"
    mark = "▲" if answer.models is State.PRESENT else ""
    side = "≥" if answer.models is State.PRESENT else "<"
    return f"**{answer.label}** {mark} model {answer.probability:.2f} {side} {answer.threshold:.2f}"
