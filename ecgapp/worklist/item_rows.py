"""The worklist's SQLite tables, and their rows as items. No names, no samples, no paths."""

import sqlite3
import time
from dataclasses import fields

from ecgapp.analysis import JudgementLine, Severity
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.analysis.outcomes import WITHHELD, LabelScore, Outcome
from ecgapp.worklist import item as states
from ecgapp.worklist.item import Item, ModelUsed

SCORED = """
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
"""
JUDGED = """
CREATE TABLE IF NOT EXISTS critical (
    item INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    leads TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL,
    evidence TEXT NOT NULL,
    differential TEXT NOT NULL,
    source TEXT NOT NULL,
    found_by TEXT NOT NULL,
    PRIMARY KEY (item, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS judgements (
    item INTEGER NOT NULL,
    place INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    words TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (item, place)
) WITHOUT ROWID;
PRAGMA user_version = 2;
"""
SCHEMA = f"{SCORED}{JUDGED}"
DETAILS = ("scores", "critical", "judgements")  # tables with rows for each item


def add_judgements(connection: sqlite3.Connection) -> None:
    """Bring a list of version 1 to 2: every ECG waits again, for critical findings were not looked for."""
    for statement in JUDGED.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("DELETE FROM scores WHERE item IN (SELECT number FROM items WHERE record_key != '')")
    connection.execute(
        "UPDATE items SET state = ?, taker = '', tries = 0, scored = NULL, sentence = '' "
        "WHERE record_key != '' AND state != ?",
        (states.WAITING, states.ARRIVING),
    )


def write_outcome(
    connection: sqlite3.Connection, number: int, taker: str, outcome: Outcome, model: ModelUsed
) -> None:
    """Store the outcome if ``taker`` still has the item, which may be deleted or waiting again."""
    changed = connection.execute(
        "UPDATE items SET state = ?, scored = ?, taker = '', tries = 0, model = ?, digest = ?, sha256 = ?, "
        "heart_rate = ?, quality = ?, sentence = ? WHERE number = ? AND taker = ? AND state = ?",
        (
            outcome.state,
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
        delete_details(connection, number)
        for table, rows in _details(outcome).items():
            lines = [(number, place, *cells) for place, cells in enumerate(rows)]
            if lines:
                marks = ", ".join("?" * len(lines[0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", lines)  # noqa: S608


def delete_details(connection: sqlite3.Connection, number: int) -> None:
    """Delete the details of an item's outcome."""
    for table in DETAILS:
        connection.execute(f"DELETE FROM {table} WHERE item = ?", (number,))  # noqa: S608


def _details(outcome: Outcome) -> dict[str, list[tuple[object, ...]]]:
    """The rows of each table, without item and place."""
    return {
        "scores": [(one.label, one.probability, one.threshold, one.spread) for one in outcome.scores],
        "critical": [_critical_cells(one) for one in outcome.critical],
        "judgements": [(int(one.severity), one.words, one.source) for one in outcome.judged],
    }


def _critical_cells(finding: CriticalFinding) -> tuple[object, ...]:
    """The fields of a critical finding as cells; the table's columns have their names and order."""
    cells = {field.name: getattr(finding, field.name) for field in fields(finding)}
    return tuple((cells | {"kind": str(finding.kind), "leads": " ".join(finding.leads)}).values())


def _critical_finding(row: sqlite3.Row) -> CriticalFinding:
    cells = {field.name: row[field.name] for field in fields(CriticalFinding)}
    return CriticalFinding(
        **(cells | {"kind": CriticalKind(row["kind"]), "leads": tuple(row["leads"].split())})
    )


class ItemDetails:
    """The details of the outcomes of a list's items, read at once."""

    def __init__(self, connection: sqlite3.Connection, number: int | None = None) -> None:
        """Read the details of the item ``number``, or of all."""
        self._rows: dict[tuple[str, int], list[sqlite3.Row]] = {}
        which, values = ("", ()) if number is None else ("WHERE item = ?", (number,))
        for table in DETAILS:
            statement = f"SELECT * FROM {table} {which} ORDER BY item, place"  # noqa: S608
            for row in connection.execute(statement, values):
                self._rows.setdefault((table, row["item"]), []).append(row)

    def _of(self, table: str, number: int) -> list[sqlite3.Row]:
        return self._rows.get((table, number), [])

    def scores(self, number: int) -> tuple[LabelScore, ...]:
        """The scores of an item."""
        return tuple(
            LabelScore(row["label"], row["probability"], row["threshold"], row["spread"])
            for row in self._of("scores", number)
        )

    def critical(self, number: int) -> tuple[CriticalFinding, ...]:
        """The critical findings of an item."""
        return tuple(_critical_finding(row) for row in self._of("critical", number))

    def judged(self, number: int) -> tuple[JudgementLine, ...]:
        """The lines of an item's judgement."""
        return tuple(
            JudgementLine(Severity(row["severity"]), row["words"], row["source"])
            for row in self._of("judgements", number)
        )


def item_of(row: sqlite3.Row, details: ItemDetails) -> Item:
    """A row of ``items`` with the details of its outcome."""
    number = row["number"]
    return Item(
        number,
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
        Outcome(
            details.scores(number),
            row["heart_rate"],
            row["quality"],
            row["sentence"],
            details.critical(number),
            details.judged(number),
            row["state"] == WITHHELD,
        ),
    )
