"""A figure of results on one sheet: its panels side by side, in marks and dashes that differ in grey, too."""

import numpy as np
from matplotlib.axes import Axes

from ecgapp.experiments.report_parts import FigurePanel, FigureSeries, ResultFigure
from ecgapp.report.page import FONT, FOOT, HEIGHT, LEFT, RIGHT, WIDTH, Column

MOST_COLUMNS = 3
MARGIN, BELOW, ABOVE = 16.0, 24.0, 8.0  # mm: room for the axes' titles at the left, below and above
TYPE = 7.5  # points
_MANY = 40  # points; a line with more has no markers
COLOURS = ("#4477aa", "#cc3311", "#228833", "#a2932c", "#ae347a", "#117733", "#7f7f7f", "#179fcd")
MARKS = ("o", "s", "D", "^", "x", "P", "*", "h")
DASHES = ("-", "--", ":", "-.")


def draw_figure(column: Column, figure: ResultFigure) -> None:
    """Draw the figure below the column's last line, on all of its sheet."""
    column.heading(figure.title)
    if figure.caption:
        column.paragraph(figure.caption)
    rows = -(-len(figure.panels) // MOST_COLUMNS)
    columns = -(-len(figure.panels) // rows)  # two and two rather than three and one
    names = list(dict.fromkeys(series.name for panel in figure.panels for series in panel.series))
    width, height = (RIGHT - LEFT) / columns, (column.y - FOOT - 2) / rows
    for place, panel in enumerate(figure.panels):
        left = LEFT + place % columns * width + MARGIN
        bottom = column.y - (place // columns + 1) * height + BELOW
        box = (left / WIDTH, bottom / HEIGHT, (width - MARGIN - 2) / WIDTH, (height - BELOW - ABOVE) / HEIGHT)
        axes = column.page.figure.add_axes(box)
        _draw_panel(axes, panel, names)
        if len(names) > 1 and place == 0:
            legend = {"family": FONT, "size": TYPE}
            axes.legend(prop=legend, frameon=True, framealpha=0.85)


def _draw_panel(axes: Axes, panel: FigurePanel, names: list[str]) -> None:
    places = _categories(panel)
    bars = [series for series in panel.series if series.style == "bars"]
    for series in panel.series:
        x = np.array([places[one] if isinstance(one, str) else one for one in series.x], dtype=float)
        width = 0.8 / max(1, len(bars))
        shift = (bars.index(series) - (len(bars) - 1) / 2) * width if series in bars else 0.0
        _draw_series(axes, series, x + shift, names.index(series.name), width)
    if places:
        long = max(map(len, places)) * len(places) > 48
        axes.set_xticks(list(places.values()), list(places))
        if long:
            for label in axes.get_xticklabels():
                label.set(rotation=35, ha="right")
    axes.set_title(panel.title, fontsize=TYPE + 1, family=FONT)
    axes.set_xlabel(panel.x_title, fontsize=TYPE, family=FONT)
    axes.set_ylabel(panel.y_title, fontsize=TYPE, family=FONT)
    axes.tick_params(labelsize=TYPE)
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _categories(panel: FigurePanel) -> dict[str, float]:
    """The place of each word on the x axis, in the order of their first occurrence."""
    words = (x for series in panel.series for x in series.x if isinstance(x, str))
    return {word: float(place) for place, word in enumerate(dict.fromkeys(words))}


def _draw_series(axes: Axes, series: FigureSeries, x: np.ndarray, number: int, width: float) -> None:
    y = np.array([np.nan if value is None else value for value in series.y], dtype=float)
    colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
    if series.style == "bars":
        axes.bar(x, y, 0.92 * width, color=colour, label=series.name)
    elif series.style == "points":
        axes.plot(x, y, mark, color=colour, markersize=4.5, label=series.name)
    else:
        style, marker = DASHES[number % len(DASHES)], mark if len(x) <= _MANY else ""
        axes.plot(
            x,
            y,
            linestyle=style,
            marker=marker,
            markersize=3.0,
            color=colour,
            linewidth=1.2,
            label=series.name,
        )
    if series.low:
        ends = [
            np.array([np.nan if v is None else v for v in end], float) for end in (series.low, series.high)
        ]
        lengths = np.nan_to_num(np.clip([y - ends[0], ends[1] - y], 0, None))
        line = "#333333" if series.style == "bars" else colour
        axes.errorbar(x, y, lengths, fmt="none", ecolor=line, elinewidth=0.9, capsize=2)
