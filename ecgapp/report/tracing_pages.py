"""The tracing's pages: every lead in true millimetres on paper, with every setting in force."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ecgapp.analysis.evidence_marks import evidence_marks
from ecgapp.records import ECGRecord, FloatArray
from ecgapp.report.contents import Contents
from ecgapp.report.page import ALARM, LEFT, Page, Type, print_foot, print_head
from ecgapp.report.sheets import ROWS, sheets_of
from ecgapp.report.summary import draw_summary
from ecgapp.signals import remarks, st_changes
from ecgapp.signals.paper import (
    MARK_GAP,
    SYNTHETIC,
    Cell,
    Cut,
    Sheet,
    bands,
    cut,
    edges,
    keep_peaks,
    name_on_paper,
    pieces,
    pulse,
    row_zeros,
    sample_range,
    too_tall,
)
from ecgapp.signals.st_level import st_warning

BOTTOM = 22.0  # mm: the grid's lower edge
COLUMNS = 53  # of 5 mm: 250 mm with the pulse before them
RIGHT, TOP = LEFT + 5.0 * COLUMNS, BOTTOM + 5.0 * ROWS
NARROWEST = 2  # of 5 mm, between two rows
MOST_POINTS = 40.0  # a millimetre; above it, lowest and highest samples are kept
MINOR, MAJOR = "#f3cfcf", "#dd9a9a"  # light enough in greyscale to leave the trace alone
LONGEST = 150  # characters of one line of settings with wide gaps
EVIDENCE, SHADE = 9.5, "#fbeccb"  # mm above and below a lead's zero; light enough to leave the grid
NAME = Type(9, bold=True)
UNDER = 7.6  # mm: where the leads that do not fit are named
NAME_WIDTH = 12.5  # mm of a lead lie below its name
NAME_HEIGHT = 10.5  # mm above zero, where rows are far enough apart
NAME_SHARE = 0.55  # of the way to the row above, where they are not


@dataclass(frozen=True, eq=False)
class _Strips:
    """The drawn strips: each cell's samples in mV, and each row's zero in mm from the sheet's lower edge."""

    record: ECGRecord
    sheet: Sheet
    signals: list[FloatArray | None]
    zeros: list[float]
    faulty: frozenset[str] = frozenset()

    @property
    def gain(self) -> float:
        """The gain in mm/mV."""
        return self.sheet.scale.gain

    def x(self, seconds: float) -> float:
        """The distance in mm from the paper's left edge of a moment of the recording."""
        return LEFT + (self.sheet.scale.margin + seconds - self.sheet.start) * self.sheet.scale.speed

    def above(self, cell: Cell, signal: FloatArray | None) -> float:
        """The height of the lead's name, in mm: well above zero, or higher where a wave is in its way."""
        zero, rate = self.zeros[cell.row], self.record.sampling_rate
        below = np.zeros(1) if signal is None else signal[: round(NAME_WIDTH / self.sheet.scale.speed * rate)]
        tallest = self.gain * float(np.nan_to_num(below).max())
        gaps = -np.diff(self.zeros)
        usual = min(NAME_HEIGHT, NAME_SHARE * float(gaps.min())) if gaps.size else NAME_HEIGHT
        highest = zero + usual + 3.0 if usual < NAME_HEIGHT else TOP - 4.0
        return min(zero + max(usual, tallest + 1.0), highest, TOP - 4.0)

    @cached_property
    def lines(self) -> list[Cut | None]:
        """Each cell's line in mV above the sheet's edge: a faulty lead in its row, all within the grid."""
        zeros, ends = np.array(self.zeros) / self.gain, (BOTTOM / self.gain, TOP / self.gain)
        least = max(1, round(MARK_GAP / self.sheet.scale.speed * self.record.sampling_rate))
        limits = bands(self.sheet, self.signals, zeros, ends, self.faulty)
        return [
            None if signal is None else cut(signal + np.float32(zeros[cell.row]), band, least)
            for cell, signal, band in zip(self.sheet.cells, self.signals, limits, strict=True)
        ]

    @property
    def cut_leads(self) -> tuple[str, ...]:
        """The leads that go on beyond their row or the grid."""
        cells = zip(self.sheet.cells, self.lines, strict=True)
        return tuple(dict.fromkeys(cell.name for cell, line in cells if line is not None and line.marks))

    @property
    def crossing(self) -> tuple[str, ...]:
        """The sound leads that run through another row."""
        zeros, ends = np.array(self.zeros) / self.gain, (BOTTOM / self.gain, TOP / self.gain)
        return too_tall(self.sheet, self.signals, zeros, ends, self.faulty)


def draw_tracing(page: Page, contents: Contents, number: int = 0, total: int | None = None) -> None:
    """One page of the tracing, the first is ``number`` 0, with its head and foot."""
    record, sheets = contents.drawn, sheets_of(contents)
    sheet = sheets[number]
    signals = pieces(record, sheet)
    zeros, around = row_zeros(sheet, signals), edges(sheet, signals)
    placed = place_rows(zeros, around, sheet.scale.gain)
    strips = _Strips(record, sheet, signals, placed, contents.faulty)
    _draw_grid(page)
    _draw_evidence(page, strips, contents)
    for cell, signal, line in zip(sheet.cells, signals, strips.lines, strict=True):
        _draw_cell(page, strips, cell, signal, line)
    for row, zero in enumerate(strips.zeros):
        time, height = np.array(pulse(sheet, row)).T
        page.line(LEFT + sheet.scale.speed * time, zero + strips.gain * height, 0.25)
    _print_head(page, contents)
    page.text(LEFT, 16.5, settings_in_words(contents, sheet), Type(9))
    _print_foot(page, strips, (number + 1, total or len(sheets)))


def place_rows(zeros: FloatArray, around: tuple[float, float], gain: float = 10.0) -> list[float]:
    """The height of 0 mV of each row on the sheet, in mm, on 5 mm lines, the first row on top.

    ``zeros`` (n_rows,) are in mV from the first one's; ``around`` is what they ask for above and below
    them; ``gain`` is in mm/mV. Paper to spare goes between the rows; where there is too little, the widest
    gap gives, and waves may cross.
    """
    wanted = np.array([around[0], *-np.diff(zeros), around[1]])
    gaps = np.rint(wanted * gain / 5).astype(int)
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


def _draw_evidence(page: Page, strips: _Strips, contents: Contents) -> None:
    """A shaded stretch with a frame where a lead shows a critical finding."""
    for mark in evidence_marks(contents.critical, strips.sheet):
        zero, left, right = strips.zeros[mark.cell.row], strips.x(mark.start), strips.x(mark.stop)
        bottom, top = max(BOTTOM, zero - EVIDENCE), min(TOP, zero + EVIDENCE)
        page.boxes(np.array([(left, bottom, right, top)]), [SHADE])
        x, y = np.array([left, right, right, left, left]), np.array([bottom, bottom, top, top, bottom])
        page.line(x, y, 0.25, ALARM)
        if mark.words:
            line = bottom + 0.8 + 2.8 * mark.number
            page.text(left + 0.6, line, mark.words, Type(6.5, bold=True, colour=ALARM))


def _draw_cell(page: Page, strips: _Strips, cell: Cell, signal: FloatArray | None, line: Cut | None) -> None:
    """One lead's stretch, its name, and a stroke of 6 mm where it takes over from another."""
    zero, left = strips.zeros[cell.row], strips.x(cell.start)
    page.text(left + 1.2, strips.above(cell, signal), name_on_paper(strips.record, cell.name), NAME)
    if cell.start > strips.sheet.start:
        page.line(np.array([left, left]), np.array([zero - 3, zero + 3]), 0.25)
    if line is None:
        return
    (first, _), rate = sample_range(strips.record, cell), strips.record.sampling_rate
    drawn, points = keep_peaks(line.line, rate, MOST_POINTS * strips.sheet.scale.speed)
    times = first / rate + np.arange(len(drawn)) / points
    scale = strips.sheet.scale
    x = LEFT + (scale.margin + times - strips.sheet.start) * scale.speed
    page.line(x, strips.gain * drawn.astype(float), 0.25)
    for sample, height in line.marks:
        up = 1 if strips.gain * height > zero else -1
        tip, y = strips.x((first + sample) / rate), strips.gain * height  # of an arrow at the edge
        page.line(np.array([tip - 0.8, tip, tip + 0.8]), np.array([y - 1.4 * up, y, y - 1.4 * up]), 0.35)


def _print_head(page: Page, contents: Contents) -> None:
    """Head and summary; what makes the recording doubtful comes last, as far as there is room."""
    record = contents.record
    print_head(page, contents, contents.title)
    moved = _moved_st(contents)
    synthetic = [f"{SYNTHETIC}."] if record.synthetic else []
    draw_summary(
        page,
        contents,
        " ".join([*synthetic, *([moved] if moved else []), *remarks(record, contents.quality)]),
    )


def _moved_st(contents: Contents) -> str:
    """A warning on leads whose ST the filter moves by more than 0.5 mm; "" if there is none."""
    record, drawn = contents.record, contents.drawn
    if drawn is record or record.units != "mV":
        return ""
    beats = contents.ecg.beats.times.tolist()
    moved = [change for change in st_changes(record, drawn, beats) if change.large]
    return st_warning(moved) if moved else ""


def _print_foot(page: Page, strips: _Strips, number: tuple[int, int]) -> None:
    pulse = f"the pulse is {strips.gain:g} mm tall and 5 mm wide"
    print_foot(page, number, f"Printed at 100 % on A4, {pulse}.")
    sentences = [f"Cut, and marked by an arrow: {', '.join(strips.cut_leads)}."] if strips.cut_leads else []
    if strips.crossing:
        sentences.append(f"Through another row: {', '.join(strips.crossing)}. Half the gain would fit.")
    page.text(LEFT, UNDER, " ".join(sentences), Type(7.5, bold=True))


def settings_in_words(contents: Contents, sheet: Sheet) -> str:
    """Speed, gain, filter, rate and stretch, as they stand on the tracing."""
    record, scale = contents.drawn, sheet.scale
    gain = (
        f"{scale.gain:g} mm/mV"
        if record.units == "mV"
        else "no voltage calibration: the pulse is 5 standard deviations"
    )
    gain += ", calibration assumed" if record.calibration_assumed else ""
    half = [f"V1-V6 at half gain, {scale.gain / 2:g} mm/mV"] if scale.half_chest else []
    order = ["limb leads in Cabrera's order"] if contents.drawing.layout.cabrera else []
    rate = f"{record.sampling_rate:g} samples/s"
    stretch = f"{sheet.start:g}-{sheet.stop:g} s of {record.duration:.1f} s"
    parts = [
        f"{scale.speed:g} mm/s",
        gain,
        *half,
        *order,
        f"filter: {contents.drawing.filter}",
        rate,
        stretch,
    ]
    words = "      ".join(parts)
    return words if len(words) <= LONGEST else "   ".join(parts)
