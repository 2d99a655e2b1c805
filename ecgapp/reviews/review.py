"""The present state of a review: a pure fold over its events. The same events always give the same review."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce

from ecgapp.errors import ConfigError, ReviewError
from ecgapp.reviews.review_events import Answer, Event, KeptCaliper, Kind, Stamp, same_reader
from ecgapp.reviews.review_words import beside_normal, in_a_row, moment, verdict

# These change nothing that another reader decides on.
QUIET = frozenset({Kind.OPENED, Kind.ALARMED, Kind.SHOWN, Kind.CALIPERS, Kind.KEPT, Kind.FORGOTTEN})


class Status(StrEnum):
    """What the findings of an ECG are worth."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    EDITED = "edited"
    AMENDED = "amended"  # changed after it had been signed

    @classmethod
    def from_document(cls, plain: str) -> "Status":
        """Read it from a document.

        Raises:
            ConfigError: it is none of them.
        """
        try:
            return cls(plain)
        except ValueError as error:
            raise ConfigError("A review is unconfirmed, confirmed, edited or amended.") from error


@dataclass(frozen=True)
class Comment:
    """Free text of a reader."""

    by: str
    at: float
    text: str


@dataclass(frozen=True)
class Read:
    """A read made before the model's output was shown, and that output as it was shown then.

    ``opened``, ``committed`` and ``shown`` are s since 1970; ``shown`` is 0 until it was.
    """

    by: str
    opened: float
    committed: float
    answers: tuple[Answer, ...]
    statements: tuple[str, ...]
    shown: float = 0.0
    output: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class Signature:
    """Who stands for the review, and since when."""

    by: str
    at: float


@dataclass(frozen=True)
class Review:
    """All that readers said of one ECG. ``version`` is the number of the last event that changed it.

    ``answered`` is the number of the event that gave the answers, ``by`` and ``at`` are its author and time.
    ``decided`` names the tasks whose answers a reader confirmed or edited, and did not withdraw since.
    ``beside_normal`` are the labels that a reader confirmed to be present together with one that says normal.
    """

    record: str
    version: int = 0
    answered: int = 0
    status: Status = Status.UNCONFIRMED
    by: str = ""
    at: float = 0.0
    model: Stamp | None = None
    answers: tuple[Answer, ...] = ()
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
        """Whether a reader stands behind the answers: confirmed, edited or amended."""
        return self.status is not Status.UNCONFIRMED

    @property
    def standing(self) -> tuple[Answer, ...]:
        """The answers that a reader stands behind: none of a task that was only read, or withdrawn."""
        return tuple(answer for answer in self.answers if answer.task in self.decided)

    @property
    def word(self) -> str:
        """Its status, and whether it is signed."""
        return f"{self.status}, signed" if self.signature is not None else str(self.status)

    @property
    def words(self) -> str:
        """Status, who and when, in a line."""
        if not self.is_confirmed:
            return str(Status.UNCONFIRMED)
        told = f"{self.status} by {self.by} at {moment(self.at)}"
        if self.signature is None:
            return told
        return f"{told}, signed by {self.signature.by} at {moment(self.signature.at)}"

    def answer(self, task: str, label: str) -> Answer | None:
        """What was said last of a class."""
        return next((one for one in self.answers if (one.task, one.label) == (task, label)), None)

    def read_by(self, reader: str) -> Read | None:
        """The read that this reader committed before the model's output was shown."""
        return next((read for read in self.reads if same_reader(read.by, reader)), None)

    def status_of(self, task: str, label: str, positive: bool) -> str:
        """A word or two for one row of the findings, of which the model now says ``positive``."""
        answer = self.answer(task, label)
        if task not in self.decided or answer is None:
            return str(Status.UNCONFIRMED)
        return verdict(answer.state, positive)


def fold(record: str, events: Iterable[Event]) -> Review:
    """The review of ``record`` after ``events``, the oldest first."""
    return reduce(after, events, Review(record))


def after(review: Review, event: Event) -> Review:
    """The review once ``event`` has happened to it."""
    changed = _STEPS.get(event.kind, _nothing)(review, event)
    if event.comment:
        changed = replace(changed, comments=(*changed.comments, Comment(event.by, event.at, event.comment)))
    return changed if event.kind in QUIET else replace(changed, version=event.number)


def unconfirmed_beside_normal(review: Review, event: Event) -> tuple[str, ...]:
    """The labels that ``event`` would leave present together with a normal one, unless that is confirmed.

    A first read counts for itself: it is independent of what stands in the review.
    """
    if event.kind is Kind.READ:
        found, known = beside_normal(event.answers), event.beside_normal
    elif event.kind in (Kind.CONFIRMED, Kind.EDITED, Kind.SIGNED):
        changed = after(review, event)
        found, known = beside_normal(changed.standing), changed.beside_normal
    else:
        return ()
    return () if set(found) <= set(known) else found


def refuse_impossible(review: Review, event: Event) -> None:
    """
    Raises:
        ReviewError: ``event`` cannot happen to this review; the message says why.
    """
    if event.kind is Kind.READ and review.read_by(event.by) is not None:
        raise ReviewError("You have committed your read of this ECG already. Edit it instead.")
    if event.kind in (Kind.CONFIRMED, Kind.EDITED):
        _refuse_empty(event)
    if event.kind is Kind.SIGNED and not review.is_confirmed:
        raise ReviewError("Confirm the findings, or save your edits, before you sign.")
    if event.kind is Kind.SIGNED and review.signature is not None:
        raise ReviewError("This review is signed already.")
    if event.kind is Kind.REOPENED and not review.is_confirmed:
        raise ReviewError("There is nothing to withdraw: these findings are unconfirmed.")
    if labels := unconfirmed_beside_normal(review, event):
        raise ReviewError(
            f"{in_a_row(labels)} are called present together, though one says that the ECG is normal. "
            "Change one of them, or confirm that you mean all of them."
        )


def _refuse_empty(event: Event) -> None:
    """
    Raises:
        ReviewError: the event judges nothing, or confirms what the model does not say.
    """
    if not any(answer.is_judged for answer in event.answers) and not event.statements:
        raise ReviewError(
            "Nothing is judged yet. Choose present or absent for a class, or set all others absent."
        )
    if event.kind is Kind.CONFIRMED and not all(answer.confirms for answer in event.answers):
        raise ReviewError(
            "Your answers are not the model's. "
            "Save them as your edits, or set them back to confirm the model's."
        )


def _read(review: Review, event: Event) -> Review:
    """The read is kept as it is; the review's answers are its, until somebody has confirmed others."""
    read = Read(event.by, event.since, event.at, event.answers, event.statements)
    review = replace(review, reads=(*review.reads, read))
    return review if review.is_confirmed else _answered(review, event)


def _shown(review: Review, event: Event) -> Review:
    reads = tuple(
        replace(read, shown=event.at, output=event.answers)
        if same_reader(read.by, event.by) and not read.shown
        else read
        for read in review.reads
    )
    return replace(review, reads=reads)


def _decided(review: Review, event: Event) -> Review:
    status = Status.CONFIRMED if event.kind is Kind.CONFIRMED else Status.EDITED
    status = Status.AMENDED if review.was_signed else status
    tasks = dict.fromkeys((*review.decided, *(answer.task for answer in event.answers)))
    return replace(_answered(review, event), status=status, decided=tuple(tasks), signature=None)


def _answered(review: Review, event: Event) -> Review:
    """The event's answers stand before older ones of the same classes; other tasks' stay."""
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


def _signed(review: Review, event: Event) -> Review:
    both = event.beside_normal or review.beside_normal
    return replace(review, signature=Signature(event.by, event.at), was_signed=True, beside_normal=both)


def _reopened(review: Review, event: Event) -> Review:
    return replace(review, status=Status.UNCONFIRMED, decided=(), signature=None)


def _nothing(review: Review, event: Event) -> Review:
    return review


_STEPS: dict[Kind, Callable[[Review, Event], Review]] = {
    Kind.READ: _read,
    Kind.SHOWN: _shown,
    Kind.CONFIRMED: _decided,
    Kind.EDITED: _decided,
    Kind.SIGNED: _signed,
    Kind.REOPENED: _reopened,
    Kind.CALIPERS: lambda review, event: replace(review, calipers=event.calipers),
    Kind.KEPT: lambda review, event: replace(review, kept=True),
    Kind.FORGOTTEN: lambda review, event: replace(review, kept=False),
}
