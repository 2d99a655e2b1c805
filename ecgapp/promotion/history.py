"""The history of the installed models: each change with its time, author, reason and model card.

Entries are added, never changed or deleted. An entry is written before its change is made, so that author
and reason survive a kill in between; it counts only after the change is made.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum

from ecgapp.config import Settings
from ecgapp.errors import ConfigError, ModelError
from ecgapp.models import ModelCard
from ecgapp.storage import documents
from ecgapp.storage.database import Database

LONGEST_WORDS = 300  # characters of a name or a reason

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    action TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    predictions_sha256 TEXT NOT NULL,
    card TEXT NOT NULL,
    installed INTEGER NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    run_id TEXT NOT NULL,
    place INTEGER  -- in the order in which the changes were made; NULL: not made, as far as is known
);
CREATE INDEX IF NOT EXISTS lines_of_name ON lines (name, id);
CREATE TRIGGER IF NOT EXISTS lines_stay BEFORE DELETE ON lines
    BEGIN SELECT RAISE(ABORT, 'lines are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS lines_keep_what_they_say
    BEFORE UPDATE OF
        id, time, action, name, sha256, predictions_sha256, card, installed, author, reason, run_id
    ON lines BEGIN SELECT RAISE(ABORT, 'lines are never changed'); END;
PRAGMA user_version = 1;
"""


class Action(StrEnum):
    """The kinds of changes of a model."""

    PROMOTED = "promoted"  # from a run
    IMPORTED = "imported"  # from another machine
    ROLLED_BACK = "rolled back"
    REMOVED = "removed"  # from use; its files stay
    DELETED = "deleted"  # the files of a version that was not in use
    FOUND = "found"  # in use without an entry: copied here by hand


@dataclass(frozen=True)
class Decision:
    """The author and the reason of a change; both are required.

    ``despite`` is the model's name, typed to promote it in spite of concerns.
    """

    by: str
    reason: str
    despite: str = ""

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise ModelError("Say who you are: the history of the models records who decided.")
        if not self.reason.strip():
            raise ModelError("Say in a few words why: the history of the models records the reason.")
        if max(len(self.by), len(self.reason)) > LONGEST_WORDS:
            raise ModelError(f"Give your name and the reason in at most {LONGEST_WORDS} characters each.")


@dataclass(frozen=True)
class HistoryEntry:
    """One change in the history; ``time`` is in seconds since 1970, UTC.

    ``card`` is the model card at that time as a JSON document. ``installed``: whether the card became this
    machine's model of its name; otherwise the shipped model of that name, if any, came into use.
    """

    action: str
    name: str
    sha256: str
    predictions_sha256: str
    card: str
    installed: bool
    author: str
    reason: str
    run_id: str = ""
    time: float = 0.0

    def read_card(self) -> ModelCard | None:
        """The card at that time; None if another version of the app wrote it."""
        try:
            return documents.load(ModelCard, self.card)
        except ConfigError:
            return None


_COLUMNS = tuple(field.name for field in fields(HistoryEntry))


def entry_of(action: Action, card: ModelCard, decision: Decision, run_id: str = "") -> HistoryEntry:
    """The entry for a change that makes ``card`` this machine's model of its name."""
    words = decision.by.strip(), decision.reason.strip()
    document = documents.dump(card)
    return HistoryEntry(
        action, card.name, card.sha256, card.predictions_sha256, document, True, *words, run_id
    )


class History:
    """The entries of the history in ``settings.home``, to which every process may add."""

    def __init__(self, settings: Settings) -> None:
        self._weights = settings.weights
        self._database = Database(settings.home / "models.sqlite", _SCHEMA, "The history of the models")

    def entries(self, name: str | None = None) -> tuple[HistoryEntry, ...]:
        """The changes that were made, the newest first, of one model or of all.

        Raises:
            StorageError: the history cannot be read.
        """
        query = "SELECT * FROM lines WHERE name = coalesce(?, name) ORDER BY place IS NULL DESC, place DESC"
        with self._database.read() as connection:
            rows = connection.execute(query, (name,)).fetchall()
            made = [row for row in rows if row["place"] is not None or self._was_made(connection, row)]
        return tuple(_line(row) for row in made)

    def change(self, entry: HistoryEntry, make: Callable[[], None]) -> None:
        """Add ``entry``, then call ``make``, which makes its change.

        Raises:
            StorageError: the entry cannot be written, or the change cannot be made.
        """
        with self._database.write() as connection:
            self._place_last(connection, entry.name)
            number = _insert(connection, entry)
        with self._database.write() as connection:  # one change at a time, in the order of the entries
            make()
            _place(connection, number)

    def add(self, entry: HistoryEntry) -> None:
        """Add an entry without a change of the model in use.

        Raises:
            StorageError: it cannot be written.
        """
        with self._database.write() as connection:
            _place(connection, _insert(connection, entry))

    def _place_last(self, connection: sqlite3.Connection, name: str) -> None:
        """Number the entry of a change that was made just before its process was killed."""
        row = connection.execute(_LAST, (name,)).fetchone()
        if row is not None and row["place"] is None and self._was_made(connection, row):
            _place(connection, row["id"])

    def _was_made(self, connection: sqlite3.Connection, row: sqlite3.Row) -> bool:
        """Whether an unnumbered entry is the last of its name and its change is in effect."""
        last = connection.execute(_LAST, (row["name"],)).fetchone()["id"]
        path = self._weights / f"{row['name']}.json"
        in_use = path.read_text(encoding="utf-8") if path.is_file() else ""
        return last == row["id"] and in_use == (row["card"] if row["installed"] else "")


_LAST = "SELECT * FROM lines WHERE name = ? ORDER BY id DESC LIMIT 1"


def _insert(connection: sqlite3.Connection, entry: HistoryEntry) -> int:
    values = vars(entry) | {"time": entry.time or time.time()}
    marks = ", ".join(f":{column}" for column in _COLUMNS)
    query = f"INSERT INTO lines ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - columns of our own
    return int(connection.execute(query, values).lastrowid or 0)


def _place(connection: sqlite3.Connection, number: int) -> None:
    last = "(SELECT coalesce(max(place), 0) + 1 FROM lines)"
    connection.execute(f"UPDATE lines SET place = {last} WHERE id = ?", (number,))  # noqa: S608 - our own


def _line(row: sqlite3.Row) -> HistoryEntry:
    values = {column: row[column] for column in _COLUMNS}
    return HistoryEntry(**values | {"installed": bool(row["installed"])})
