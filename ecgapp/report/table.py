"""The findings as a table on paper: never a probability without its threshold and what stands behind it."""

from ecgapp.analysis import Finding, Findings
from ecgapp.report.page import Column, Type
from ecgapp.words import insufficient, of_label

HEAD = (
    "Finding",
    "Probability",
    "Threshold",
    "Result",
    "Precision (95 %)",
    "Recall (95 %)",
    "Positives of n",
)
PLACES = (0.0, 19.0, 37.0, 53.5, 69.0, 96.0, 123.0)  # where each column begins, in mm
MOST_ROWS = 14
STEP = 4.4  # mm from row to row
SIZE = 7.2  # points


def print_table(column: Column, findings: Findings) -> None:
    """Classes above their threshold first and in bold, then by probability; few of very many."""
    rows = sorted(findings.rows, key=lambda row: (not row.positive, -row.probability))
    _print_row(column, HEAD, bold=True)
    for row in rows[:MOST_ROWS]:
        _print_row(column, _cells(row), bold=row.positive)
    if len(rows) > MOST_ROWS:
        column.paragraph(f"{len(rows) - MOST_ROWS} less likely classes are not printed.")
    column.y -= 1.0


def _print_row(column: Column, cells: tuple[str, ...], bold: bool) -> None:
    for place, words in zip(PLACES, cells, strict=True):
        column.page.text(column.left + place, column.y, words, Type(SIZE, bold))
    column.y -= STEP


def _cells(row: Finding) -> tuple[str, ...]:
    metrics = row.metrics
    known = insufficient(metrics) is None
    return (
        row.label,
        f"{row.probability:.2f}",
        f"{row.threshold:.2f}",
        "above" if row.positive else "below",
        of_label(metrics, "precision"),
        of_label(metrics, "recall") if known else "",
        f"{metrics.n_positive:,} of {metrics.n:,}" if metrics else "",
    )
