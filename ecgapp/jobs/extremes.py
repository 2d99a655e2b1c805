"""Long series in little: the lowest and the highest point of each stretch of steps, kept as they grow.

A million points are too many to read at each redraw of a page. So beside them stand the extremes of
every stretch of ``WIDTHS`` steps, the wider ones made of the narrower. They are made anew from what
is stored whenever a point in their stretch is written, in the same transaction: they are never wrong.
"""

import sqlite3
from collections.abc import Iterable

WIDTHS = (64.0, 4096.0)  # steps
_POINTS = "SELECT step, value FROM metrics WHERE run_id = ? AND name = ?"
_EXTREMES = "SELECT step, value FROM extremes WHERE run_id = ? AND name = ? AND width = ?"

Key = tuple[str | float, ...]


def update_extremes(
    connection: sqlite3.Connection, run_id: str, written: Iterable[tuple[str, float]]
) -> None:
    """Follow what was ``written``: the names and steps of points."""
    written = tuple(written)
    source = _POINTS
    wider: tuple[float, ...] = ()
    for width in WIDTHS:
        for name, stretch in sorted({(name, step // width) for name, step in written}):
            key = (run_id, name, width)
            bounds = (stretch * width, (stretch + 1) * width)
            _update_stretch(connection, key, (source, (run_id, name, *wider)), bounds)
        source, wider = _EXTREMES, (width,)


def _update_stretch(
    connection: sqlite3.Connection, key: Key, source: tuple[str, Key], bounds: tuple[float, float]
) -> None:
    inside = "step >= ? AND step < ?"
    connection.execute(
        f"DELETE FROM extremes WHERE run_id = ? AND name = ? AND width = ? AND {inside}",  # noqa: S608
        (*key, *bounds),
    )
    for extreme in ("min", "max"):  # SQLite gives the step of the row that holds it
        found = f"SELECT ?, ?, ?, step, {extreme}(value) FROM ({source[0]} AND {inside})"  # noqa: S608
        connection.execute(f"INSERT OR IGNORE INTO extremes {found}", (*key, *source[1], *bounds))


def source(connection: sqlite3.Connection, key: Key, more_than: int) -> tuple[str, Key] | None:
    """A query, with its values, of the fewest extremes that are still ``more_than``; None: the points do.

    ``key`` begins with the run's id and the series' name.
    """
    for width in reversed(WIDTHS):
        values = (*key[:2], width)
        limited = connection.execute(f"{_EXTREMES} LIMIT 1 OFFSET ?", (*values, more_than))
        if limited.fetchone() is not None:
            return _EXTREMES, values
    return None
