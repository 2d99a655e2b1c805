"""A small database: one SQLite file in WAL mode, shared by pages, workers and the command line."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType

from ecgapp.errors import StorageError

BUSY_SECONDS = 30.0
_PRIMARY = 0xFF  # of SQLite's codes; the bits above say more, as what it is busy with
_PASSING = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL)
Update = Callable[[sqlite3.Connection], None]
_NO_UPDATES: Mapping[int, Update] = MappingProxyType({})

_creating = threading.Lock()  # threads of one server meet here


class Database:
    """Short transactions on one file; each opens and closes its own connection, on any thread.

    ``schema`` creates a new file, and sets its ``user_version``. ``updates`` change a file of one version
    into one of the next; any other version is refused, an older one with the sentence ``older``. ``subject``
    is what the file holds, as error messages call it. ``busy`` is for how many seconds one waits for others.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        subject: str,
        updates: Mapping[int, Update] = _NO_UPDATES,
        older: str = "",
        busy: float = BUSY_SECONDS,
    ) -> None:
        self.path, self.schema, self.subject, self.updates, self.older = path, schema, subject, updates, older
        self.busy = busy
        self._version = int(schema.rpartition("user_version = ")[2].partition(";")[0])

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose statements see what was committed before.

        Raises:
            StorageError: the database cannot be opened or read.
        """
        with self._explained(), closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def write(self, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One transaction that no other writer can interleave with; rolled back on any exception.

        What is committed survives the death of the process; where ``durable``, a power cut too.

        Raises:
            StorageError: the database cannot be written.
        """
        with self._explained(), closing(self._connect()) as connection:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            connection.execute("PRAGMA secure_delete = ON")  # deleted text does not stay in the file
            connection.execute("BEGIN IMMEDIATE")
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
            raise StorageError(
                f"{self.subject} cannot be read or written. "
                "Check that the disk is not full and that the app may write to its own folder."
            ) from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.path.exists():
            self.path.touch(mode=0o600)  # its owner's alone, and so are the files that SQLite puts beside it
        connection = sqlite3.connect(self.path, timeout=self.busy, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _when_others_let(lambda: self._bring_up_to_date(connection), self.busy)
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection) -> None:
        """Begin a new file, and update an earlier one."""
        version = _version(connection) or _create(connection, self.schema)
        if version in self.updates:
            version = _update(connection, self.updates)
        if version < self._version and self.older:
            raise StorageError(self.older)
        if version != self._version:
            raise StorageError(
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


def _when_others_let(act: Callable[[], None], seconds: float) -> None:
    """Call ``act``, again for ``seconds`` while another process creates, recovers or leaves the file.

    SQLite itself does not wait then.
    """
    limit = time.monotonic() + seconds
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
