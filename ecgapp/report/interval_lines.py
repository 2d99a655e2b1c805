"""Rate, intervals, axes and ST levels on paper; what is blank is blank, with its reason."""

from ecgapp.analysis import Measurement, Measurements
from ecgapp.report.contents import DelineatorMeasurements
from ecgapp.report.page import Column, Type

COLUMNS = 2
PLACES = (0.0, 22.5, 35.8, 62.0)  # where name, value, what is normal and the side begin in each, in mm
BOLD = (False, True, False, True)
STEP = 3.7  # mm from row to row
SIZE, SMALL = 7.2, 6.8  # points


def print_measurements(column: Column, measured: DelineatorMeasurements) -> None:
    """Every row in two columns, then ST levels, reasons for blanks, and by what they were read."""
    measurements = measured.measurements
    filled = [row for row in measurements.rows if row.value is not None]
    height = -(-len(filled) // COLUMNS)
    for number, row in enumerate(filled):
        side, down = divmod(number, height)
        _print_row(column, column.left + side * column.width / COLUMNS, column.y - STEP * down, row)
    column.y -= STEP * height + 0.5
    column.paragraph(_st_levels(measurements), SMALL)
    for sentence in (*measurements.blanks, *measurements.warnings):
        column.paragraph(sentence, SMALL)
    column.paragraph(
        f"Unconfirmed; normal ranges are those of adults. Read by {measured.card.name}, sha256 "
        f"{measured.card.sha256[:12]}.",
        SMALL,
    )


def in_words(row: Measurement) -> tuple[str, str, str, str]:
    """Name, value, what is normal, and on which side of it: "QRS", "132 ms", "normal 70 to 110", "above"."""
    value = "-" if row.value is None else f"{row.value:.0f} {row.unit}"
    if row.normal is None or row.value is None:
        return row.name, value, "", ""
    low, high = row.normal
    return row.name, value, f"normal {low:.0f} to {high:.0f}", row.side


def _print_row(column: Column, left: float, y: float, row: Measurement) -> None:
    for place, part, bold in zip(PLACES, in_words(row), BOLD, strict=True):
        column.page.text(left + place, y, part, Type(SIZE, bold))


def _st_levels(measurements: Measurements) -> str:
    parts = [
        f"ST at {name}, mm: {', '.join(_level(lead, level) for lead, level in levels.items())}."
        for name, levels in (("J", measurements.j_levels), ("J+60 ms", measurements.st_levels))
    ]
    return " ".join(parts)


def _level(lead: str, level: float | None) -> str:
    return f"{lead} {'-' if level is None else f'{level:.1f}'}"
