"""The events of a job: rows of the database, and lines of its log."""

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from ecgapp.jobs import run_log


@dataclass(frozen=True)
class Event:
    """An event of a job: ``kind`` is a state's name, "promoted" or "note"."""

    time: float
    kind: str
    text: str


def record(connection: sqlite3.Connection, folder: Path, kind: str, text: str) -> None:
    """Add an event of the job in ``folder``, in the transaction that makes it true, and a line to its log."""
    connection.execute(
        "INSERT INTO events (run_id, time, kind, text) VALUES (?, ?, ?, ?)",
        (folder.name, time.time(), kind, text),
    )
    run_log.append_line(folder / run_log.LOG_NAME, text)


def read(connection: sqlite3.Connection, run_id: str) -> tuple[Event, ...]:
    """All events of a job, oldest first."""
    query = "SELECT time, kind, text FROM events WHERE run_id = ? ORDER BY id"
    return tuple(Event(*row) for row in connection.execute(query, (run_id,)))
