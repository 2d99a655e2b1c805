"""The parts of an experiment's report: tables, figures and sentences, as CSV, Markdown and JSON."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ecgapp.errors import ConfigError
from ecgapp.models.validation_figures import Interval
from ecgapp.storage.plain_text import plain_cell

Cell = str | int | float | None  # read in this order: 5 is a count, 5.0 a figure
UNDEFINED = "–"
STYLES = ("line", "points", "bars")


@dataclass(frozen=True)
class ResultTable:
    """A table of results; a cell is text, a count, a figure, or None if it is undefined.

    ``decimals`` is how many a figure is shown with. ``notes`` stand below it, then ``records``: n and sources
    of the records that our figures are of. A table of ``published`` figures alone has none.

    Raises:
        ConfigError: a row has another number of cells than there are columns.
    """

    key: str  # a file name without ending
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    decimals: int = 3
    records: str = ""
    published: bool = False

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ConfigError("Each row of a table needs one cell for each column.")

    def text_rows(self) -> list[tuple[str, ...]]:
        """The rows as they are shown."""
        return [tuple(self._text(cell) for cell in row) for row in self.rows]

    @property
    def all_notes(self) -> tuple[str, ...]:
        """The sentences below the table, with n and sources last."""
        return (*self.notes, self.records) if self.records else self.notes

    def csv_text(self) -> str:
        """The table as CSV, with figures at full precision, and n and sources as the last column."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        title, words = (("Records",), (self.records,)) if self.records else ((), ())
        writer.writerow((*map(plain_cell, self.columns), *title))
        writer.writerows((*map(_csv_cell, row), *words) for row in self.rows)
        return stream.getvalue()

    def to_markdown(self) -> str:
        """The table as Markdown, with its title above and its notes below."""
        lines = [f"### {self.title}", "", _line(self.columns), _line(["---"] * len(self.columns))]
        lines += [_line(row) for row in self.text_rows()]
        if self.all_notes:
            lines += ["", " ".join(self.all_notes)]
        return "\n".join(lines) + "\n"

    def _text(self, cell: Cell) -> str:
        if cell is None:
            return UNDEFINED
        if isinstance(cell, float):
            return f"{cell:.{self.decimals}f}"
        return f"{cell:,}" if isinstance(cell, int) else cell


@dataclass(frozen=True)
class FigureSeries:
    """One line or one set of points of a panel; ``style`` is "line", "points" or "bars".

    Raises:
        ConfigError: the style is unknown, or the arrays have different lengths.
    """

    name: str
    x: tuple[float | str, ...]
    y: tuple[float | None, ...]
    style: str = "line"
    low: tuple[float | None, ...] = ()  # ends of the interval of each y; empty: without
    high: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.y), *(len(ends) for ends in (self.low, self.high) if ends)}
        if self.style not in STYLES or lengths != {len(self.x)} or bool(self.low) != bool(self.high):
            raise ConfigError("A series is a line, points or bars, with one x, y and interval for each.")


@dataclass(frozen=True)
class FigurePanel:
    """One pair of axes with its series; units stand in the titles of the axes."""

    title: str
    x_title: str
    y_title: str
    series: tuple[FigureSeries, ...]


@dataclass(frozen=True)
class ResultFigure:
    """A figure of one panel or several side by side; ``caption`` stands below it."""

    key: str
    title: str
    panels: tuple[FigurePanel, ...]
    caption: str = ""


@dataclass(frozen=True)
class ExperimentReport:
    """The report of an experiment, made from its results alone.

    ``data`` says n, sources and what differs from the published study; ``conclusions`` what the tables show
    and what they cannot show. ``cautions`` stand first: which arms are missing, and what may mix them up.
    """

    title: str
    citation: str
    data: tuple[str, ...]
    conclusions: tuple[str, ...]
    tables: tuple[ResultTable, ...] = ()
    figures: tuple[ResultFigure, ...] = ()
    cautions: tuple[str, ...] = ()

    def to_markdown(self, pictures: str = "") -> str:
        """The report as Markdown; figures are listed by title, or shown from the folder ``pictures``."""
        parts = [f"# {self.title}\n", *(f"**{caution}**\n" for caution in self.cautions)]
        parts += [f"{self.citation}\n", "## Data and protocol\n", _bullets(self.data)]
        parts += ["## What the results show\n", _bullets(self.conclusions), "## Tables\n"]
        parts += [table.to_markdown() for table in self.tables]
        if self.figures:
            parts.append("## Figures\n")
        if pictures:
            parts += [f"![{one.title}]({pictures}{one.key}.svg)\n\n{one.caption}\n" for one in self.figures]
        elif self.figures:
            parts.append(_bullets(tuple(_figure_line(figure) for figure in self.figures)))
        return "\n".join(parts)


def counted(names: Iterable[str]) -> str:
    """Each name with the number of times that it occurs, e.g. ``georgia 58, ptb 210``."""
    return ", ".join(f"{name} {n:,}" for name, n in sorted(Counter(names).items()))


def interval_text(value: Interval | None, decimals: int = 3) -> str | None:
    """A figure with its 95 % interval as a cell, e.g. ``0.812 (0.790 to 0.833)``; None if it is undefined."""
    if value is None:
        return None
    figure, low, high = (f"{number:.{decimals}f}" for number in (value.value, value.low, value.high))
    return f"{figure} ({low} to {high})"


def _csv_cell(cell: Cell) -> Cell:
    """The cell at full precision; text that a spreadsheet would compute stands behind an apostrophe."""
    return plain_cell(cell) if isinstance(cell, str) else "" if cell is None else cell


def _figure_line(figure: ResultFigure) -> str:
    return f"{figure.title} (`{figure.key}`). {figure.caption}".strip()


def _line(cells: "tuple[str, ...] | list[str]") -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _bullets(sentences: tuple[str, ...]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences) or "- Nothing yet.\n"
