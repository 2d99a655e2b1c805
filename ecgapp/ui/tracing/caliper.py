"""Calipers: from a box on the tracing to milliseconds, beats per minute and millivolts of one lead."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.paper import Cell, Sheet, pieces, row_zeros, sample_range

Span = tuple[float, float]
MILLIMETRES = 10.0  # a mV, in which heights are given whatever gain the paper has
FLAT = 3.0  # mm of paper: a drag of less height is meant for a time alone
COLOUR, FILL = "#0b4f8a", "rgba(11,79,138,0.10)"


@dataclass(frozen=True)
class Caliper:
    """A box in one lead: seconds of the recording, on its samples, and mV from the lead's zero line.

    ``lowest`` and ``highest`` are the signal's own extremes between the two times, from its samples. A
    caliper of time alone has no lead: it measures the interval in all of them, and no height.
    """

    lead: str  # as printed: "-aVR" is aVR upside down; empty: of time alone
    start: float
    stop: float
    bottom: float
    top: float
    lowest: float
    highest: float

    @property
    def milliseconds(self) -> float:
        return 1000 * (self.stop - self.start)

    @property
    def per_minute(self) -> float | None:
        """The rate, if this is an interval between beats; None for no width at all."""
        return 60_000 / self.milliseconds if self.milliseconds else None

    @property
    def height(self) -> float:
        """The height of the box, in mV."""
        return self.top - self.bottom

    @property
    def swing(self) -> float:
        """The range of the signal within the box's times, from its lowest to its highest sample, in mV."""
        return self.highest - self.lowest

    def in_words(self, volts: bool = True) -> str:
        """Lead, ms, bpm, mV and mm; of time alone only ms and bpm; without ``volts`` no heights."""
        rate = "" if self.per_minute is None else f" ({self.per_minute:.0f}/min)"
        width = f"{self.start:.3f}-{self.stop:.3f} s: **{self.milliseconds:.0f} ms**{rate}"
        if not self.lead:
            return width
        width = f"**{self.lead}** {width}"
        if not volts:
            return f"{width}; no heights, because there is no voltage calibration"
        box = f"box **{self.height:.2f} mV** = {MILLIMETRES * self.height:.1f} mm"
        return f"{width}; {box}; signal within {self.swing:.3f} mV = {MILLIMETRES * self.swing:.1f} mm"


def measure(record: ECGRecord, sheet: Sheet, x: Span, y: Span) -> Caliper | None:
    """The caliper of a box on the tracing of ``sheet``: x in s, y in mV from the first row's zero.

    It belongs to the lead whose line runs through the box, else to the nearest row. A box lower than
    ``FLAT`` is of time alone. None beside the leads.
    """
    box = _sorted(x), _sorted(y)
    if (box[1][1] - box[1][0]) * sheet.scale.gain < FLAT:
        return _interval(record, sheet, box[0])
    signals = pieces(record, sheet)
    zeros = row_zeros(sheet, signals)
    cell_and_signal = _cell(record, sheet, signals, zeros, box)
    if cell_and_signal is None:
        return None
    cell, signal = cell_and_signal
    factor, zero = sheet.scale.of(cell.lead), float(zeros[cell.row])
    first, last = (_sample(record, cell, time) for time in box[0])
    offset = sample_range(record, cell)[0]
    inside = signal[first - offset : last - offset + 1] / factor
    known = inside[np.isfinite(inside)]
    low, high = (float(known.min()), float(known.max())) if known.size else (np.nan, np.nan)
    bottom, top = ((height - zero) / factor for height in box[1])
    rate = record.sampling_rate
    return Caliper(cell.name, first / rate, last / rate, bottom, top, low, high)


def _interval(record: ECGRecord, sheet: Sheet, times: Span) -> Caliper | None:
    """The caliper of time alone, snapped to samples; None beside the leads."""
    if not sheet.start <= sum(times) / 2 <= sheet.stop:
        return None
    rate = record.sampling_rate
    start, stop = (round(min(max(time, sheet.start), sheet.stop) * rate) / rate for time in times)
    return Caliper("", start, stop, 0.0, 0.0, np.nan, np.nan)


def _sorted(span: Span) -> Span:
    return min(span), max(span)


def _sample(record: ECGRecord, cell: Cell, time: float) -> int:
    """The sample of the cell that is nearest to ``time``."""
    first, behind = sample_range(record, cell)
    return int(np.clip(round(time * record.sampling_rate), first, behind - 1))


def _cell(
    record: ECGRecord,
    sheet: Sheet,
    signals: list[FloatArray | None],
    zeros: FloatArray,
    box: tuple[Span, Span],
) -> tuple[Cell, FloatArray] | None:
    """The cell at the box's middle whose line runs through most of it; the nearest, where none does."""
    middle, height = sum(box[0]) / 2, sum(box[1]) / 2
    ranked = []
    for cell, signal in zip(sheet.cells, signals, strict=True):
        if signal is None or not cell.start <= middle <= cell.stop:
            continue
        offset = sample_range(record, cell)[0]
        first, last = (_sample(record, cell, time) - offset for time in box[0])
        line = signal[first : last + 1] + zeros[cell.row]
        crossed = int(np.count_nonzero((line >= box[1][0]) & (line <= box[1][1])))
        ranked.append((crossed, -abs(float(zeros[cell.row]) - height), cell, signal))
    return max(ranked, key=lambda entry: entry[:2])[2:] if ranked else None


def march(caliper: Caliper, start: float, stop: float) -> list[float]:
    """The caliper's interval repeated both ways: the times between ``start`` and ``stop``, s."""
    interval = caliper.stop - caliper.start
    if interval <= 0:
        return []
    first = int(np.ceil((start - caliper.start) / interval - 1e-9))
    last = int(np.floor((stop - caliper.start) / interval + 1e-9))
    return [caliper.start + number * interval for number in range(first, last + 1)]


def draw(figure: go.Figure, record: ECGRecord, sheet: Sheet, caliper: Caliper, name: str) -> None:
    """The caliper's box, with its name and ms, wherever the sheet shows its lead at that time.

    One of time alone spans all rows.
    """
    if not caliper.lead:
        if sheet.start < caliper.stop and caliper.start < sheet.stop:
            _draw_box(figure, caliper, figure.layout.yaxis.range, name)
        return
    zeros = row_zeros(sheet, pieces(record, sheet))
    for cell in sheet.cells:
        if cell.name != caliper.lead or not (cell.start < caliper.stop and caliper.start < cell.stop):
            continue
        factor, zero = sheet.scale.of(cell.lead), float(zeros[cell.row])
        _draw_box(figure, caliper, (zero + factor * caliper.bottom, zero + factor * caliper.top), name)


def _draw_box(figure: go.Figure, caliper: Caliper, heights: Span, name: str) -> None:
    (bottom, top), inside = heights, not caliper.lead  # above the sheet's own top there is no room for words
    line = {"color": COLOUR, "width": 1.5}
    figure.add_shape(
        x0=caliper.start, x1=caliper.stop, y0=bottom, y1=top, line=line, fillcolor=FILL, layer="below"
    )
    text = f"<b>{name} {caliper.milliseconds:.0f} ms</b>"
    place = {"x": caliper.start, "y": top, "xanchor": "left", "showarrow": False}
    place["yanchor"] = "top" if inside else "bottom"
    figure.add_annotation(text=text, font={"size": 12, "color": COLOUR}, **place)


def draw_march(figure: go.Figure, sheet: Sheet, caliper: Caliper) -> None:
    """A dashed line through all rows at each repetition."""
    bottom, top = figure.layout.yaxis.range
    times = march(caliper, sheet.start, sheet.stop)
    x = [value for time in times for value in (time, time, None)]
    y = [value for _ in times for value in (bottom, top, None)]
    line = {"color": COLOUR, "width": 1, "dash": "dash"}
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", line=line, name="march-out", hoverinfo="skip"))
