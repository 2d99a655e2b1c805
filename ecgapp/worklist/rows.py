"""The worklist's two SQLite tables, and their rows as items. No names, no samples, no paths."""

import sqlite3
import time
from collections.abc import Sequence

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


def write_outcome(
    connection: sqlite3.Connection, number: int, taker: str, outcome: Outcome, model: ModelUsed
) -> None:
    """Keep what scoring came to, where ``taker`` still has the item: it may be gone, or asked for again."""
    without = states.WITHHELD if outcome.withheld else states.REFUSED
    state = without if outcome.sentence else states.SCORED
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


def score_of(row: sqlite3.Row) -> LabelScore:
    """A row of ``scores``."""
    return LabelScore(row["label"], row["probability"], row["threshold"], row["spread"])


def item_of(row: sqlite3.Row, scores: tuple[LabelScore, ...]) -> Item:
    """A row of ``items``, with its scores."""
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
        Outcome(scores, row["heart_rate"], row["quality"], row["sentence"], row["state"] == states.WITHHELD),
    )
