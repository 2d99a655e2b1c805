"""What a run says of itself: events in the database, and a log file in its folder.

Lines of our own begin with the date and time; they are plain sentences without paths or
patient data, and the only ones that pages show. What libraries and tracebacks write stays in
the file for whoever maintains the machine.
"""

import os
import re
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ecgapp.storage.database import Database

LOG_NAME = "log.txt"
_TAIL_BYTES = 262_144
_OWN_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@dataclass(frozen=True)
class Event:
    """Something that happened to a run: ``kind`` is a state's name, "promoted" or "note"."""

    time: float
    kind: str
    text: str


def write_event(connection: sqlite3.Connection, run_id: str, kind: str, text: str) -> None:
    """Record an event in the transaction that makes it true."""
    connection.execute(
        "INSERT INTO events (run_id, time, kind, text) VALUES (?, ?, ?, ?)",
        (run_id, time.time(), kind, text),
    )


def read_events(database: Database, run_id: str) -> tuple[Event, ...]:
    """All events of a run, oldest first."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT time, kind, text FROM events WHERE run_id = ? ORDER BY id", (run_id,)
        )
        return tuple(Event(row["time"], row["kind"], row["text"]) for row in rows)


def append_line(log: Path, text: str) -> None:
    """Add one line of our own; line breaks in ``text`` become spaces.

    A log that cannot be written is no reason to end a run: what must not be lost are the events.
    """
    line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(text.split())}\n"
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.write(line)


def append_technical(log: Path, text: str) -> None:
    """Add lines for whoever maintains the machine, indented, so that no page shows them."""
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.writelines(f"    {line}\n" for line in text.splitlines())


def tail(log: Path, n: int, technical: bool = False) -> tuple[str, ...]:
    """The last ``n`` lines of our own, or of all where ``technical``; reads the file's end only."""
    if not log.is_file():
        return ()
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return tuple([line for line in lines if technical or _OWN_LINE.match(line)][-n:])
