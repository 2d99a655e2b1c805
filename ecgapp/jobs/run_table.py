"""The runs that there are, with their folders, numbers, events and logs; no process is known here."""

import contextlib
import math
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from ecgapp.errors import JobError
from ecgapp.jobs import metrics, run_log
from ecgapp.jobs.metrics import Metric, Series
from ecgapp.jobs.run import Run
from ecgapp.jobs.run_log import Event
from ecgapp.jobs.updates import UPDATES
from ecgapp.storage.database import Database
from ecgapp.storage.files import write_atomically

_ID = re.compile(r"[0-9a-f]{12}")
_CONFIG = "config.json"
TITLE_LENGTH = 60  # letters
NOTE_LENGTH = 2000
Value = str | int | float | None
_TWIN = "SELECT * FROM runs WHERE config = ? AND state IN ('queued', 'starting', 'running') ORDER BY position"


class RunTable:
    """The rows of ``folder/runs.sqlite``, and one folder a run: its config, checkpoints and log."""

    def __init__(self, folder: Path) -> None:
        self.home_folder = folder
        self.database = Database(folder / "runs.sqlite", updates=UPDATES)

    def folder(self, run_id: str) -> Path:
        """The run's own folder.

        Raises:
            JobError: ``run_id`` is no id of a run; so it can never name another folder.
        """
        if not _ID.fullmatch(run_id):
            raise JobError("There is no such run. Choose one from the list of runs.")
        return self.home_folder / run_id

    def create(self, name: str, phase: str, device: str, config: str) -> Run:
        """Put a new run at the end of the queue. ``config`` is kept as the run's config.json."""
        with self.database.write() as connection:
            return self._insert(connection, name, phase, device, config, form=None)

    def create_once(self, name: str, phase: str, device: str, config: str, form: str) -> Run:
        """The run that ``form`` asks for, which is one however often it is sent, and from where.

        Raises:
            JobError: a run of the same config waits or is under way; its weights would be the same.
        """
        with self.database.write() as connection:
            known = connection.execute("SELECT * FROM runs WHERE form = ?", (form,)).fetchone()
            if known is not None:
                return run_of(known)
            twin = connection.execute(_TWIN, (config,)).fetchone()
            if twin is not None:
                run = run_of(twin)
                raise JobError(
                    f"A run with the very same settings is {run.state} already: {run.name} ({run.phase}, "
                    f"{run.id[:6]}). See it in the list of runs, or change a setting."
                )
            return self._insert(connection, name, phase, device, config, form=form)

    def _insert(self, connection: sqlite3.Connection, *described: str, form: str | None) -> Run:
        run_id, config = secrets.token_hex(6), described[-1]
        self._keep_config(run_id, config)
        connection.execute(
            "INSERT INTO runs (id, name, phase, device, state, config, position, created, form) "
            "VALUES (?, ?, ?, ?, 'queued', ?, (SELECT coalesce(max(position), 0) + 1 FROM runs), ?, ?)",
            (run_id, *described, time.time(), form),
        )
        self._tell(connection, run_id, "queued", "Queued.")
        return find(connection, run_id)

    def _keep_config(self, run_id: str, config: str) -> None:
        write_atomically(self.folder(run_id) / _CONFIG, config.encode())

    def get(self, run_id: str) -> Run:
        """The run as it is now.

        Raises:
            JobError: there is none of this id.
        """
        with self.database.read() as connection:
            return find(connection, run_id)

    def all(self) -> tuple[Run, ...]:
        """All runs: the newest first."""
        return self._where("TRUE", "ORDER BY created DESC, position DESC")

    def rename(self, run_id: str, title: str, note: str) -> Run:
        """Call the run ``title``, or by its name again where that is empty, and keep a note on it.

        Raises:
            JobError: one of them is too long.
        """
        title, note = " ".join(title.split()), note.strip()
        if len(title) > TITLE_LENGTH or len(note) > NOTE_LENGTH:
            raise JobError(
                f"A title has at most {TITLE_LENGTH} letters, and a note {NOTE_LENGTH}. Say it in fewer."
            )
        with self.database.write() as connection:
            find(connection, run_id)
            update(connection, run_id, title=title, note=note)
        return self.get(run_id)

    def size(self, run_id: str) -> int:
        """Bytes of the run's folder, which deleting it frees."""
        total = 0
        for path in self.folder(run_id).rglob("*"):
            with contextlib.suppress(FileNotFoundError):  # a training is writing there
                total += path.stat().st_size if path.is_file() else 0
        return total

    def _where(self, condition: str, order: str, *values: Value) -> tuple[Run, ...]:
        query = f"SELECT * FROM runs WHERE {condition} {order}"  # noqa: S608 - conditions of our own
        with self.database.read() as connection:
            return tuple(run_of(row) for row in connection.execute(query, values))

    def _remove(self, run_id: str) -> None:
        with self.database.write() as connection:
            for table, key in (
                ("metrics", "run_id"),
                ("extremes", "run_id"),
                ("events", "run_id"),
                ("runs", "id"),
            ):
                connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (run_id,))  # noqa: S608 - our names
        shutil.rmtree(self.folder(run_id), ignore_errors=True)

    def add_metric(self, run_id: str, name: str, step: float, value: float) -> None:
        """Store one point; see ``add_metrics``."""
        self.add_metrics(run_id, [(name, step, value)])

    def add_metrics(self, run_id: str, points: Iterable[Metric], durable: bool = False) -> None:
        """Store points (name, step, value) in one transaction; a repeated step is replaced.

        Where ``durable``, they survive a power cut.
        """
        metrics.write_metrics(self.database, run_id, points, durable)

    def metric_names(self, run_id: str) -> tuple[str, ...]:
        """The names of the run's series, sorted."""
        return metrics.read_names(self.database, run_id)

    def metrics(self, run_id: str, name: str, max_points: int = 2000, after: float = -math.inf) -> Series:
        """One series by rising step, cut down to about ``max_points`` where longer; spikes stay.

        Only what lies behind the step ``after`` is read.
        """
        return metrics.read_series(self.database, run_id, name, max_points, after)

    def latest(self, run_id: str, name: str) -> float | None:
        """The value at the highest step of one series, or None where it has none yet."""
        return metrics.read_latest(self.database, run_id, name)

    def add_event(self, run_id: str, kind: str, text: str) -> None:
        """Record that something happened, as an event and in the log."""
        with self.database.write() as connection:
            self._tell(connection, run_id, kind, text)

    def _tell(self, connection: sqlite3.Connection, run_id: str, kind: str, text: str) -> None:
        run_log.write_event(connection, run_id, kind, text)
        self.write_log(run_id, text)

    def events(self, run_id: str) -> tuple[Event, ...]:
        """All events, oldest first."""
        return run_log.read_events(self.database, run_id)

    def log_path(self, run_id: str) -> Path:
        """The log file, which the run's process writes to as well."""
        return self.folder(run_id) / run_log.LOG_NAME

    def write_log(self, run_id: str, text: str) -> None:
        """Add one plain sentence to the log; it holds no path and no patient data."""
        if self.folder(run_id).is_dir():
            run_log.append_line(self.log_path(run_id), text)

    def log_tail(self, run_id: str, n: int = 50, technical: bool = False) -> tuple[str, ...]:
        """The log's last ``n`` lines: our own only, for pages; all of them where ``technical``."""
        return run_log.tail(self.log_path(run_id), n, technical)


def run_of(row: sqlite3.Row) -> Run:
    """A row of the table as a run."""
    return Run(**{**dict(row), "resume_helps": bool(row["resume_helps"])})


def find(connection: sqlite3.Connection, run_id: str) -> Run:
    """The run of this id, within a transaction.

    Raises:
        JobError: there is none.
    """
    row = connection.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise JobError("There is no such run. Choose one from the list of runs.")
    return run_of(row)


def update(connection: sqlite3.Connection, run_id: str, condition: str = "TRUE", **values: Value) -> bool:
    """Set columns of one run where ``condition`` (on its row, ours) holds; False where it does not."""
    columns = ", ".join(f"{name} = ?" for name in values)
    query = f"UPDATE runs SET {columns} WHERE id = ? AND ({condition})"  # noqa: S608 - columns of our own
    return connection.execute(query, (*values.values(), run_id)).rowcount == 1


def enqueue(connection: sqlite3.Connection, run_id: str) -> None:
    """Put the run at the end of the queue, as if it had never had a process."""
    update(connection, run_id, state="queued", message="", ended=None, pid=None, process_started=None)
    update(connection, run_id, heartbeat=None, stop_requested=None, resume_helps=True)
    connection.execute(
        "UPDATE runs SET position = (SELECT max(position) + 1 FROM runs) WHERE id = ?", (run_id,)
    )
