"""Where each lead stands on ECG paper: sheets of rows and columns, in seconds and millivolts."""

from dataclasses import dataclass

import numpy as np

from ecgapp.records import LEADS, ECGRecord
from ecgapp.records.record import FloatArray

PAGE_SECONDS = 10.0  # one sheet at 25 mm/s is 250 mm wide
THREE_BY_FOUR = "3x4 + rhythm strip"
STACKED = "12x1"
LAYOUTS = (THREE_BY_FOUR, STACKED)
COLUMNS = (LEADS[0:3], LEADS[3:6], LEADS[6:9], LEADS[9:12])
RHYTHM_LEAD = "II"
LEADS_FOR_COLUMNS = 6  # with fewer standard leads than this, each lead gets a row of its own
MARGIN = 0.6  # seconds to the left of the first sample, for the calibration pulse
PULSE = ((0.06, 0.0), (0.14, 0.0), (0.14, 1.0), (0.34, 1.0), (0.34, 0.0), (0.44, 0.0))  # (s, mV)
STANDARD_DEVIATIONS_PER_MILLIVOLT = 5.0  # for records whose volts are lost
SYNTHETIC = "SYNTHETIC, from no patient"
ROW_STEP = 0.5  # mV; rows stand on the 5 mm lines
ROW_SPACING = (2.0, 4.0)  # mV between two rows, least and most
EDGES = (1.5, 5.0)  # mV of paper above the first zero and below the last, least and most


@dataclass(frozen=True)
class Cell:
    """One lead's stretch of one row; ``start`` and ``stop`` are seconds of the recording."""

    lead: str
    row: int
    start: float
    stop: float


@dataclass(frozen=True)
class Sheet:
    """Cells on one sheet that begins at ``start`` and ends at ``stop``, in seconds of the recording."""

    cells: tuple[Cell, ...]
    start: float
    stop: float

    @property
    def n_rows(self) -> int:
        return max(cell.row for cell in self.cells) + 1


def lay_out(
    record: ECGRecord, layout: str = THREE_BY_FOUR, start: float = 0.0, seconds: float = PAGE_SECONDS
) -> Sheet:
    """The sheet of ``record`` from ``start`` seconds on, at most ``seconds`` long.

    3x4 keeps one time axis over its columns: each column goes on where the one before ends. A
    record with few of the twelve leads gets one row a lead, whatever the layout.
    """
    stop = min(start + seconds, record.duration)
    if layout == THREE_BY_FOUR and len(set(record.leads) & set(LEADS)) >= LEADS_FOR_COLUMNS:
        return Sheet(_columns(start, stop), start, stop)
    cells = [Cell(lead, row, start, stop) for row, lead in enumerate(record.leads)]
    return Sheet(tuple(cells), start, stop)


def _columns(start: float, stop: float) -> tuple[Cell, ...]:
    width = (stop - start) / len(COLUMNS)
    cells = [
        Cell(lead, row, start + column * width, start + (column + 1) * width)
        for column, leads in enumerate(COLUMNS)
        for row, lead in enumerate(leads)
    ]
    return (*cells, Cell(RHYTHM_LEAD, len(COLUMNS[0]), start, stop))


def pieces(record: ECGRecord, sheet: Sheet) -> list[FloatArray | None]:
    """Each cell's samples in mV about the lead's median; None where the record lacks the lead.

    Only a constant is taken off, so that a lead with an electrode offset stays on the paper. Where the
    volts are lost, ``STANDARD_DEVIATIONS_PER_MILLIVOLT`` stand for one.
    """
    return [_piece(record, cell) for cell in sheet.cells]


def _piece(record: ECGRecord, cell: Cell) -> FloatArray | None:
    if cell.lead not in record.leads:
        return None
    first, last = sample_range(record, cell)
    lead = record.signal[record.leads.index(cell.lead)]
    middle = np.float32(np.nanmedian(lead)) if np.isfinite(lead).any() else np.float32(0)
    unit = np.float32(1 if record.units == "mV" else STANDARD_DEVIATIONS_PER_MILLIVOLT)
    return (lead[first:last] - middle) / unit


def name_on_paper(record: ECGRecord, lead: str) -> str:
    """The lead's name, and whether it was computed from others or not recorded at all."""
    if lead not in record.leads:
        return f"{lead} (not recorded)"
    return f"{lead} (derived)" if lead in record.derived else lead


def sample_range(record: ECGRecord, cell: Cell) -> tuple[int, int]:
    """First sample of the cell, and the one behind its last."""
    first = int(np.ceil(cell.start * record.sampling_rate - 1e-6))
    last = int(np.ceil(cell.stop * record.sampling_rate - 1e-6))
    return first, min(max(last, first + 1), record.n_samples)


def row_zeros(sheet: Sheet, signals: list[FloatArray | None]) -> FloatArray:
    """Where 0 mV of each row lies, in mV: float32 (n_rows,), the first row at 0, all on 5 mm lines.

    Rows move apart, in whole 5 mm, where high waves would run into each other.
    """
    zeros = [0.0]
    for row in range(1, sheet.n_rows):
        needed = _reach(sheet, signals, row - 1, -1.0) + _reach(sheet, signals, row, 1.0)
        spacing = np.ceil(needed / ROW_STEP) * ROW_STEP
        zeros.append(zeros[-1] - float(np.clip(spacing, *ROW_SPACING)))
    return np.array(zeros, dtype=np.float32)


def edges(sheet: Sheet, signals: list[FloatArray | None]) -> tuple[float, float]:
    """How much paper, in mV, lies above the first row's zero and below the last one's.

    No wave of the first or last row runs off the paper, up to the amplitude of an electrode fault.
    """
    reaches = _reach(sheet, signals, 0, 1.0), _reach(sheet, signals, sheet.n_rows - 1, -1.0)
    above, below = (float(np.clip(np.ceil((r + 0.1) / ROW_STEP) * ROW_STEP, *EDGES)) for r in reaches)
    return above, below


def _reach(sheet: Sheet, signals: list[FloatArray | None], row: int, sign: float) -> float:
    """How far the row's waves reach up (sign 1) or down (sign -1), in mV."""
    reaches = [0.0]
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if cell.row == row and signal is not None and np.isfinite(signal).any():
            reaches.append(float(np.nanmax(sign * signal)))
    return max(reaches)


def keep_peaks(signal: FloatArray, sampling_rate: float, most: float) -> tuple[FloatArray, float]:
    """``signal`` (n_samples,) at no more than about ``most`` points a second, and its new rate.

    Of each stretch its lowest and its highest sample stay, in the order they came.
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
