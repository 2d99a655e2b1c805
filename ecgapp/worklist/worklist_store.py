"""The worklist on disk: its items in SQLite, their samples in the archive.

Pages, the thread that takes records in and the scorers' processes all work on it, each in short transactions.
An ECG is listed before its samples are stored, so no samples are stored that are not listed. Samples are
stored and deleted only while this list is locked, so that none is deleted which another process begins to
need.
"""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.records.archive import Archive
from ecgapp.storage.database import Database
from ecgapp.worklist import item as states
from ecgapp.worklist.item import Item
from ecgapp.worklist.item_rows import DETAILS, SCHEMA, ItemDetails, add_judgements, delete_details, item_of

_ARRIVAL_SECONDS = 60.0  # longer than it takes to keep one ECG


@dataclass(frozen=True)
class ScoringProgress:
    """The number of items, and of those still to be scored."""

    total: int
    waiting: int

    @property
    def done(self) -> int:
        return self.total - self.waiting


class Worklist:
    """The items of this installation, and the archive that holds their samples."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(
            settings.worklist / "worklist.sqlite3", SCHEMA, "The worklist", {1: add_judgements}
        )
        self.archive = Archive(settings)

    def new_batch(self) -> int:
        """The number of the next drop."""
        with self.database.read() as connection:
            return int(connection.execute("SELECT COALESCE(MAX(batch), 0) + 1 FROM items").fetchone()[0])

    def add(self, record: ECGRecord, batch: int, size: int, wanted: str) -> tuple[int, bool]:
        """List ``record``, store its samples, and let it wait for the classifier ``wanted``.

        Returns:
            Its number, and whether it is new: the same ECG is listed once, whatever its file is called.

        Raises:
            ArchiveError: the samples cannot be stored.
            StorageError: the list cannot be written.
        """
        key = fingerprint(record)
        with self.database.write() as connection:
            listed = connection.execute("SELECT number FROM items WHERE record_key = ?", (key,)).fetchone()
            if listed is not None:
                return int(listed[0]), False
            line = (batch, key, size, record.signal.nbytes, record.duration, states.ARRIVING, time.time())
            number = connection.execute(
                "INSERT INTO items (batch, record_key, size, kept, duration, state, added, wanted) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*line, wanted),
            ).lastrowid
        try:
            self._keep(record, number or 0)
        except ArchiveError:  # whatever else breaks it off, ``settle`` sees what was kept
            with self.database.write() as connection:
                connection.execute("DELETE FROM items WHERE number = ?", (number,))
            raise
        return number or 0, True

    def _keep(self, record: ECGRecord, number: int) -> None:
        """Keep the samples, unless the line was deleted or settled meanwhile."""
        with self.alone() as connection:
            row = connection.execute("SELECT state FROM items WHERE number = ?", (number,)).fetchone()
            if row is not None and row["state"] == states.ARRIVING:
                self.archive.keep(record)
                _set_state(connection, number, states.WAITING)

    @contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """Lock the list: no other process lists, stores or deletes meanwhile.

        Raises:
            StorageError: the list cannot be written.
        """
        with self.database.write(durable=False) as connection:
            yield connection

    def add_unreadable(self, batch: int, size: int, sentence: str) -> int:
        """List files that are no ECG, with the sentence that says why; nothing of them is stored."""
        with self.database.write() as connection:
            number = connection.execute(
                "INSERT INTO items (batch, size, state, added, sentence) VALUES (?, ?, ?, ?, ?)",
                (batch, size, states.UNREADABLE, time.time(), sentence),
            ).lastrowid
        return number or 0

    def items(self) -> tuple[Item, ...]:
        """All items, by number."""
        with self.database.read() as connection:
            connection.execute("BEGIN")
            details = ItemDetails(connection)
            rows = connection.execute("SELECT * FROM items ORDER BY number").fetchall()
        return tuple(item_of(row, details) for row in rows)

    def item(self, number: int) -> Item | None:
        """The item of this number, or None where it was deleted."""
        with self.database.read() as connection:
            row = connection.execute("SELECT * FROM items WHERE number = ?", (number,)).fetchone()
            details = ItemDetails(connection, number)
        return None if row is None else item_of(row, details)

    def __contains__(self, key: str) -> bool:
        """Whether the ECG of this key is on the list, so that its samples are needed."""
        with self.database.read() as connection:
            row = connection.execute("SELECT 1 FROM items WHERE record_key = ?", (key,)).fetchone()
        return row is not None

    def progress(self) -> ScoringProgress:
        """The number of items, and of those still to be scored."""
        with self.database.read() as connection:
            total, waiting = connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(state IN (?, ?)), 0) FROM items",
                (states.WAITING, states.ARRIVING),
            ).fetchone()
        return ScoringProgress(int(total), int(waiting))

    def mark_opened(self, number: int) -> None:
        """Record that a reader opened the item."""
        with self.database.write(durable=False) as connection:
            connection.execute("UPDATE items SET opened = ? WHERE number = ?", (time.time(), number))

    def score_again(self, wanted: str) -> None:
        """Let every ECG wait for the classifier ``wanted``; former outcomes are deleted."""
        with self.database.write() as connection:
            for table in DETAILS:
                which = "item IN (SELECT number FROM items WHERE record_key != '')"
                connection.execute(f"DELETE FROM {table} WHERE {which}")  # noqa: S608
            connection.execute(
                "UPDATE items SET state = ?, wanted = ?, taker = '', tries = 0, scored = NULL, model = '', "
                "digest = '', sha256 = '', sentence = '', quality = '', heart_rate = NULL "
                "WHERE record_key != '' AND state != ?",
                (states.WAITING, wanted, states.ARRIVING),
            )

    def settle(self) -> None:
        """Settle items whose arrival was interrupted: waiting if their samples are stored, else unreadable.

        Raises:
            ArchiveError: what a kill left of samples cannot be removed.
            StorageError: the list cannot be written.
        """
        with self.database.write() as connection:
            self.archive.remove_unfinished()
            rows = connection.execute(
                "SELECT number, record_key FROM items WHERE state = ? AND added < ?",
                (states.ARRIVING, time.time() - _ARRIVAL_SECONDS),
            ).fetchall()
            for number, key in rows:
                stored = key in self.archive
                _set_state(connection, number, states.WAITING if stored else states.UNREADABLE)
                if not stored:
                    sentence = "Taking it in was broken off. Delete this line and drop the file again."
                    connection.execute(
                        "UPDATE items SET sentence = ?, record_key = '', kept = 0 WHERE number = ?",
                        (sentence, number),
                    )

    def delete(self, numbers: Collection[int], needed: Callable[[], Collection[str]] = tuple) -> int:
        """Delete items from the list, and their samples.

        Samples whose key is among ``needed()`` are kept, as something else on this machine needs them.

        Returns:
            How many bytes that frees.

        Raises:
            ArchiveError: samples cannot be deleted; the list is as it was.
            StorageError: the list cannot be written.
        """
        with self.database.write() as connection:
            spared, freed = set(needed()), 0
            for number in numbers:
                row = connection.execute(
                    "SELECT record_key FROM items WHERE number = ?", (number,)
                ).fetchone()
                delete_details(connection, number)
                connection.execute("DELETE FROM items WHERE number = ?", (number,))
                if row is not None and row["record_key"] and row["record_key"] not in spared:
                    freed += self.archive.delete(row["record_key"])
        return freed


def _set_state(connection: sqlite3.Connection, number: int, state: str) -> None:
    connection.execute("UPDATE items SET state = ? WHERE number = ?", (state, number))
