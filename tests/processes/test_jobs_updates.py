"""A list of runs from before an update is there after it, with all that it held."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from ecgapp.errors import JobError
from ecgapp.jobs import RunStore
from ecgapp.system import processes

VERSION_2 = """
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
    epoch INTEGER NOT NULL DEFAULT 0,
    epochs INTEGER NOT NULL DEFAULT 0,
    seconds_left REAL,
    title TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT ''
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
PRAGMA user_version = 2;
"""
COLUMNS = "id, name, phase, device, state, config, position, created, heartbeat, message, epoch, epochs"
ENDED, FAILED, HELD = "0123456789ab", "ba9876543210", "00112233aabb"


def execute(path, *statements: tuple) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(*statement)


def version_of(path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


def columns_of(path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[1] for row in connection.execute("PRAGMA table_info(runs)")}


def add_run(path, run_id: str, state: str, heartbeat: float | None) -> None:
    values = (run_id, "before", "pretrain", "cpu", state, "{}", 1, 100.0, heartbeat, "It ended.", 2, 3)
    execute(path, (f"INSERT INTO runs ({COLUMNS}) VALUES ({', '.join('?' * len(values))})", values))


@pytest.fixture
def before(tmp_path):
    """A file as the version before wrote it: two runs that have ended, one with numbers and an event."""
    path = tmp_path / "runs.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(VERSION_2)
    add_run(path, ENDED, "finished", 101.0)
    add_run(path, FAILED, "failed", 101.0)
    execute(
        path,
        ("INSERT INTO metrics VALUES (?, 'train/loss', 1.0, 0.5, 101.0)", (ENDED,)),
        ("INSERT INTO events (run_id, time, kind, text) VALUES (?, 101.0, 'finished', 'Done.')", (ENDED,)),
    )
    return path


def test_nothing_of_an_earlier_list_is_lost(before):
    store = RunStore(before.parent)
    assert {run.id: (run.state, run.done, run.total, run.message) for run in store.all()} == {
        ENDED: ("finished", 2, 3, "It ended."),
        FAILED: ("failed", 2, 3, "It ended."),
    }
    assert store.metrics(ENDED, "train/loss").values == (0.5,)
    assert [event.text for event in store.events(ENDED)] == ["Done."]


def test_an_earlier_run_goes_on_and_new_ones_join_it(before, monkeypatch):
    monkeypatch.setattr(RunStore, "start_next", lambda *_: None)
    store = RunStore(before.parent)
    (before.parent / FAILED).mkdir()
    assert store.resume(FAILED).state == "queued"
    new = store.create_once("new", "pretrain", "cpu", '{"a": 1}', "form")
    assert store.create_once("new", "pretrain", "cpu", '{"a": 2}', "form").id == new.id
    with pytest.raises(sqlite3.IntegrityError):
        execute(before, ("UPDATE runs SET form = 'form' WHERE id = ?", (FAILED,)))


OPENER = """
import sys
from pathlib import Path
from ecgapp.jobs import RunStore
print("here", flush=True)
sys.stdin.readline()
print(len(RunStore(Path(sys.argv[1])).all()))
"""


@pytest.mark.parametrize("new", [False, True])
def test_servers_that_start_at_once_find_one_list(before, new):
    folder = before.parent / "empty" if new else before.parent
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", OPENER, str(folder)]
    servers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    assert all(server.stdout.readline() for server in servers)
    for server in servers:
        server.stdin.write("now\n")
        server.stdin.flush()
    assert [int(server.communicate()[0]) for server in servers] == [0 if new else 2] * 4


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT]
)
def test_a_list_that_another_server_just_begins_is_waited_for_whatever_keeps_it_busy(
    tmp_path, monkeypatch, code
):
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
    assert RunStore(tmp_path / "runs").all() == ()
    assert Connection.refusals == 0


def test_an_update_that_fails_leaves_the_list_as_it_was(before):
    execute(before, ("CREATE TABLE runs_by_form (a)",))  # in the way of the index, after both columns
    columns = columns_of(before)
    with pytest.raises(JobError, match="cannot be read or written"):
        RunStore(before.parent).all()
    assert (version_of(before), columns_of(before)) == (2, columns)
    execute(before, ("DROP TABLE runs_by_form",))
    assert len(RunStore(before.parent).all()) == 2


def give_process(path, run_id: str, pid: int | None, token: str | None) -> None:
    execute(path, ("UPDATE runs SET pid = ?, process_started = ? WHERE id = ?", (pid, token, run_id)))


@pytest.fixture
def sleeper():
    """A process that lives, and is of nobody's."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as found:
        yield found
        found.kill()


@pytest.mark.parametrize("state", ["starting", "running", "stopping", "lost"])
def test_a_process_that_lives_is_not_cut_off_by_an_update_however_long_it_is_silent(before, sleeper, state):
    add_run(before, HELD, state, time.time() - 3600)
    give_process(before, HELD, sleeper.pid, processes.start_token(sleeper.pid))
    with pytest.raises(JobError, match=r"\(process \d+\)\. Wait until they have ended"):
        RunStore(before.parent).all()
    assert version_of(before) == 2
    sleeper.kill()
    sleeper.wait()
    assert len(RunStore(before.parent).all()) == 3


@pytest.mark.parametrize("token", ["gone", None])
def test_a_process_that_died_just_now_hinders_no_update(before, sleeper, token):
    add_run(before, HELD, "running", time.time())
    give_process(before, HELD, sleeper.pid, token)
    assert len(RunStore(before.parent).all()) == 3


def test_a_process_that_cannot_be_seen_from_here_lives_as_long_as_it_speaks(before):
    add_run(before, HELD, "running", time.time())
    give_process(before, HELD, 1, "another machine:1")
    with pytest.raises(JobError, match=r"\(process \d+\)\. Wait until they have ended"):
        RunStore(before.parent).all()
    execute(before, ("UPDATE runs SET heartbeat = heartbeat - 100",))
    assert len(RunStore(before.parent).all()) == 3


WORKER = """
import sys
from pathlib import Path
from ecgapp.jobs import Attachment, RunStore
Attachment(RunStore(Path(sys.argv[1])), sys.argv[2]).end("finished", "Done.")
"""


def test_an_attendant_of_the_version_before_starts_a_run_whose_own_process_updates_the_list(before):
    """It claims the run, and starts what is installed by then: this version, as attendant and as worker."""
    add_run(before, HELD, "starting", time.time())
    (before.parent / HELD).mkdir()
    store = RunStore(before.parent, command=[sys.executable, "-c", WORKER, str(before.parent)])
    store.attend(HELD)
    assert store.get(HELD).state == "finished"


def test_a_process_whose_pid_was_written_before_it_looked_does_not_hinder_itself(before):
    add_run(before, HELD, "starting", time.time())
    (before.parent / HELD).mkdir()
    pipe = subprocess.PIPE
    waiting = f"import sys; sys.stdin.read(); {WORKER}"
    command = [sys.executable, "-c", waiting, str(before.parent), HELD]
    with subprocess.Popen(command, stdin=pipe, stderr=pipe, text=True) as worker:
        give_process(before, HELD, worker.pid, processes.start_token(worker.pid))
        assert worker.communicate("")[1] == ""
    assert RunStore(before.parent).get(HELD).state == "finished"
