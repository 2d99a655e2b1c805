"""The state of a review, computed from its events; equal events always give equal reviews."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from ecgapp.errors import ConfigError, ReviewError
from ecgapp.reviews.review_events import EventKind, KeptCaliper, ReviewAnswer, ReviewEvent, Stamp, same_reader
from ecgapp.reviews.review_words import beside_normal, in_a_row, moment, verdict

# Events after which another reader's open form is still current.
QUIET = frozenset(
    {
        EventKind.OPENED,
        EventKind.ALARMED,
        EventKind.SHOWN,
        EventKind.CALIPERS,
        EventKind.KEPT,
        EventKind.FORGOTTEN,
    }
)


class Status(StrEnum):
    """The status of an ECG's findings."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    EDITED = "edited"
    AMENDED = "amended"  # changed after it had been signed

    @classmethod
    def from_document(cls, plain: str) -> "Status":
        """The status from its text in a document.

        Raises:
            ConfigError: there is no such status.
        """
        try:
            return cls(plain)
        except ValueError as error:
            raise ConfigError("A review is unconfirmed, confirmed, edited or amended.") from error


@dataclass(frozen=True)
class Comment:
    """A reader's comment; ``at`` is in s since 1970."""

    by: str
    at: float
    text: str


@dataclass(frozen=True)
class Read:
    """A reading committed before the model's output was shown, and the output shown afterwards.

    ``opened``, ``committed`` and ``shown`` are s since 1970; ``shown`` is 0 if the output was not shown.
    """

    by: str
    opened: float
    committed: float
    answers: tuple[ReviewAnswer, ...]
    statements: tuple[str, ...]
    shown: float = 0.0
    output: tuple[ReviewAnswer, ...] = ()


@dataclass(frozen=True)
class Signature:
    """A reader's signature under a review; ``at`` is in s since 1970."""

    by: str
    at: float


@dataclass(frozen=True)
class Review:
    """The review of one ECG by all readers. ``version`` is the number of the last event that changed it.

    ``answered`` is the number of the event that set the answers, ``by`` and ``at`` are its author and time.
    ``decided`` are the tasks whose answers a reader confirmed or edited, and did not withdraw since.
    ``beside_normal`` are the labels that a reader confirmed to be present together with a normal label.
    """

    record: str
    version: int = 0
    answered: int = 0
    status: Status = Status.UNCONFIRMED
    by: str = ""
    at: float = 0.0
    model: Stamp | None = None
    answers: tuple[ReviewAnswer, ...] = ()
    decided: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    comments: tuple[Comment, ...] = ()
    calipers: tuple[KeptCaliper, ...] = ()
    beside_normal: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    signature: Signature | None = None
    was_signed: bool = False
    kept: bool = False

    @property
    def is_confirmed(self) -> bool:
        """Whether a reader has confirmed, edited or amended the answers."""
        return self.status is not Status.UNCONFIRMED

    @property
    def standing(self) -> tuple[ReviewAnswer, ...]:
        """The answers of tasks confirmed or edited, and not withdrawn since."""
        return tuple(answer for answer in self.answers if answer.task in self.decided)

    @property
    def word(self) -> str:
        """The status, and whether the review is signed."""
        return f"{self.status}, signed" if self.signature is not None else str(self.status)

    @property
    def words(self) -> str:
        """Status, author and time in one line."""
        if not self.is_confirmed:
            return str(Status.UNCONFIRMED)
        line = f"{self.status} by {self.by} at {moment(self.at)}"
        if self.signature is None:
            return line
        return f"{line}, signed by {self.signature.by} at {moment(self.signature.at)}"

    def answer(self, task: str, label: str) -> ReviewAnswer | None:
        """The last answer on one class."""
        return next((one for one in self.answers if (one.task, one.label) == (task, label)), None)

    def read_by(self, reader: str) -> Read | None:
        """The read that ``reader`` committed before the model's output was shown."""
        return next((read for read in self.reads if same_reader(read.by, reader)), None)

    def status_of(self, task: str, label: str, positive: bool) -> str:
        """The status of one row of the findings, for which the model's result is ``positive``."""
        answer = self.answer(task, label)
        if task not in self.decided or answer is None:
            return str(Status.UNCONFIRMED)
        return verdict(answer.state, positive)


def fold(record: str, events: Iterable[ReviewEvent]) -> Review:
    """The review of ``record`` after ``events``, the oldest first."""
    return reduce(after, events, Review(record))


def after(review: Review, event: ReviewEvent) -> Review:
    """The review after ``event``."""
    step = _STEPS.get(event.kind)
    changed = review if step is None else step(review, event)
    if event.comment:
        changed = replace(changed, comments=(*changed.comments, Comment(event.by, event.at, event.comment)))
    return changed if event.kind in QUIET else replace(changed, version=event.number)


def unconfirmed_beside_normal(review: Review, event: ReviewEvent) -> tuple[str, ...]:
    """The labels present together with a normal one after ``event``, unless that is confirmed.

    A first read is independent of the review's answers.
    """
    if event.kind is EventKind.READ:
        labels, known = beside_normal(event.answers), event.beside_normal
    elif event.kind in (EventKind.CONFIRMED, EventKind.EDITED, EventKind.SIGNED):
        changed = after(review, event)
        labels, known = beside_normal(changed.standing), changed.beside_normal
    else:
        return ()
    return () if set(labels) <= set(known) else labels


def refuse_impossible(review: Review, event: ReviewEvent) -> None:
    """Check that ``event`` can be added to ``review``.

    Raises:
        ReviewError: it cannot; the message says why.
    """
    if event.kind is EventKind.READ and review.read_by(event.by) is not None:
        raise ReviewError("You have already saved your reading of this ECG. Edit it instead.")
    if event.kind in (EventKind.CONFIRMED, EventKind.EDITED):
        _refuse_empty(event)
    if event.kind is EventKind.SIGNED and not review.is_confirmed:
        raise ReviewError("Confirm the findings, or save your edits, before you sign.")
    if event.kind is EventKind.SIGNED and review.signature is not None:
        raise ReviewError("This review is signed already.")
    if event.kind is EventKind.REOPENED and not review.is_confirmed:
        raise ReviewError("There is nothing to withdraw: these findings are unconfirmed.")
    if labels := unconfirmed_beside_normal(review, event):
        raise ReviewError(
            f"You marked {in_a_row(labels)} as present, but one of them means a normal ECG. "
            "Change one, or confirm all."
        )


def _refuse_empty(event: ReviewEvent) -> None:
    """Check that ``event`` judges something, and confirms only the model's own findings.

    Raises:
        ReviewError: it does not.
    """
    if not any(answer.is_judged for answer in event.answers) and not event.statements:
        raise ReviewError("No class is judged yet. Mark at least one as present or absent.")
    if event.kind is EventKind.CONFIRMED and not all(answer.confirms for answer in event.answers):
        raise ReviewError(
            "Your answers differ from the model's. "
            'Press "Save my edits", or restore the model\'s answers and confirm them.'
        )


def _read(review: Review, event: ReviewEvent) -> Review:
    """The review with a new read, whose answers are the review's unless others are confirmed."""
    read = Read(event.by, event.since, event.at, event.answers, event.statements)
    review = replace(review, reads=(*review.reads, read))
    return review if review.is_confirmed else _answered(review, event)


def _with_shown_output(review: Review, event: ReviewEvent) -> Review:
    reads = tuple(
        replace(read, shown=event.at, output=event.answers)
        if same_reader(read.by, event.by) and not read.shown
        else read
        for read in review.reads
    )
    return replace(review, reads=reads)


def _decided(review: Review, event: ReviewEvent) -> Review:
    status = Status.CONFIRMED if event.kind is EventKind.CONFIRMED else Status.EDITED
    status = Status.AMENDED if review.was_signed else status
    tasks = dict.fromkeys((*review.decided, *(answer.task for answer in event.answers)))
    return replace(_answered(review, event), status=status, decided=tuple(tasks), signature=None)


def _answered(review: Review, event: ReviewEvent) -> Review:
    """The review with the event's answers in the place of older ones of the same classes."""
    fresh = {(answer.task, answer.label) for answer in event.answers}
    others = tuple(answer for answer in review.answers if (answer.task, answer.label) not in fresh)
    return replace(
        review,
        answers=(*others, *event.answers),
        statements=event.statements,
        beside_normal=event.beside_normal,
        answered=event.number,
        by=event.by,
        at=event.at,
        model=event.model,
    )


def _signed(review: Review, event: ReviewEvent) -> Review:
    both = event.beside_normal or review.beside_normal
    return replace(review, signature=Signature(event.by, event.at), was_signed=True, beside_normal=both)


_STEPS: dict[EventKind, Callable[[Review, ReviewEvent], Review]] = {
    EventKind.READ: _read,
    EventKind.SHOWN: _with_shown_output,
    EventKind.CONFIRMED: _decided,
    EventKind.EDITED: _decided,
    EventKind.SIGNED: _signed,
    EventKind.REOPENED: lambda review, event: replace(
        review, status=Status.UNCONFIRMED, decided=(), signature=None
    ),
    EventKind.CALIPERS: lambda review, event: replace(review, calipers=event.calipers),
    EventKind.KEPT: lambda review, event: replace(review, kept=True),
    EventKind.FORGOTTEN: lambda review, event: replace(review, kept=False),
}
