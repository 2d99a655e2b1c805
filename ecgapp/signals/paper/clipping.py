"""Leads on paper that do not fit into their row: cut lines, their marks, and leads that are too tall."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray
from ecgapp.signals.paper.sheet import Cell, Sheet, reach

Heights = Sequence[float] | NDArray[np.floating]
MARK_GAP = 3.0  # mm of paper between two marks of one side, at least
BETWEEN = 5.0  # mm between a faulty lead and the next row's waves, if there is space


@dataclass(frozen=True)
class Band:
    """The heights between which a cell may draw, in mV on the sheet's own axis."""

    bottom: float
    top: float


@dataclass(frozen=True, eq=False)
class Cut:
    """A cell's line within its band, and marks where it leaves the band.

    ``line`` is float32 (n_samples,) in mV on the sheet's axis, NaN beyond the band; at the samples where it
    leaves and enters again it touches the edge. ``marks`` are (sample, height) at the edge, one for each
    stretch beyond it.
    """

    line: FloatArray
    marks: tuple[tuple[int, float], ...] = ()


def bands(
    sheet: Sheet,
    signals: Sequence[FloatArray | None],
    zeros: Heights,
    ends: tuple[float, float],
    faulty: Collection[str],
) -> list[Band]:
    """The band of each cell: a ``faulty`` lead stays in its row, a sound one on the paper.

    ``signals`` are in mV about each row's zero, which lies at ``zeros``; ``ends`` are the paper's bottom and
    top. A faulty lead has half the distance to the next row, and more if that row's waves leave space.
    """
    return [
        _row_band(sheet, signals, zeros, ends, cell) if cell.lead in faulty else Band(*ends)
        for cell in sheet.cells
    ]


def _row_band(
    sheet: Sheet, signals: Sequence[FloatArray | None], zeros: Heights, ends: tuple[float, float], cell: Cell
) -> Band:
    zero, heights = float(zeros[cell.row]), [float(height) for height in zeros]
    (bottom, top), between = ends, BETWEEN / sheet.scale.gain
    if cell.row:
        gap = heights[cell.row - 1] - zero
        top = zero + max(gap / 2, gap - between - reach(sheet, signals, cell.row - 1, -1.0))
    if cell.row + 1 < len(heights):
        gap = zero - heights[cell.row + 1]
        bottom = zero - max(gap / 2, gap - between - reach(sheet, signals, cell.row + 1, 1.0))
    return Band(bottom, top)


def cut(line: FloatArray, band: Band, least: int = 1) -> Cut:
    """``line`` (n_samples,) in mV on the sheet's axis, cut to ``band``; marks lie ``least`` samples apart."""
    within = np.clip(line, band.bottom, band.top)
    beyond = np.isfinite(line) & (within != line)
    if not beyond.any():
        return Cut(line)
    ends = np.flatnonzero(np.diff(np.concatenate([[False], beyond, [False]]).astype(np.int8)))
    marks: list[tuple[int, float]] = []
    latest: dict[float, int] = {}
    for first, behind in ends.reshape(-1, 2):
        middle = int(first + behind - 1) // 2
        height = float(within[middle])
        if middle - latest.get(height, -least) >= least:
            latest[height] = middle
            marks.append((middle, height))
        within[first + 1 : behind - 1] = np.nan
    return Cut(within, tuple(marks))


def too_tall(
    sheet: Sheet,
    signals: Sequence[FloatArray | None],
    zeros: Heights,
    ends: tuple[float, float],
    faulty: Collection[str],
) -> tuple[str, ...]:
    """The sound leads that run through the next row's zero line or off the paper, in the sheet's order."""
    heights = [float(height) for height in zeros]
    leads = []
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if signal is None or cell.lead in faulty or not np.isfinite(signal).any():
            continue
        top = heights[cell.row - 1] if cell.row else ends[1]
        bottom = heights[cell.row + 1] if cell.row + 1 < len(heights) else ends[0]
        line = heights[cell.row] + signal
        if float(np.nanmax(line)) > top or float(np.nanmin(line)) < bottom:
            leads.append(cell.lead)
    return tuple(dict.fromkeys(leads))
