"""Numbers that a run reports: one series a name, each point at a step (or an epoch, or a second)."""

import math
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ecgapp.jobs import extremes
from ecgapp.storage.database import Database

Metric = tuple[str, float, float]  # name, step, value
TimedMetric = tuple[str, float, float, float]  # and when it was written, in seconds since 1970


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


def write_metrics(database: Database, run_id: str, metrics: Iterable[Metric], durable: bool = False) -> None:
    """Store all points in one transaction; a point at a step that is there already replaces it.

    So a resumed run that repeats the steps after its checkpoint draws one curve, not two.
    """
    now = time.time()
    rows = [(run_id, name, float(step), float(value), now) for name, step, value in metrics]
    with database.write(durable) as connection:
        connection.executemany("INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?, ?)", rows)
        extremes.update_extremes(connection, run_id, [(name, step) for _, name, step, _, _ in rows])


def read_names(database: Database, run_id: str) -> tuple[str, ...]:
    """The names of all series of a run, sorted; looks each one up, however long the series are."""
    query = """
        WITH RECURSIVE found(name) AS (
            SELECT min(name) FROM metrics WHERE run_id = :run_id
            UNION ALL
            SELECT (SELECT min(name) FROM metrics WHERE run_id = :run_id AND name > found.name)
            FROM found WHERE found.name IS NOT NULL
        )
        SELECT name FROM found WHERE name IS NOT NULL
    """
    with database.read() as connection:
        return tuple(row["name"] for row in connection.execute(query, {"run_id": run_id}))


def read_all(database: Database, run_id: str) -> Iterator[TimedMetric]:
    """Every point of every series, by name and rising step; never all of them in memory."""
    query = "SELECT name, step, value, time FROM metrics WHERE run_id = ? ORDER BY name, step"
    with database.read() as connection:
        for row in connection.execute(query, (run_id,)):
            yield row["name"], row["step"], _number(row["value"]), row["time"]


def read_latest(database: Database, run_id: str, name: str) -> float | None:
    """The value at the highest step of a series, or None where it has none yet."""
    query = "SELECT value FROM metrics WHERE run_id = ? AND name = ? ORDER BY step DESC LIMIT 1"
    with database.read() as connection:
        row = connection.execute(query, (run_id, name)).fetchone()
    return None if row is None else _number(row["value"])


def read_series(
    database: Database, run_id: str, name: str, max_points: int, after: float = -math.inf
) -> Series:
    """A series of at most about ``max_points`` points, from behind the step ``after``.

    A longer one is cut into equal stretches of steps, and each keeps its lowest and its highest
    point: a spike stays visible however long the run is. So do the first point and the last.
    """
    with database.read() as connection:
        rows = _decimated(connection, (run_id, name, after), max_points)
    values = tuple(_number(row["value"]) for row in rows)
    return Series(name, tuple(float(row["step"]) for row in rows), values)


def _number(value: float | None) -> float:
    """SQLite keeps a value that is not a number as NULL."""
    return float("nan") if value is None else float(value)


def _decimated(
    connection: sqlite3.Connection, key: tuple[str, str, float], max_points: int
) -> list[sqlite3.Row]:
    query = f"{_POINTS} ORDER BY step LIMIT ?"
    rows = connection.execute(query, (*key, max_points + 1)).fetchall()
    if len(rows) <= max_points:
        return rows
    low = rows[0]["step"]
    high = connection.execute(f"{_POINTS} ORDER BY step DESC LIMIT 1", key).fetchone()["step"]
    stretch = (high - low) / max(1, max_points // 2)
    source: tuple[str, extremes.Key] | None = None
    if key[2] == -math.inf:  # a stretch that begins in the middle may have its extremes before it
        source = extremes.source(connection, key, max_points)
    points, values = source or (_POINTS, key)
    parts = f"FROM ({points}) GROUP BY CAST((step - ?) / ? AS INTEGER)"
    query = f"""
        SELECT step, min(value) AS value {parts} UNION SELECT step, max(value) AS value {parts}
        UNION SELECT * FROM ({_POINTS} AND step IN (?, ?)) ORDER BY step
    """  # noqa: S608 - words of our own; SQLite gives the step of the minimum's or the maximum's row
    part = (*values, low, stretch)
    return connection.execute(query, (*part, *part, *key, low, high)).fetchall()


_POINTS = "SELECT step, value FROM metrics WHERE run_id = ? AND name = ? AND step > ?"
