"""A database file: begun once, updated whole or not at all, waited for while it is busy."""

import sqlite3
import subprocess
import sys

import pytest

from ecgapp.config import PROJECT
from ecgapp.errors import StorageError
from ecgapp.storage.database import Database

FIRST = "CREATE TABLE IF NOT EXISTS items (name TEXT); PRAGMA user_version = 1;"
SECOND = "CREATE TABLE IF NOT EXISTS items (name TEXT, note TEXT); PRAGMA user_version = 2;"
OPENER = f"""
import sys
from pathlib import Path
from ecgapp.storage.database import Database
database = Database(Path(sys.argv[1]), {FIRST!r}, "The list")
print("ready", flush=True)
sys.stdin.readline()
with database.write() as connection:
    connection.execute("INSERT INTO items VALUES ('one')")
"""


def add_notes(connection):
    connection.execute("ALTER TABLE items ADD COLUMN note TEXT")
    connection.execute("CREATE TABLE notes (text TEXT)")
    connection.execute("PRAGMA user_version = 2")


@pytest.fixture
def first(tmp_path):
    """A file of the first version with one item."""
    database = Database(tmp_path / "list.sqlite", FIRST, "The list")
    with database.write() as connection:
        connection.execute("INSERT INTO items VALUES ('one')")
    return database.path


def items(database):
    with database.read() as connection:
        return [tuple(row) for row in connection.execute("SELECT * FROM items")]


def test_processes_that_begin_one_file_at_once_share_it(tmp_path):
    path = tmp_path / "list.sqlite"
    command = [sys.executable, "-c", OPENER, str(path)]
    openers = [
        subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert all(opener.stdout.readline() for opener in openers)
    for opener in openers:
        opener.stdin.write("now\n")
        opener.stdin.flush()
    for opener in openers:
        opener.communicate()
    assert [opener.returncode for opener in openers] == [0] * 4
    assert len(items(Database(path, FIRST, "The list"))) == 4


def test_a_file_of_the_version_before_is_updated_with_all_that_it_holds(first):
    assert items(Database(first, SECOND, "The list", {1: add_notes})) == [("one", None)]


def test_an_update_that_fails_leaves_the_file_as_it_was(first):
    blocked = Database(first, FIRST, "The list")
    with blocked.write() as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")  # in the way of the update, after its new column
    updated = Database(first, SECOND, "The list", {1: add_notes})
    with pytest.raises(StorageError, match="cannot be read or written"):
        items(updated)
    assert items(blocked) == [("one",)]
    with blocked.write() as connection:
        connection.execute("DROP TABLE notes")
    assert items(updated) == [("one", None)]


@pytest.mark.parametrize("older", ["", "This list was written by version 0.1."])
def test_a_file_of_another_version_is_refused_in_a_sentence(first, older):
    with pytest.raises(StorageError, match=older or "another version of the app"):
        items(Database(first, SECOND, "The list", older=older))


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT]
)
def test_a_file_that_another_process_is_beginning_is_waited_for(tmp_path, monkeypatch, code):
    class Connection(sqlite3.Connection):
        refusals = 2

        def executescript(self, script):
            if Connection.refusals:
                Connection.refusals -= 1
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = code
                raise error
            return super().executescript(script)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Connection, **k))
    assert items(Database(tmp_path / "list.sqlite", FIRST, "The list")) == []
    assert Connection.refusals == 0


def test_one_waits_for_a_locked_file_no_longer_than_asked(first):
    held = sqlite3.connect(first, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="cannot be read or written"):
        with Database(first, FIRST, "The list", busy=0.05).write():
            pytest.fail("it was locked")
    held.close()
