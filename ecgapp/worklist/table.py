"""The worklist on disk: one SQLite table of items, one of their scores. No names, no samples, no paths.

Pages, the thread that takes records in and the scorers' processes all work on it, each in short transactions.
An ECG is listed before its samples are kept, so nothing is ever kept that is not listed.
"""

import sqlite3
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ecgapp.archive import Archive
from ecgapp.config import Settings
from ecgapp.jobs.database import Database
from ecgapp.records import ECGRecord, fingerprint
from ecgapp.worklist import item as states
from ecgapp.worklist.item import Item, LabelScore, ModelUsed, Outcome

SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    batch INTEGER NOT NULL,
    record_key TEXT NOT NULL DEFAULT '',
    size INTEGER NOT NULL,
    kept INTEGER NOT NULL DEFAULT 0,
    duration REAL NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    added REAL NOT NULL,
    scored REAL,
    opened REAL,
    wanted TEXT NOT NULL DEFAULT '',
    taker TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL DEFAULT '',
    digest TEXT NOT NULL DEFAULT '',
    sha256 TEXT NOT NULL DEFAULT '',
    heart_rate REAL,
    quality TEXT NOT NULL DEFAULT '',
    sentence TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS one_line_an_ecg ON items (record_key) WHERE record_key != '';
CREATE INDEX IF NOT EXISTS items_by_state ON items (state, taker);
CREATE TABLE IF NOT EXISTS scores (
    item INTEGER NOT NULL,
    place INTEGER NOT NULL,
    label TEXT NOT NULL,
    probability REAL NOT NULL,
    threshold REAL NOT NULL,
    spread REAL NOT NULL,
    PRIMARY KEY (item, place)
) WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_ARRIVAL_SECONDS = 60.0  # longer than it takes to keep one ECG


@dataclass(frozen=True)
class Progress:
    """How many items there are, and how many of them are still to be scored."""

    total: int
    waiting: int

    @property
    def done(self) -> int:
        return self.total - self.waiting


class Worklist:
    """The items of this installation, and the archive that holds their samples."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.worklist / "worklist.sqlite3", SCHEMA, "The worklist")
        self.archive = Archive(settings)

    def new_batch(self) -> int:
        """The number of the next drop."""
        with self.database.read() as connection:
            return int(connection.execute("SELECT COALESCE(MAX(batch), 0) + 1 FROM items").fetchone()[0])

    def add(self, record: ECGRecord, batch: int, size: int, wanted: str) -> tuple[int, bool]:
        """List ``record``, keep its samples, and let it wait for the classifier ``wanted``.

        Its number, and whether it is new: the same ECG is listed once, whatever its file is called.

        Raises:
            ArchiveError: the samples cannot be kept.
            JobError: the list cannot be written.
        """
        key = fingerprint(record)
        with self.database.write() as connection:
            found = connection.execute("SELECT number FROM items WHERE record_key = ?", (key,)).fetchone()
            if found is not None:
                return int(found[0]), False
            line = (batch, key, size, record.signal.nbytes, record.duration, states.ARRIVING, time.time())
            number = connection.execute(
                "INSERT INTO items (batch, record_key, size, kept, duration, state, added, wanted) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*line, wanted),
            ).lastrowid
        try:
            self.archive.keep(record)
        except BaseException:
            self.delete([number or 0])
            raise
        with self.database.write(durable=False) as connection:
            _set_state(connection, number or 0, states.WAITING)
        return number or 0, True

    def add_unreadable(self, batch: int, size: int, sentence: str) -> int:
        """List files that are no ECG, with the sentence that says why; nothing of them is kept."""
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
            scores: dict[int, list[LabelScore]] = {}
            for row in connection.execute("SELECT * FROM scores ORDER BY item, place"):
                scores.setdefault(row["item"], []).append(_score_of(row))
            rows = connection.execute("SELECT * FROM items ORDER BY number").fetchall()
        return tuple(_item_of(row, tuple(scores.get(row["number"], ()))) for row in rows)

    def item(self, number: int) -> Item | None:
        """The item of this number, or None where it was deleted."""
        with self.database.read() as connection:
            row = connection.execute("SELECT * FROM items WHERE number = ?", (number,)).fetchone()
            found = connection.execute("SELECT * FROM scores WHERE item = ? ORDER BY place", (number,))
            scores = tuple(_score_of(line) for line in found)
        return None if row is None else _item_of(row, scores)

    def __contains__(self, key: str) -> bool:
        """Whether the ECG of this key is on the list, so that its samples are needed."""
        with self.database.read() as connection:
            found = connection.execute("SELECT 1 FROM items WHERE record_key = ?", (key,)).fetchone()
        return found is not None

    def progress(self) -> Progress:
        """How far the scoring is."""
        with self.database.read() as connection:
            total, waiting = connection.execute(
                "SELECT COUNT(*), COALESCE(SUM(state IN (?, ?)), 0) FROM items",
                (states.WAITING, states.ARRIVING),
            ).fetchone()
        return Progress(int(total), int(waiting))

    def mark_opened(self, number: int) -> None:
        """Somebody looks at it."""
        with self.database.write(durable=False) as connection:
            connection.execute("UPDATE items SET opened = ? WHERE number = ?", (time.time(), number))

    def score_again(self, wanted: str) -> None:
        """Let every ECG wait for the classifier ``wanted``; what was found before is dropped."""
        with self.database.write() as connection:
            connection.execute(
                "DELETE FROM scores WHERE item IN (SELECT number FROM items WHERE record_key != '')"
            )
            connection.execute(
                "UPDATE items SET state = ?, wanted = ?, taker = '', tries = 0, scored = NULL, model = '', "
                "digest = '', sha256 = '', sentence = '', quality = '', heart_rate = NULL "
                "WHERE record_key != '' AND state != ?",
                (states.WAITING, wanted, states.ARRIVING),
            )

    def settle(self) -> None:
        """What was broken off while it arrived waits where its samples are kept; else it is unreadable."""
        with self.database.write() as connection:
            rows = connection.execute(
                "SELECT number, record_key FROM items WHERE state = ? AND added < ?",
                (states.ARRIVING, time.time() - _ARRIVAL_SECONDS),
            ).fetchall()
            for number, key in rows:
                kept = key in self.archive
                _set_state(connection, number, states.WAITING if kept else states.UNREADABLE)
                if not kept:
                    sentence = "Taking it in was broken off. Delete this line and drop the file again."
                    connection.execute(
                        "UPDATE items SET sentence = ?, record_key = '', kept = 0 WHERE number = ?",
                        (sentence, number),
                    )

    def delete(self, numbers: Collection[int], spare: Collection[str] = ()) -> int:
        """Take items off the list and delete their samples; how many bytes that frees.

        Samples whose key is in ``spare`` are kept: something else on this machine needs them.

        Raises:
            ArchiveError: samples cannot be deleted.
            JobError: the list cannot be written.
        """
        keys = []
        with self.database.write() as connection:
            for number in numbers:
                row = connection.execute(
                    "SELECT record_key FROM items WHERE number = ?", (number,)
                ).fetchone()
                keys += [row["record_key"]] if row is not None else []
                connection.execute("DELETE FROM scores WHERE item = ?", (number,))
                connection.execute("DELETE FROM items WHERE number = ?", (number,))
        return sum(self.archive.delete(key) for key in keys if key and key not in spare)


def write_outcome(
    connection: sqlite3.Connection, number: int, taker: str, outcome: Outcome, model: ModelUsed
) -> None:
    """Keep what scoring came to, where ``taker`` still has the item: it may be gone, or asked for again."""
    state = states.REFUSED if outcome.sentence else states.SCORED
    changed = connection.execute(
        "UPDATE items SET state = ?, scored = ?, taker = '', tries = 0, model = ?, digest = ?, sha256 = ?, "
        "heart_rate = ?, quality = ?, sentence = ? WHERE number = ? AND taker = ? AND state = ?",
        (
            state,
            time.time(),
            model.name,
            model.digest,
            model.sha256,
            outcome.heart_rate,
            outcome.quality,
            outcome.sentence,
            number,
            taker,
            states.WAITING,
        ),
    ).rowcount
    if changed:
        connection.execute("DELETE FROM scores WHERE item = ?", (number,))
        connection.executemany("INSERT INTO scores VALUES (?, ?, ?, ?, ?, ?)", _lines(number, outcome.scores))


def _lines(number: int, scores: Sequence[LabelScore]) -> list[tuple[int, int, str, float, float, float]]:
    return [
        (number, place, score.label, score.probability, score.threshold, score.spread)
        for place, score in enumerate(scores)
    ]


def _set_state(connection: sqlite3.Connection, number: int, state: str) -> None:
    connection.execute("UPDATE items SET state = ? WHERE number = ?", (state, number))


def _score_of(row: sqlite3.Row) -> LabelScore:
    return LabelScore(row["label"], row["probability"], row["threshold"], row["spread"])


def _item_of(row: sqlite3.Row, scores: tuple[LabelScore, ...]) -> Item:
    return Item(
        row["number"],
        row["batch"],
        row["record_key"],
        row["size"],
        row["kept"],
        row["duration"],
        row["state"],
        row["added"],
        row["scored"],
        row["opened"],
        ModelUsed(row["model"], row["digest"], row["sha256"]),
        Outcome(scores, row["heart_rate"], row["quality"], row["sentence"]),
    )
