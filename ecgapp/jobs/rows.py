"""The rows of the jobs: functions on a connection, within the caller's transaction."""

import secrets
import sqlite3
import time
from dataclasses import dataclass

from ecgapp.errors import JobError
from ecgapp.jobs.job import Run

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    phase TEXT NOT NULL,
    device TEXT NOT NULL,
    state TEXT NOT NULL,
    config TEXT NOT NULL,
    position INTEGER NOT NULL,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    pid INTEGER,
    process_started TEXT,
    claimed REAL,
    stop_requested REAL,
    message TEXT NOT NULL DEFAULT '',
    resume_helps INTEGER NOT NULL DEFAULT 1,
    resume_words TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    form TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run_id, id);
PRAGMA user_version = 4;
"""
OLDER = (
    "This list of runs was written by version 0.2 of the app. Give the folder “runs” in the app's folder "
    "another name, and a new list begins. To use a model of an old run, copy the content of the run's folder "
    "“result” into the folder “weights”."
)
Value = str | int | float | None


@dataclass(frozen=True)
class NewRun:
    """The values that a job is created with; see ``Run``."""

    kind: str
    name: str
    phase: str
    device: str
    config: str
    resume_words: str
    form: str | None = None


def find(connection: sqlite3.Connection, run_id: str) -> Run:
    """The job of this id.

    Raises:
        JobError: there is none.
    """
    run = find_or_none(connection, run_id)
    if run is None:
        raise JobError("There is no such run. Choose one from the list of runs.")
    return run


def find_or_none(connection: sqlite3.Connection, run_id: str) -> Run | None:
    """The job of this id, or None if it was deleted."""
    runs = select(connection, "id = ?", run_id)
    return runs[0] if runs else None


def select(connection: sqlite3.Connection, condition: str, *values: Value, order: str = "") -> list[Run]:
    """The jobs for which ``condition`` (SQL of our own) holds."""
    query = f"SELECT * FROM runs WHERE {condition} {order}"  # noqa: S608 - conditions of our own
    rows = connection.execute(query, values).fetchall()
    return [Run(**{**dict(row), "resume_helps": bool(row["resume_helps"])}) for row in rows]


def insert(connection: sqlite3.Connection, new: NewRun) -> str:
    """Add a job to the end of the queue; its id."""
    run_id = secrets.token_hex(6)
    columns = {**vars(new), "id": run_id, "created": time.time()}
    connection.execute(
        f"INSERT INTO runs ({', '.join(columns)}, state, position) "  # noqa: S608 - columns of our own
        f"VALUES ({', '.join('?' * len(columns))}, 'queued', "
        "(SELECT coalesce(max(position), 0) + 1 FROM runs))",
        tuple(columns.values()),
    )
    return run_id


def update(connection: sqlite3.Connection, run_id: str, condition: str = "TRUE", **values: Value) -> bool:
    """Set columns of one job if ``condition`` (SQL of our own) holds for its row; whether it did."""
    columns = ", ".join(f"{name} = ?" for name in values)
    query = f"UPDATE runs SET {columns} WHERE id = ? AND ({condition})"  # noqa: S608 - columns of our own
    return connection.execute(query, (*values.values(), run_id)).rowcount == 1


def enqueue(connection: sqlite3.Connection, run_id: str) -> None:
    """Move the job to the end of the queue, without anything of its latest process."""
    update(connection, run_id, state="queued", message="", ended=None, pid=None, process_started=None)
    update(connection, run_id, claimed=None, stop_requested=None, resume_helps=True)
    connection.execute(
        "UPDATE runs SET position = (SELECT max(position) + 1 FROM runs) WHERE id = ?", (run_id,)
    )


def delete(connection: sqlite3.Connection, run_id: str) -> None:
    """Delete the job and its events."""
    connection.execute("DELETE FROM events WHERE run_id = ?", (run_id,))
    connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
