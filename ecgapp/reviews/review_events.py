"""The events of a review: each with its author, time, kind, content and model.

An event does not identify the patient: a record is named by its fingerprint. Text that readers type is
stored as it is.
"""

from dataclasses import dataclass
from enum import StrEnum

from ecgapp.errors import ConfigError, ReviewError
from ecgapp.models import ModelCard

LONGEST_NAME = 60  # characters of a reader's name or initials
LONGEST_STATEMENT = 80
MOST_STATEMENTS = 12
LONGEST_COMMENT = 2000


class EventKind(StrEnum):
    """The kinds of events."""

    OPENED = "opened"  # in read-first mode
    READ = "read"  # a read was committed before the model's output was shown
    ALARMED = "alarmed"  # critical findings were shown in read-first mode; ``statements`` name them
    SHOWN = "shown"  # the model's output was shown after the read
    CONFIRMED = "confirmed"  # the model's findings
    EDITED = "edited"  # the reader's own answers
    COMMENTED = "commented"
    CALIPERS = "calipers"  # the stored calipers from now on
    SIGNED = "signed"
    REOPENED = "reopened"  # signature and confirmation were withdrawn
    KEPT = "kept"  # the ECG was stored for training
    FORGOTTEN = "forgotten"  # it is not stored for training any more


class State(StrEnum):
    """A reader's answer on one finding."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_JUDGED = "not judged"

    @classmethod
    def from_document(cls, plain: str) -> "State":
        """The state from its text in a document.

        Raises:
            ConfigError: there is no such state.
        """
        try:
            return cls(plain)
        except ValueError as error:
            raise ConfigError("A finding is present, absent or not judged.") from error


@dataclass(frozen=True)
class Stamp:
    """The identity of a model.

    ``digest`` is the sha256 of its card, ``sha256`` that of its weights.
    """

    name: str
    task: str
    digest: str
    sha256: str


def stamp(card: ModelCard) -> Stamp:
    """The identity of the model of ``card``."""
    return Stamp(card.name, card.purpose, card.digest, card.sha256)


@dataclass(frozen=True)
class ReviewAnswer:
    """A reader's answer on one class of one task.

    Probability and threshold are the model's at that time, None if the reader had not seen them.
    """

    task: str
    label: str
    state: State
    probability: float | None = None
    threshold: float | None = None

    @property
    def models(self) -> State | None:
        """The model's result; None if the reader had not seen it."""
        if self.probability is None or self.threshold is None:
            return None
        return State.PRESENT if self.probability >= self.threshold else State.ABSENT

    @property
    def is_judged(self) -> bool:
        """Whether the answer is present or absent."""
        return self.state is not State.NOT_JUDGED

    @property
    def agrees(self) -> bool:
        """Whether reader and model agree; False if one of them gave no result."""
        return self.models is self.state

    @property
    def confirms(self) -> bool:
        """Whether the answer may be part of a confirmation of the model's findings.

        Positive classes must be present; negative ones absent or not judged.
        """
        return self.agrees or (self.models is State.ABSENT and not self.is_judged)


@dataclass(frozen=True)
class KeptCaliper:
    """A stored caliper: seconds, mV from the lead's zero line, and the filter of the tracing."""

    name: str
    lead: str
    start: float
    stop: float
    bottom: float
    top: float
    lowest: float | None
    highest: float | None
    filter: str


@dataclass(frozen=True)
class ReviewEvent:
    """One event of a review; the journal sets ``at`` (s since 1970) and ``number``.

    ``since`` is the time when the ECG was opened, in the event of a read. A read's ``answers`` have no
    probabilities, because the reader had not seen them. ``beside_normal`` are the labels that the reader
    explicitly confirmed to be present together with a normal label, including that one.

    Raises:
        ReviewError: there is no author, or a text is too long.
    """

    record: str
    kind: EventKind
    by: str
    model: Stamp | None = None
    answers: tuple[ReviewAnswer, ...] = ()
    statements: tuple[str, ...] = ()
    comment: str = ""
    calipers: tuple[KeptCaliper, ...] = ()
    since: float = 0.0
    beside_normal: tuple[str, ...] = ()
    at: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        if not self.by.strip() and self.kind not in (EventKind.OPENED, EventKind.ALARMED, EventKind.SHOWN):
            raise ReviewError("Type your name or initials first: a review records who made it.")
        if len(self.by) > LONGEST_NAME:
            raise ReviewError(f"Give your name in at most {LONGEST_NAME} characters.")
        if len(self.comment) > LONGEST_COMMENT:
            raise ReviewError(f"A comment has at most {LONGEST_COMMENT:,} characters. Shorten it.")
        if len(self.statements) > MOST_STATEMENTS or any(
            len(statement) > LONGEST_STATEMENT for statement in self.statements
        ):
            raise ReviewError(
                f"There are at most {MOST_STATEMENTS} further statements, "
                f"of {LONGEST_STATEMENT} characters each. Put the rest into the comment."
            )


def same_reader(one: str, other: str) -> bool:
    """Whether two names belong to one reader; capitals and spaces do not count."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
