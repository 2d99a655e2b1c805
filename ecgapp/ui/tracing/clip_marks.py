"""Marks on the tracing where a lead goes on beyond its row or the paper, and which leads those are."""

from collections.abc import Collection, Sequence

import numpy as np
import plotly.graph_objects as go

from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.paper import (
    MARK_GAP,
    Band,
    Cell,
    Cut,
    Sheet,
    cut,
    edges,
    pieces,
    row_zeros,
    sample_range,
    too_tall,
)

COLOUR = "#0b4f8a"  # that of the badges


def cut_lines(
    record: ECGRecord,
    sheet: Sheet,
    signals: Sequence[FloatArray | None],
    zeros: FloatArray,
    limits: Sequence[Band],
) -> list[Cut | None]:
    """Each cell's line on the sheet's axis, cut to its band; None where the record lacks the lead.

    ``signals`` are in mV about each row's zero, which lies at ``zeros``.
    """
    least = max(1, round(MARK_GAP / sheet.scale.speed * record.sampling_rate))
    return [
        None if signal is None else cut(signal + zeros[cell.row], band, least)
        for cell, signal, band in zip(sheet.cells, signals, limits, strict=True)
    ]


def add_marks(figure: go.Figure, record: ECGRecord, sheet: Sheet, lines: Sequence[Cut | None]) -> None:
    """Draw a triangle at each place where a lead leaves its band, which points to where it goes on."""
    points = [
        (_seconds(record, cell, sample), height, bool(height > np.nanmean(line.line)))
        for cell, line in zip(sheet.cells, lines, strict=True)
        if line is not None
        for sample, height in line.marks
    ]
    if not points:
        return
    x, y, above = zip(*points, strict=True)
    symbols = ["triangle-up" if up else "triangle-down" for up in above]
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="markers", name="cut", hoverinfo="skip", cliponaxis=False,
            marker={"symbol": symbols, "size": 8, "color": COLOUR},
            unselected={"marker": {"opacity": 1.0}},
        )
    )  # fmt: skip


def cut_words(sheet: Sheet, lines: Sequence[Cut | None]) -> str:
    """The names of the leads that are cut, for the line below the tracing; "" if there is none."""
    cells = zip(sheet.cells, lines, strict=True)
    names = dict.fromkeys(cell.name for cell, line in cells if line is not None and line.marks)
    return f"\u25b2\u25bc cut where it leaves its row: {', '.join(names)}" if names else ""


def tall_leads(record: ECGRecord, sheet: Sheet, faulty: Collection[str]) -> tuple[str, ...]:
    """The leads, but the ``faulty`` ones, that run through another row or off the paper."""
    signals = pieces(record, sheet)
    zeros = row_zeros(sheet, signals)
    above, below = edges(sheet, signals)
    return too_tall(sheet, signals, zeros, (float(zeros[-1]) - below, above), faulty)


def _seconds(record: ECGRecord, cell: Cell, sample: int) -> float:
    return (sample_range(record, cell)[0] + sample) / record.sampling_rate
