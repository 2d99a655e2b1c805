"""The pages of the tracing: rows that do not fit on one go on to the next, and nothing shrinks."""

from dataclasses import replace

from ecgapp.report.contents import Contents
from ecgapp.signals.paper import Scale, Sheet, lay_out

ROWS = 28  # of 5 mm on a page: 140 mm, so that alarms, figures and statement stand above them
MOST_HEIGHT = 5.0 * ROWS  # mm
ROW = 1.75  # mV of paper that each row has on average, at least


def sheets_of(contents: Contents) -> tuple[Sheet, ...]:
    """The rows of each page, numbered anew; all pages share their seconds and hold about as many rows."""
    drawing = contents.drawing
    whole = lay_out(contents.drawn, drawing.layout, contents.start, scale=drawing.scale)
    most = rows_of_a_page(drawing.scale)
    n_pages = -(-whole.n_rows // most)
    size = -(-whole.n_rows // n_pages)
    return tuple(_part(whole, first, first + size) for first in range(0, whole.n_rows, size))


def rows_of_a_page(scale: Scale) -> int:
    """The number of rows that a page holds at this gain: 16 at 5 mm/mV, 8 at 10 mm/mV, 4 at 20 mm/mV."""
    return max(1, int(MOST_HEIGHT / (ROW * scale.gain)))


def _part(whole: Sheet, first: int, behind: int) -> Sheet:
    cells = tuple(replace(cell, row=cell.row - first) for cell in whole.cells if first <= cell.row < behind)
    return replace(whole, cells=cells)
