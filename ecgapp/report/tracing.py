"""Page 1, the tracing: 3x4 with a rhythm strip, 25 mm/s and 10 mm/mV true on paper, as recorded."""

from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from ecgapp.paper import (
    MARGIN,
    PULSE,
    SYNTHETIC,
    Cell,
    Sheet,
    edges,
    keep_peaks,
    lay_out,
    name_on_paper,
    pieces,
    row_zeros,
    sample_range,
)
from ecgapp.records import ECGRecord, FloatArray
from ecgapp.report.contents import Contents
from ecgapp.report.head import LEFT, print_foot, print_head
from ecgapp.report.page import Page, Type
from ecgapp.signals import heart_rate, remarks

SPEED, GAIN = 25.0, 10.0  # mm/s, mm/mV
BOTTOM = 22.0  # mm: the grid's lower edge
COLUMNS, ROWS = 53, 32  # of 5 mm: 10 s with the pulse before them, and 160 mm
RIGHT, TOP = LEFT + 5.0 * COLUMNS, BOTTOM + 5.0 * ROWS
NARROWEST = 2  # of 5 mm, between two rows
MOST_POINTS = 1000.0  # a second; above it, lowest and highest samples are kept
MINOR, MAJOR = "#f3cfcf", "#dd9a9a"  # light enough in greyscale to leave the trace alone
REMARK_LENGTH, REMARK_LINES = 155, 3  # of bold type
NAME = Type(9, bold=True)
NAME_SECONDS = 0.5  # of a lead lie below its name
FILTER = "none, as recorded"


@dataclass(frozen=True, eq=False)
class _Strips:
    """What is drawn: each cell's samples in mV, and each row's zero in mm from the sheet's lower edge."""

    record: ECGRecord
    sheet: Sheet
    signals: list[FloatArray | None]
    zeros: list[float]

    def x(self, seconds: float) -> float:
        """mm from the paper's left edge, of a moment of the recording."""
        return LEFT + (MARGIN + seconds - self.sheet.start) * SPEED

    def above(self, cell: Cell, signal: FloatArray | None) -> float:
        """Where the lead's name stands, in mm: 10.5 mm above zero, or higher where a wave is in its way."""
        zero = self.zeros[cell.row]
        below = np.zeros(1) if signal is None else signal[: round(NAME_SECONDS * self.record.sampling_rate)]
        tallest = GAIN * float(np.nan_to_num(below).max())
        return min(zero + max(10.5, tallest + 1.0), TOP - 4.0)

    @property
    def cut_off(self) -> bool:
        """Whether a wave runs beyond the grid."""
        drawn = zip(self.sheet.cells, self.signals, strict=True)
        heights = [self.zeros[cell.row] + GAIN * signal for cell, signal in drawn if signal is not None]
        return any(bool((height < BOTTOM).any() or (height > TOP).any()) for height in heights)


def draw_tracing(page: Page, contents: Contents) -> None:
    """The tracing on ``page``, with its head and foot."""
    record = contents.record
    sheet = lay_out(record, start=contents.start)
    signals = pieces(record, sheet)
    strips = _Strips(record, sheet, signals, place_rows(row_zeros(sheet, signals), edges(sheet, signals)))
    _draw_grid(page)
    for cell, signal in zip(sheet.cells, signals, strict=True):
        _draw_cell(page, strips, cell, signal)
    for zero in strips.zeros:
        time, height = np.array(PULSE).T
        page.line(LEFT + SPEED * time, zero + GAIN * height, 0.25)
    _print_head(page, contents)
    _print_foot(page, strips)


def place_rows(zeros: FloatArray, around: tuple[float, float]) -> list[float]:
    """Where 0 mV of each row stands on the sheet, in mm, on 5 mm lines, the first row on top.

    ``zeros`` (n_rows,) are in mV from the first one's; ``around`` is what they ask for above and below
    them. Paper to spare goes between the rows; where there is too little, the widest gap gives.
    """
    asked = np.array([around[0], *-np.diff(zeros), around[1]])
    gaps = np.rint(asked * GAIN / 5).astype(int)
    spare = max(0, ROWS - int(gaps.sum()))
    gaps += spare // len(gaps)
    gaps[1 : 1 + spare % len(gaps)] += 1
    while gaps.sum() > ROWS and gaps.max() > NARROWEST:
        gaps[gaps.argmax()] -= 1
    return [TOP - 5.0 * float(down) for down in np.cumsum(gaps)[:-1]]


def _draw_grid(page: Page) -> None:
    for step, width, colour in ((1.0, 0.08, MINOR), (5.0, 0.18, MAJOR)):
        upright = [[(x, BOTTOM), (x, TOP)] for x in np.arange(LEFT, RIGHT + step / 2, step)]
        level = [[(LEFT, y), (RIGHT, y)] for y in np.arange(BOTTOM, TOP + step / 2, step)]
        page.strokes(np.array(upright + level), width, colour)


def _draw_cell(page: Page, strips: _Strips, cell: Cell, signal: FloatArray | None) -> None:
    """One lead's stretch, its name, and a stroke of 6 mm where it takes over from another."""
    zero, left = strips.zeros[cell.row], strips.x(cell.start)
    page.text(left + 1.2, strips.above(cell, signal), name_on_paper(strips.record, cell.name), NAME)
    if cell.start > strips.sheet.start:
        page.line(np.array([left, left]), np.array([zero - 3, zero + 3]), 0.25)
    if signal is None:
        return
    first, _ = sample_range(strips.record, cell)
    drawn, rate = keep_peaks(signal, strips.record.sampling_rate, MOST_POINTS)
    times = first / strips.record.sampling_rate + np.arange(len(drawn)) / rate
    height = np.clip(zero + GAIN * drawn.astype(float), BOTTOM, TOP)
    page.line(LEFT + (MARGIN + times - strips.sheet.start) * SPEED, height, 0.25)


def _print_head(page: Page, contents: Contents) -> None:
    record = contents.record
    print_head(page, contents, contents.title, rate_in_words(record))
    said = [*([f"{SYNTHETIC}."] if record.synthetic else []), *remarks(record)]
    lines = wrap(" ".join(said), REMARK_LENGTH, max_lines=REMARK_LINES, placeholder=" ... (more on page 2)")
    for number, line in enumerate(lines):
        page.text(LEFT, 190.8 - 3.2 * number, line, Type(7.5, bold=True))


def rate_in_words(record: ECGRecord) -> str:
    """The heart rate, or that there is none to be had."""
    beats = heart_rate(record.signal, record.sampling_rate)
    return "heart rate not measurable" if beats is None else f"heart rate {beats:.0f}/min"


def _print_foot(page: Page, strips: _Strips) -> None:
    page.text(LEFT, 16.5, settings_in_words(strips.record, strips.sheet), Type(9))
    cut = " Waves beyond the grid are cut off." if strips.cut_off else ""
    print_foot(page, 1, f"Printed at 100 % on A4, the pulse is 10 mm tall and 5 mm wide.{cut}")


def settings_in_words(record: ECGRecord, sheet: Sheet) -> str:
    """Speed, gain, filter, rate and stretch, as they stand on the tracing."""
    gain = "10 mm/mV" if record.units == "mV" else "volts lost: the pulse is 5 standard deviations"
    stretch = f"{sheet.start:g}-{sheet.stop:g} s of {record.duration:.1f} s"
    return "      ".join(
        ["25 mm/s", gain, f"filter: {FILTER}", f"{record.sampling_rate:g} samples/s", stretch]
    )
