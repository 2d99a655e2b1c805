"""Numbers that a run reports: one series a name, each point at a step (or an epoch, or a second)."""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass

from ecgapp.jobs.database import Database

Metric = tuple[str, float, float]  # name, step, value


@dataclass(frozen=True)
class Series:
    """One metric of a run, by rising step. A value that is not a number is NaN."""

    name: str
    steps: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float | None:
        """The latest value, or None where there is none yet."""
        return self.values[-1] if self.values else None


def write_metrics(database: Database, run_id: str, metrics: Iterable[Metric]) -> None:
    """Store all points in one transaction; a point at a step that is there already replaces it.

    So a resumed run that repeats the steps after its checkpoint draws one curve, not two.
    """
    now = time.time()
    rows = [(run_id, name, float(step), float(value), now) for name, step, value in metrics]
    with database.write(durable=False) as connection:
        connection.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?)", rows)


def read_names(database: Database, run_id: str) -> tuple[str, ...]:
    """The names of all series of a run, sorted."""
    with database.read() as connection:
        rows = connection.execute(
            "SELECT DISTINCT name FROM metrics WHERE run_id = ? ORDER BY name", (run_id,)
        )
        return tuple(row["name"] for row in rows)


def read_latest(database: Database, run_id: str, name: str) -> float | None:
    """The value at the highest step of a series, or None where it has none yet."""
    query = "SELECT value FROM metrics WHERE run_id = ? AND name = ? ORDER BY step DESC LIMIT 1"
    with database.read() as connection:
        row = connection.execute(query, (run_id, name)).fetchone()
    return None if row is None else _number(row["value"])


def read_series(database: Database, run_id: str, name: str, max_points: int) -> Series:
    """A series of at most about ``max_points`` points.

    A longer one is cut into equal stretches of steps, and each keeps its lowest and its highest
    point: a spike stays visible however long the run is. So do the first point and the last.
    """
    with database.read() as connection:
        extent = connection.execute(
            "SELECT count(*) AS n, min(step) AS low, max(step) AS high "
            "FROM metrics WHERE run_id = ? AND name = ?",
            (run_id, name),
        ).fetchone()
        rows = _decimated(connection, (run_id, name), extent, max_points)
    values = tuple(_number(row["value"]) for row in rows)
    return Series(name, tuple(float(row["step"]) for row in rows), values)


def _number(value: float | None) -> float:
    """SQLite keeps a value that is not a number as NULL."""
    return float("nan") if value is None else float(value)


def _decimated(
    connection: sqlite3.Connection, key: tuple[str, str], extent: sqlite3.Row, max_points: int
) -> list[sqlite3.Row]:
    if extent["n"] <= max_points:
        query = "SELECT step, value FROM metrics WHERE run_id = ? AND name = ? ORDER BY step"
        return connection.execute(query, key).fetchall()
    stretch = (extent["high"] - extent["low"]) / max(1, max_points // 2)
    query = """
        WITH points AS (
            SELECT step, value, CAST((step - :low) / :stretch AS INTEGER) AS part
            FROM metrics WHERE run_id = :run_id AND name = :name
        )
        SELECT step, min(value) AS value FROM points GROUP BY part
        UNION
        SELECT step, max(value) AS value FROM points GROUP BY part
        UNION
        SELECT step, value FROM points WHERE step IN (:low, :high)
        ORDER BY step
    """  # SQLite gives the step of the row that holds the minimum or the maximum
    values = {
        "low": extent["low"],
        "high": extent["high"],
        "stretch": stretch,
        "run_id": key[0],
        "name": key[1],
    }
    return connection.execute(query, values).fetchall()
