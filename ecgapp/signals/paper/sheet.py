"""The positions of leads on ECG paper: sheets of rows and columns, in seconds and millivolts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.errors import ConfigError
from ecgapp.records import LEADS, ECGRecord
from ecgapp.records.record import FloatArray

PAGE_SECONDS = 10.0  # one sheet at 25 mm/s is 250 mm wide
PAGE_MILLIMETRES = 250.0
CABRERA = ("aVL", "I", "-aVR", "II", "aVF", "III")  # the frontal plane in steps of 30 degrees
CHEST = LEADS[6:]
RHYTHM_LEAD = "II"
LEADS_FOR_COLUMNS = 6  # with fewer standard leads than this, each lead gets a row of its own
MARGIN = 0.6  # seconds at 25 mm/s to the left of the first sample, for the calibration pulse
PULSE = ((0.06, 0.0), (0.14, 0.0), (0.14, 1.0), (0.34, 1.0), (0.34, 0.0), (0.44, 0.0))  # (s at 25 mm/s, mV)
STANDARD_DEVIATIONS_PER_MILLIVOLT = 5.0  # for records whose voltages are unknown
SYNTHETIC = "SYNTHETIC, from no patient"
MEDIAN_OF = 50_000  # samples at least, if there are as many
BOX = 5.0  # mm; rows stand on the 5 mm lines
ROW_SPACING = (20.0, 4.0)  # between two rows: least in mm, most in mV
EDGES = (15.0, 5.0)  # paper above the first zero and below the last: least in mm, most in mV


@dataclass(frozen=True)
class Scale:
    """Paper speed in mm/s and gain in mm/mV of all leads; chest leads optionally at half gain."""

    speed: float = 25.0
    gain: float = 10.0
    half_chest: bool = False

    def __post_init__(self) -> None:
        if self.speed <= 0 or self.gain <= 0:
            raise ConfigError("Paper speed and gain must be positive.")

    def of(self, lead: str) -> float:
        """The factor of a lead's millivolts: 0.5 for chest leads at half gain, else 1."""
        return 0.5 if self.half_chest and lead in CHEST else 1.0

    @property
    def page_seconds(self) -> float:
        """The seconds on a sheet of 250 mm."""
        return PAGE_MILLIMETRES / self.speed

    @property
    def margin(self) -> float:
        """Seconds to the left of the first sample, for the calibration pulse."""
        return MARGIN * 25.0 / self.speed


@dataclass(frozen=True)
class Layout:
    """The arrangement of the twelve leads: number of columns, lead of the rhythm strip, lead order."""

    columns: int = 4
    rhythm: str | None = RHYTHM_LEAD
    cabrera: bool = False

    @property
    def leads(self) -> tuple[str, ...]:
        """The twelve leads from the first column's top to the last one's end; "-aVR" is an inverted aVR."""
        return (*CABRERA, *CHEST) if self.cabrera else LEADS

    @property
    def n_rows(self) -> int:
        """The number of rows above the rhythm strip."""
        return len(LEADS) // self.columns


THREE_BY_FOUR, SIX_BY_TWO, STACKED = Layout(4), Layout(2), Layout(1, None)


@dataclass(frozen=True)
class Cell:
    """One lead's part of one row; ``start`` and ``stop`` are seconds of the recording."""

    lead: str
    row: int
    start: float
    stop: float
    inverted: bool = False

    @property
    def name(self) -> str:
        """The lead's name as printed: an inverted aVR is "-aVR"."""
        return f"-{self.lead}" if self.inverted else self.lead


@dataclass(frozen=True)
class Sheet:
    """Cells on one sheet that begins at ``start`` and ends at ``stop``, in seconds of the recording."""

    cells: tuple[Cell, ...]
    start: float
    stop: float
    scale: Scale = Scale()

    @property
    def n_rows(self) -> int:
        return max(cell.row for cell in self.cells) + 1

    def row(self, number: int) -> list[Cell]:
        """The cells of one row, from left to right."""
        return [cell for cell in self.cells if cell.row == number]


def lay_out(
    record: ECGRecord,
    layout: Layout = THREE_BY_FOUR,
    start: float = 0.0,
    seconds: float | None = None,
    scale: Scale | None = None,
) -> Sheet:
    """The sheet of ``record`` from ``start`` seconds on, ``seconds`` long or 250 mm wide.

    All columns have one time axis: each begins where the previous one ends. A record with few of the twelve
    leads gets one row per lead in every layout.
    """
    scale = scale or Scale()
    stop = min(start + (seconds or scale.page_seconds), record.duration)
    if len(set(record.leads) & set(LEADS)) < LEADS_FOR_COLUMNS:
        cells = tuple(Cell(lead, row, start, stop) for row, lead in enumerate(record.leads))
    else:
        cells = _in_columns(layout, start, stop)
    return Sheet(cells, start, stop, scale)


def _in_columns(layout: Layout, start: float, stop: float) -> tuple[Cell, ...]:
    width = (stop - start) / layout.columns
    cells = []
    for number, lead in enumerate(layout.leads):
        column, row = divmod(number, layout.n_rows)
        left, right = start + column * width, start + (column + 1) * width
        cells.append(Cell(lead.removeprefix("-"), row, left, right, lead.startswith("-")))
    if layout.rhythm is not None:
        cells.append(Cell(layout.rhythm, layout.n_rows, start, stop))
    return tuple(cells)


def pieces(record: ECGRecord, sheet: Sheet) -> list[FloatArray | None]:
    """Each cell's samples as drawn, in mV about the lead's median; None for a lead that is not recorded.

    Only a constant is subtracted, so that a lead with an electrode offset stays on the paper. Inverted
    leads change sign, chest leads at half gain are halved. If the voltages are unknown,
    ``STANDARD_DEVIATIONS_PER_MILLIVOLT`` count as one mV.
    """
    return [_piece(record, sheet, cell) for cell in sheet.cells]


def _piece(record: ECGRecord, sheet: Sheet, cell: Cell) -> FloatArray | None:
    if cell.lead not in record.leads:
        return None
    first, last = sample_range(record, cell)
    lead = record.signal[record.leads.index(cell.lead)]
    unit = 1 if record.units == "mV" else STANDARD_DEVIATIONS_PER_MILLIVOLT
    factor = np.float32((-1 if cell.inverted else 1) * sheet.scale.of(cell.lead) / unit)
    return (lead[first:last] - middle(record, cell.lead)) * factor


def middle(record: ECGRecord, lead: str) -> np.float32:
    """The lead's median in mV, which is drawn at its row's zero; in long records of every n-th sample."""
    signal = record.signal[record.leads.index(lead), :: max(1, record.n_samples // MEDIAN_OF)]
    return np.float32(np.nanmedian(signal)) if np.isfinite(signal).any() else np.float32(0)


def pulse(sheet: Sheet, row: int) -> tuple[tuple[float, float], ...]:
    """The row's calibration pulse: (seconds from the sheet's left edge, mV), 5 mm wide, 1 mV tall.

    Its second half is lower if the row continues with chest leads at half gain.
    """
    cells = sheet.row(row)
    first, last = (sheet.scale.of(cell.lead) for cell in (cells[0], cells[-1]))
    stretch = 25.0 / sheet.scale.speed
    rise, fall, half = PULSE[2][0], PULSE[3][0], (PULSE[2][0] + PULSE[3][0]) / 2
    top = ((rise, first), (half, first), (half, last), (fall, last)) if first != last else None
    corners = (*PULSE[:2], *(top or ((rise, first), (fall, first))), *PULSE[4:])
    return tuple((x * stretch, y) for x, y in corners)


def name_on_paper(record: ECGRecord, lead: str) -> str:
    """The lead's name, with "(derived)" or "(not recorded)" if it is."""
    recorded = lead.removeprefix("-") if lead in CABRERA else lead
    if recorded not in record.leads:
        return f"{lead} (not recorded)"
    return f"{lead} (derived)" if recorded in record.derived else lead


def sample_range(record: ECGRecord, cell: Cell) -> tuple[int, int]:
    """The first sample of the cell, and the sample behind its last."""
    first = int(np.ceil(cell.start * record.sampling_rate - 1e-6))
    last = int(np.ceil(cell.stop * record.sampling_rate - 1e-6))
    return first, min(max(last, first + 1), record.n_samples)


def row_zeros(sheet: Sheet, signals: list[FloatArray | None]) -> FloatArray:
    """The height of 0 mV in each row, in mV: float32 (n_rows,), the first at 0, all on 5 mm lines.

    Rows are further apart, in whole 5 mm, if high waves would overlap.
    """
    zeros = [0.0]
    for row in range(1, sheet.n_rows):
        needed = reach(sheet, signals, row - 1, -1.0) + reach(sheet, signals, row, 1.0)
        zeros.append(zeros[-1] - _paper(sheet, needed, ROW_SPACING))
    return np.array(zeros, dtype=np.float32)


def edges(sheet: Sheet, signals: list[FloatArray | None]) -> tuple[float, float]:
    """The paper above the first row's zero and below the last one's, in mV.

    All waves of the first and last row lie on the paper, up to the amplitude of an electrode fault.
    """
    above = reach(sheet, signals, 0, 1.0)
    below = reach(sheet, signals, sheet.n_rows - 1, -1.0)
    return _paper(sheet, above + 0.1, EDGES), _paper(sheet, below + 0.1, EDGES)


def _paper(sheet: Sheet, needed: float, limits: tuple[float, float]) -> float:
    """``needed`` mV in whole boxes of 5 mm, at least ``limits[0]`` mm and at most ``limits[1]`` mV."""
    gain = sheet.scale.gain
    boxes = np.ceil(round(needed * gain / BOX, 6)) * BOX
    return float(np.clip(boxes, limits[0], max(limits[0], limits[1] * gain))) / gain


def reach(sheet: Sheet, signals: Sequence[FloatArray | None], row: int, sign: float) -> float:
    """The distance in mV that a row's waves and pulse extend up (sign 1) or down (sign -1)."""
    reaches = [max(sign, 0.0)]
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if cell.row == row and signal is not None and np.isfinite(signal).any():
            reaches.append(float(np.nanmax(sign * signal)))
    return max(reaches)


def keep_peaks(signal: FloatArray, sampling_rate: float, most: float) -> tuple[FloatArray, float]:
    """``signal`` (n_samples,) reduced to about ``most`` points a second, and its new rate.

    Each stretch is reduced to its lowest and its highest sample, in their order.
    """
    if sampling_rate <= most:
        return signal, sampling_rate
    size = int(np.ceil(2 * sampling_rate / most))
    blocks = np.pad(signal, (0, -signal.size % size), mode="edge").reshape(-1, size)
    filled = np.where(np.isfinite(blocks), blocks, np.inf)
    low = filled.argmin(axis=1)
    high = np.where(np.isfinite(blocks), blocks, -np.inf).argmax(axis=1)
    order = np.sort(np.stack([low, high], axis=1), axis=1)
    return np.take_along_axis(blocks, order, axis=1).reshape(-1), sampling_rate * 2 / size
