"""The metrics of a job: a file of points in its folder, to which its process appends.

A point is a series' number, a step (or an epoch, or a second), a value and the time. A kill may leave an
incomplete point at the end of the file: readers ignore it, and the next process removes it.
"""

import os
import threading
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

POINTS, NAMES = "metrics.bin", "metric-names.txt"
_POINT = np.dtype([("series", "<u4"), ("step", "<f8"), ("value", "<f8"), ("time", "<f8")])
_BLOCK = 200_000  # points that a reader holds at once: 5.6 MB

Metric = tuple[str, float, float]  # name, step, value
TimedMetric = tuple[str, float, float, float]  # and the time at which it was written, seconds since 1970
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """One metric of a job, by rising step. A value that is not a number is NaN."""

    name: str
    steps: tuple[float, ...] = ()
    values: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def last(self) -> float | None:
        """The latest value, or None if there is none yet."""
        return self.values[-1] if self.values else None


class MetricsWriter:
    """Appends points to the metrics in ``folder``. Any thread may write; one process does."""

    def __init__(self, folder: Path) -> None:
        self._points, self._names = folder / POINTS, folder / NAMES
        self._lock = threading.Lock()
        self._numbers: dict[str, int] | None = None

    def write(self, metrics: Iterable[Metric], durable: bool = False) -> None:
        """Append the points, all or none; if ``durable``, they survive a power cut.

        Raises:
            OSError: they cannot be written.
        """
        now, metrics = time.time(), tuple(metrics)
        with self._lock:
            numbers = self._numbered({name for name, _, _ in metrics})
            points = [(numbers[name], step, value, now) for name, step, value in metrics]
            _append(self._points, np.array(points, _POINT).tobytes(), durable)

    def _numbered(self, names: Collection[str]) -> dict[str, int]:
        """The number of every series; new names are appended to the file of names before their points."""
        if self._numbers is None or not self._names.exists():  # somebody deleted the folder
            self._names.parent.mkdir(exist_ok=True)
            self._numbers = {name: number for number, name in enumerate(_read_names(self._names))}
        new = sorted(names - self._numbers.keys())
        if new:
            with self._names.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read() != b"\n":  # a kill tore the last name, which no point uses
                        file.write(b"\n")
                file.write("".join(f"{name}\n" for name in new).encode())
                file.flush()
                os.fsync(file.fileno())
            self._numbers = {name: number for number, name in enumerate(_read_names(self._names))}
        return self._numbers


class MetricsReader:
    """Reads the metrics in ``folder``: all of them at first, later only what is new.

    A longer series than ``max_points`` is thinned: it is cut into equal stretches of steps, and of each the
    lowest and the highest point stay, so that spikes stay visible. So do the first and the last point.
    Series whose names are in ``whole`` are not thinned.
    """

    def __init__(self, folder: Path, max_points: int, whole: Collection[str] = ()) -> None:
        self._folder, self._max_points, self._whole = folder, max_points, whole
        self._offset = 0  # bytes
        self._known: dict[str, tuple[Floats, Floats]] = {}

    def read(self) -> dict[str, Series]:
        """The series as they are now, by name.

        A step that was written twice has its later value: a resumed training, which repeats the steps after
        its checkpoint, has one curve.
        """
        names = _read_names(self._folder / NAMES)
        for block in _blocks(self._folder / POINTS, self._offset):
            self._offset += block.nbytes
            for number in np.unique(block["series"]):
                points = block[block["series"] == number]
                self._add(names[int(number)], points["step"], points["value"])
        series = sorted(self._known.items())
        return {name: Series(name, *(tuple(each.tolist()) for each in known)) for name, known in series}

    def _add(self, name: str, steps: Floats, values: Floats) -> None:
        known = self._known.get(name)
        if known is not None:
            steps, values = np.concatenate([known[0], steps]), np.concatenate([known[1], values])
        steps, values = _latest_of_each(steps, values)
        if name not in self._whole and len(steps) > self._max_points and (
            known is None or len(steps) > 2 * self._max_points
        ):  # fmt: skip
            steps, values = _thinned(steps, values, self._max_points)
        self._known[name] = steps, values


def read_all(folder: Path) -> Iterator[TimedMetric]:
    """Every point of every series, by name and rising step."""
    names = _read_names(folder / NAMES)
    blocks = list(_blocks(folder / POINTS, 0))
    points = np.concatenate(blocks) if blocks else np.zeros(0, _POINT)
    for number in sorted(np.unique(points["series"]).tolist(), key=names.__getitem__):
        series = points[points["series"] == number]
        for point in series[_latest_rows(series["step"])]:
            yield names[number], float(point["step"]), float(point["value"]), float(point["time"])


def _append(path: Path, data: bytes, durable: bool) -> None:
    """Append ``data``, whole or not at all, after the last complete point."""
    with path.open("ab", buffering=0) as file:
        end = file.tell() - file.tell() % _POINT.itemsize
        file.truncate(end)
        try:
            while data:
                data = data[file.write(data) :]
            if durable:
                os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _blocks(path: Path, offset: int) -> Iterator[NDArray[np.void]]:
    """The complete points from byte ``offset`` on."""
    if not path.exists():
        return
    while True:
        n = min((path.stat().st_size - offset) // _POINT.itemsize, _BLOCK)
        if n <= 0:
            return
        block = np.fromfile(path, _POINT, n, offset=offset)
        yield block
        offset += block.nbytes


def _read_names(path: Path) -> list[str]:
    """The names of the series by number; the last may be torn, and then no point uses it."""
    return path.read_text("utf-8").split("\n")[:-1] if path.exists() else []


def _latest_rows(steps: Floats) -> NDArray[np.int64]:
    """The places of the latest point of each step, by rising step."""
    backwards = steps[::-1]
    _, first = np.unique(backwards, return_index=True)
    return len(steps) - 1 - first


def _latest_of_each(steps: Floats, values: Floats) -> tuple[Floats, Floats]:
    if np.all(np.diff(steps) > 0):
        return steps.copy(), values.copy()
    rows = _latest_rows(steps)
    return steps[rows], values[rows]


def _thinned(steps: Floats, values: Floats, max_points: int) -> tuple[Floats, Floats]:
    stretch = (steps[-1] - steps[0]) / max(1, max_points // 2)
    finite = np.flatnonzero(np.isfinite(values))
    stretches = ((steps[finite] - steps[0]) / stretch).astype(np.int64)
    order = np.lexsort((values[finite], stretches))
    by_value = stretches[order]
    lowest = np.flatnonzero(np.diff(by_value, prepend=-1))
    highest = np.append(lowest[1:], len(by_value)) - 1 if len(lowest) else lowest
    rows = np.unique(np.concatenate([[0, len(steps) - 1], finite[order[lowest]], finite[order[highest]]]))
    return steps[rows], values[rows]
