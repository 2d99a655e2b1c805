"""A small database: one SQLite file in WAL mode, shared by pages, workers and the command line."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from ecgapp.errors import JobError

BUSY_SECONDS = 30.0
PATIENCE_SECONDS = 3600.0  # of those who have nothing else to do than what cannot be written now
_PAUSE_SECONDS = 1.0  # of theirs between two attempts
_PRIMARY = 0xFF  # of SQLite's codes; the bits above say more, as what it is busy with
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
T = TypeVar("T")
Update = Callable[[sqlite3.Connection], None]
_NO_UPDATES: Mapping[int, Update] = MappingProxyType({})

RUNS = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
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
    heartbeat REAL,
    stop_requested REAL,
    message TEXT NOT NULL DEFAULT '',
    resume_helps INTEGER NOT NULL DEFAULT 1,
    epoch INTEGER NOT NULL DEFAULT 0,
    epochs INTEGER NOT NULL DEFAULT 0,
    seconds_left REAL,
    title TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    form TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS metrics (
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    step REAL NOT NULL,
    value REAL,
    time REAL NOT NULL,
    PRIMARY KEY (run_id, name, step)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    time REAL NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_run ON events (run_id, id);
CREATE TABLE IF NOT EXISTS extremes (
    run_id TEXT NOT NULL,
    name TEXT NOT NULL,
    width REAL NOT NULL,
    step REAL NOT NULL,
    value REAL,
    PRIMARY KEY (run_id, name, width, step)
) WITHOUT ROWID;
PRAGMA user_version = 3;
"""
_PROMPT_SECONDS = 1.0  # who waits longer for its turn to write finds the file in trouble
_creating = threading.Lock()  # threads of one server meet here
_troubled: dict[Path, float] = {}  # by file: when this process last could not write it at once


class Database:
    """Short transactions on one file; each opens and closes its own connection, on any thread.

    ``schema`` is what a new file begins with, and sets its ``user_version``. ``updates`` make a file of
    one version one of the next; of any other version it is refused. ``subject`` is what the file holds,
    in the words of an error message.
    """

    def __init__(
        self,
        path: Path,
        schema: str = RUNS,
        subject: str = "The list of runs",
        updates: Mapping[int, Update] = _NO_UPDATES,
    ) -> None:
        self.path, self.schema, self.subject, self.updates = path, schema, subject, updates
        self._version = int(schema.rpartition("user_version = ")[2].partition(";")[0])

    @property
    def troubled(self) -> float:
        """When this process last could not write the file at once, in seconds since 1970, UTC; 0 for never.

        Nor could others then, so of their silence until that moment nothing follows.
        """
        return _troubled.get(self.path, 0.0)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements see what was committed before.

        Raises:
            JobError: the database cannot be opened or read.
        """
        with self._explained(), closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction that no other writer can interleave with; rolled back on any exception.

        What is committed survives the death of the process; where ``durable``, a power cut too.

        Raises:
            JobError: the database cannot be written.
        """
        asked = time.monotonic()
        with self._explained(), closing(self._connect()) as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            if time.monotonic() - asked > _PROMPT_SECONDS:
                _troubled[self.path] = time.time()
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            _troubled[self.path] = time.time()
            raise JobError(
                f"{self.subject} cannot be read or written. "
                "Check that the disk is not full and that the app may write to its own folder."
            ) from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.path.exists():
            self.path.touch(mode=0o600)  # its owner's alone, and so are the files that SQLite puts beside it
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _when_others_let(lambda: self._bring_up_to_date(connection))
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """Begin a new file, and update an earlier one."""
        version = _version(connection) or _create(connection, self.schema)
        if version in self.updates:
            version = _update(connection, self.updates)
        if version != self._version:
            raise JobError(
                f"{self.subject} was written by another version of the app. "
                "Start this one with an empty folder of its own, or use that one."
            )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _create(connection: sqlite3.Connection, schema: str) -> int:
    """Begin a new file, unless another thread has meanwhile: it may hold that file, and wait for us here."""
    with _creating:
        if _version(connection) == 0:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema)
        return _version(connection)


def _when_others_let(act: Callable[[], None]) -> None:
    """Do it again while another process begins, recovers or leaves the file; SQLite does not wait then."""
    limit = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY not in _PASSING or time.monotonic() > limit:
                raise
        time.sleep(0.01)


def _update(connection: sqlite3.Connection, updates: Mapping[int, Update]) -> int:
    """Bring a file as far as ``updates`` go, wholly or not at all, unless another process has meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        while (update := updates.get(_version(connection))) is not None:
            update(connection)
    return _version(connection)


def patiently(act: Callable[[], T]) -> T:
    """Do it as soon as the database can be written: the disk may have room again in a moment.

    Raises:
        JobError: it could not for an hour.
    """
    limit = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except JobError:
            if time.monotonic() > limit:
                raise
        time.sleep(_PAUSE_SECONDS)
