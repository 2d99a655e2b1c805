"""What happens to the review of an ECG: one event each, with who, when, what, and beside which model.

Nothing here says whose ECG it is: a record is its fingerprint, and what readers type is theirs.
"""

from dataclasses import dataclass
from enum import StrEnum

from ecgapp.errors import ConfigError, ReviewError
from ecgapp.models import ModelCard

LONGEST_NAME = 60  # characters of a reader's name or initials
LONGEST_STATEMENT = 80
MOST_STATEMENTS = 12
LONGEST_COMMENT = 2000


class Kind(StrEnum):
    """What was done."""

    OPENED = "opened"  # to be read before the model's output is shown
    READ = "read"  # that read was committed
    ALARMED = "alarmed"  # critical findings were shown to somebody who reads first; ``statements`` name them
    SHOWN = "shown"  # the model's output, to somebody who had read first
    CONFIRMED = "confirmed"  # what the model found
    EDITED = "edited"  # the reader's own answers
    COMMENTED = "commented"
    CALIPERS = "calipers"  # those that are kept from now on
    SIGNED = "signed"
    REOPENED = "reopened"  # signature and confirmation are taken back
    KEPT = "kept"  # the ECG itself, to train on
    FORGOTTEN = "forgotten"  # it is kept no longer


class State(StrEnum):
    """What a reader says of one finding."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_JUDGED = "not judged"

    @classmethod
    def from_document(cls, plain: str) -> "State":
        """Read it from a document.

        Raises:
            ConfigError: it is none of the three.
        """
        try:
            return cls(plain)
        except ValueError as error:
            raise ConfigError("A finding is present, absent or not judged.") from error


@dataclass(frozen=True)
class Stamp:
    """Beside which model: ``digest`` is the sha256 of its card, ``sha256`` that of its weights."""

    name: str
    task: str
    digest: str
    sha256: str


def stamp(card: ModelCard) -> Stamp:
    """That of a model."""
    return Stamp(card.name, card.purpose, card.digest, card.sha256)


@dataclass(frozen=True)
class Answer:
    """One class of one task. Probability and threshold are the model's at that time, None where unseen."""

    task: str
    label: str
    state: State
    probability: float | None = None
    threshold: float | None = None

    @property
    def models(self) -> State | None:
        """What the model said; None where its output was not there."""
        if self.probability is None or self.threshold is None:
            return None
        return State.PRESENT if self.probability >= self.threshold else State.ABSENT

    @property
    def is_judged(self) -> bool:
        """Whether the reader says present or absent."""
        return self.state is not State.NOT_JUDGED

    @property
    def agrees(self) -> bool:
        """Whether reader and model say the same; never where one of them said nothing."""
        return self.models is self.state

    @property
    def confirms(self) -> bool:
        """Whether it may stand in a confirmation of the model's findings.

        What the model found is present; what it did not find is absent or not judged.
        """
        return self.agrees or (self.models is State.ABSENT and not self.is_judged)


@dataclass(frozen=True)
class KeptCaliper:
    """A caliper under its name: seconds, mV from the lead's zero line, and on which tracing it was drawn."""

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
class Event:
    """One thing that somebody did; ``at`` (s since 1970) and ``number`` are the journal's to give.

    ``since`` is when the ECG was opened, where a read tells of it. A read's ``answers`` have no
    probabilities, for nobody had seen them. ``beside_normal`` are the labels that the reader explicitly
    confirmed to be present together with a label that says normal, that one included.

    Raises:
        ReviewError: nobody did it, or words are longer than they may be.
    """

    record: str
    kind: Kind
    by: str
    model: Stamp | None = None
    answers: tuple[Answer, ...] = ()
    statements: tuple[str, ...] = ()
    comment: str = ""
    calipers: tuple[KeptCaliper, ...] = ()
    since: float = 0.0
    beside_normal: tuple[str, ...] = ()
    at: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        if not self.by.strip() and self.kind not in (Kind.OPENED, Kind.ALARMED, Kind.SHOWN):
            raise ReviewError("Type your name or initials first: a review keeps who made it.")
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
    """Whether two names are one reader's: capitals and spaces do not count."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())
