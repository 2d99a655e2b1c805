"""The journal of all reviews: events are added, never changed or deleted, which SQLite enforces.

An event is on the disk when ``add`` returns, safe from a kill or a power cut.
"""

import sqlite3
import time
from dataclasses import dataclass, replace
from itertools import groupby

from ecgapp.config import Settings
from ecgapp.errors import ReviewError
from ecgapp.reviews.review import Review, fold, refuse_impossible
from ecgapp.reviews.review_events import EventKind, KeptCaliper, ReviewAnswer, ReviewEvent, Stamp
from ecgapp.reviews.review_words import moment
from ecgapp.storage import documents
from ecgapp.storage.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    record TEXT NOT NULL,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    author TEXT NOT NULL,
    model TEXT NOT NULL,
    task TEXT NOT NULL,
    card_sha256 TEXT NOT NULL,
    weights_sha256 TEXT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_record ON events (record, number);
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS events_keep_what_they_say BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_are_not_replaced BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE number = NEW.number)
    BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END;
PRAGMA user_version = 1;
"""
_INSERT = """
INSERT INTO events (record, time, kind, author, model, task, card_sha256, weights_sha256, content)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OF_RECORD = "SELECT * FROM events WHERE record = ? ORDER BY number"


@dataclass(frozen=True)
class _Content:
    """The content of an event, as it is stored."""

    answers: tuple[ReviewAnswer, ...] = ()
    statements: tuple[str, ...] = ()
    comment: str = ""
    calipers: tuple[KeptCaliper, ...] = ()
    since: float = 0.0
    beside_normal: tuple[str, ...] = ()


class Journal:
    """All events, in ``settings.home``, to which every process of the installation may add."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.home / "reviews.sqlite", _SCHEMA, "The list of reviews")

    def add(self, event: ReviewEvent, seen: int | None = None) -> ReviewEvent:
        """Store ``event``, and return it with its number and time.

        ``seen`` is the review's version on the reader's page, None to skip the comparison.

        Raises:
            ReviewError: the review has changed since, or ``event`` cannot be added to it.
            StorageError: it cannot be written.
        """
        with self.database.write() as connection:
            past = [_event(row) for row in connection.execute(_OF_RECORD, (event.record,))]
            review = fold(event.record, past)
            if seen is not None and seen != review.version:
                raise ReviewError(_moved_on(past, review))
            refuse_impossible(review, event)
            at = max(time.time(), past[-1].at if past else 0.0)  # a clock may be set back
            number = connection.execute(_INSERT, _values(replace(event, at=at))).lastrowid
        return replace(event, at=at, number=int(number or 0))

    def events(self, record: str | None = None) -> tuple[ReviewEvent, ...]:
        """The events of one record, or of all, the oldest first.

        Raises:
            StorageError: they cannot be read.
        """
        query, values = (_OF_RECORD, (record,)) if record else ("SELECT * FROM events ORDER BY number", ())
        with self.database.read() as connection:
            return tuple(_event(row) for row in connection.execute(query, values))

    def review(self, record: str) -> Review:
        """The review of one record; unconfirmed and empty if it has no events.

        Raises:
            StorageError: it cannot be read.
        """
        return fold(record, self.events(record))

    def reviews(self) -> tuple[Review, ...]:
        """All reviews, in the order of their records.

        Raises:
            StorageError: they cannot be read.
        """
        events = sorted(self.events(), key=lambda event: (event.record, event.number))
        return tuple(fold(record, group) for record, group in groupby(events, lambda event: event.record))


def _moved_on(past: list[ReviewEvent], review: Review) -> str:
    last = next((event for event in reversed(past) if event.number == review.version), None)
    how = f": {last.kind} by {last.by} at {moment(last.at)}" if last else ""  # an older list was restored
    return (
        f"This review has changed since your page was drawn{how}. "
        "Your entries were not saved. Look at the review as it is now, and decide again."
    )


def _values(event: ReviewEvent) -> tuple[object, ...]:
    model = event.model or Stamp("", "", "", "")
    typed = (event.answers, event.statements, event.comment, event.calipers)
    content = _Content(*typed, event.since, event.beside_normal)
    stamped = (model.name, model.task, model.digest, model.sha256)
    return (event.record, event.at, event.kind, event.by, *stamped, documents.dump(content))


def _event(row: sqlite3.Row) -> ReviewEvent:
    model = Stamp(row["model"], row["task"], row["card_sha256"], row["weights_sha256"])
    content = vars(documents.load(_Content, row["content"]))
    known = model if model.digest else None
    stored = {"model": known, "at": row["time"], "number": row["number"]}
    return ReviewEvent(row["record"], EventKind(row["kind"]), row["author"], **stored, **content)
