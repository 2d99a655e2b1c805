"""The findings as a table on paper: never a probability without its threshold and what stands behind it."""

from collections.abc import Sequence

from ecgapp.analysis import Finding, Findings, Support
from ecgapp.models.card_words import insufficient, of_label
from ecgapp.report.page import SMALL, Column, Type

HEAD = (
    "Finding",
    "Probability",
    "Threshold",
    "Result",
    "Precision (95 %)",
    "Recall (95 %)",
    "Positives of n",
    "Of 100",
)
PLACES = (0.0, 15.5, 33.0, 48.0, 59.5, 84.5, 109.0, 132.0)  # where each column begins, in mm
MOST_ROWS = 14
MOST_LINES = {True: 5, False: 2}  # below the row of a class above its threshold, and of one below
INDENT = 4.0  # mm
CONTRADICTED, RULE = "\u2717 The textbook's rule contradicts it", "By the textbook's rule"
STEP = 4.4  # mm from row to row
SIZE = 7.2  # points


def print_table(column: Column, findings: Findings, support: Sequence[Support] = ()) -> None:
    """Classes above their threshold first and in bold, then by probability; few of very many.

    Below a row stands what the textbook's rule says of it, where it is above its threshold or the rule
    contradicts it, and which faulty leads make it doubtful.
    """
    beside = {row.label: row for row in support}
    rows = sorted(findings.rows, key=lambda row: (not row.positive, -row.probability))
    _print_row(column, HEAD, bold=True)
    for row in rows[:MOST_ROWS]:
        _print_row(column, _cells(row, beside.get(row.label)), bold=row.positive)
        if words := _beside(row, beside.get(row.label)):
            column.paragraph(words, SMALL, INDENT, MOST_LINES[row.positive])
            column.y -= 0.6
    if len(rows) > MOST_ROWS:
        column.paragraph(f"{len(rows) - MOST_ROWS} less likely classes are not printed.")
    column.y -= 1.0


def _print_row(column: Column, cells: tuple[str, ...], bold: bool) -> None:
    for place, words in zip(PLACES, cells, strict=True):
        column.page.text(column.left + place, column.y, words, Type(SIZE, bold))
    column.y -= STEP


def _beside(row: Finding, support: Support | None) -> str:
    """The line below a class: what the rule says, faulty leads, and a prevalence that was set."""
    if support is None:
        return ""
    parts = []
    verdict = support.verdict
    if verdict is not None:
        against = verdict.contradicts(row.positive)
        if against or row.positive:
            parts.append(f"{CONTRADICTED if against else RULE} ({verdict.presence}): {verdict.words}.")
    if row.positive and support.doubts:
        parts.append(support.doubts)
    if row.positive and support.is_set:
        parts.append(support.in_patients())
    return " ".join(parts)


def _cells(row: Finding, support: Support | None) -> tuple[str, ...]:
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
        support.of_hundred if support is not None else "",
    )
