"""A table of results on paper: its columns' widths, its wrapped cells, its rows one by one."""

from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from ecgapp.experiments.report_parts import ResultTable
from ecgapp.report.page import GREY, LETTER, LINE, MILLIMETRE, Column, Type

LARGEST, SMALLEST, STEP = 8.0, 6.0, 0.5  # points
GAP = 3.0  # mm between two columns
BOLD = 1.15  # the width of a bold letter, of that of a plain one
NARROWEST = 12.0  # mm; a column is not squeezed further

Cell = tuple[str, ...]  # the lines of a cell


@dataclass(frozen=True)
class TableLayout:
    """A table that is laid out: ``lefts`` and ``widths`` (n_columns,) are in mm, cells are broken into lines.

    Columns of figures are aligned at their right end.
    """

    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lefts: tuple[float, ...]
    widths: tuple[float, ...]
    right: tuple[bool, ...]
    size: float  # points

    @property
    def line(self) -> float:
        """The height of a line in mm."""
        return LINE * self.size / MILLIMETRE

    @property
    def head_height(self) -> float:
        """The height of the head in mm, with its rule."""
        return max(map(len, self.head), default=1) * self.line + 1.5

    @property
    def row_heights(self) -> tuple[float, ...]:
        """The height of each row in mm."""
        return tuple(max(map(len, row), default=1) * self.line + 0.4 for row in self.rows)

    def draw_head(self, column: Column) -> None:
        """The columns' names, with a rule below."""
        self._draw(column, self.head, bold=True)
        ends = np.array([column.left, column.left + column.width])
        column.page.line(ends, np.full(2, column.y - self.head_height + self.line), 0.2, GREY)
        column.y -= self.head_height + 0.6

    def draw_row(self, column: Column, number: int) -> None:
        """One row of cells."""
        self._draw(column, self.rows[number], bold=False)
        column.y -= self.row_heights[number]

    def _draw(self, column: Column, cells: tuple[Cell, ...], *, bold: bool) -> None:
        for cell, left, width, right in zip(cells, self.lefts, self.widths, self.right, strict=True):
            x = column.left + left + (width if right else 0.0)
            kind = Type(self.size, bold=bold, align="right" if right else "left")
            for place, line in enumerate(cell):
                column.page.text(x, column.y - place * self.line, line, kind)


def lay_out_table(table: ResultTable, width: float) -> TableLayout:
    """The table in ``width`` mm: in the largest type in which no cell breaks, else with its cells wrapped."""
    texts = [table.columns, *table.text_rows()]
    sizes = np.arange(LARGEST, SMALLEST - STEP / 2, -STEP).tolist()
    size = next((size for size in sizes if _total(_natural(texts, size)) <= width), SMALLEST)
    widths, letter = _squeezed(_natural(texts, size), width), _letter(size)
    cells = [
        tuple(
            _lines(text, w, letter if place else letter * BOLD) for text, w in zip(row, widths, strict=True)
        )
        for place, row in enumerate(texts)
    ]
    lefts = np.concatenate([[0.0], np.cumsum(np.array(widths) + GAP)[:-1]])
    right = tuple(
        all(not isinstance(row[place], str) for row in table.rows) for place in range(len(table.columns))
    )
    return TableLayout(cells[0], tuple(cells[1:]), tuple(lefts.tolist()), tuple(widths), right, size)


def _letter(size: float) -> float:
    """The width of a letter in mm; figures are wider than text."""
    return 1.12 * LETTER * size / MILLIMETRE


def _natural(texts: list[tuple[str, ...]], size: float) -> list[float]:
    """The width of each column in mm if no cell is broken; the first of ``texts`` is the head, in bold."""
    longest = [max(BOLD * len(head), *map(len, cells), 1) for head, *cells in zip(*texts, strict=True)]
    return [n * _letter(size) for n in longest]


def _total(widths: list[float]) -> float:
    return sum(widths) + GAP * (len(widths) - 1)


def _squeezed(widths: list[float], width: float) -> list[float]:
    """The widths with the widest columns cut until all fit; none below ``NARROWEST``."""
    room, limit = width - GAP * (len(widths) - 1), max(widths)
    while sum(min(w, limit) for w in widths) > room and limit > NARROWEST:
        limit -= 1.0
    return [min(w, limit) for w in widths]


def _lines(text: str, width: float, letter: float) -> Cell:
    return tuple(wrap(text, max(4, int(width / letter + 1e-6)))) or ("",)
