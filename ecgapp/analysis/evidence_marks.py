"""The marks of critical findings on a sheet of ECG paper, on screen and in print."""

from collections.abc import Sequence
from dataclasses import dataclass

from ecgapp.analysis.critical import CriticalFinding
from ecgapp.signals.paper import Cell, Sheet

BEFORE = 0.5  # s of the recording on a page before a finding
MOST_LEADS = 6  # of a finding that are marked one by one; with more leads only the rhythm strip is marked


@dataclass(frozen=True)
class EvidenceMark:
    """A part of one cell from ``start`` to ``stop``, s of the recording, that shows a finding.

    ``number`` counts the findings from 0, the most dangerous first. ``words`` label the finding's first
    mark and are empty on its others.
    """

    cell: Cell
    start: float
    stop: float
    number: int
    words: str


def evidence_marks(findings: Sequence[CriticalFinding], sheet: Sheet) -> tuple[EvidenceMark, ...]:
    """The marks of these findings on ``sheet``; none for findings on another page."""
    marks: list[EvidenceMark] = []
    for number, finding in enumerate(findings):
        visible = [cell for cell in _cells(finding, sheet) if _overlap(finding, cell)]
        for place, cell in enumerate(visible):
            words = finding.name if place == 0 else ""
            start, stop = max(finding.start, cell.start), min(finding.end, cell.stop)
            marks.append(EvidenceMark(cell, start, stop, number, words))
    return tuple(marks)


def elsewhere(findings: Sequence[CriticalFinding], sheet: Sheet) -> tuple[CriticalFinding, ...]:
    """The findings whose evidence lies outside of ``sheet``."""
    marked = {mark.number for mark in evidence_marks(findings, sheet)}
    return tuple(finding for number, finding in enumerate(findings) if number not in marked)


def page_start(finding: CriticalFinding, sheet: Sheet) -> float:
    """The start, s, of a page with the layout of ``sheet`` that shows the beginning of ``finding``."""
    cells = _cells(finding, sheet)
    if not cells:
        return finding.start - BEFORE
    widest = max(cells, key=lambda cell: cell.stop - cell.start)
    return finding.start - BEFORE - (widest.start - sheet.start)


def _cells(finding: CriticalFinding, sheet: Sheet) -> list[Cell]:
    """The cells of the finding's leads; with many leads only the rhythm strip."""
    cells = [cell for cell in sheet.cells if cell.lead in finding.leads]
    if len(set(finding.leads)) <= MOST_LEADS:
        return cells
    strips = [cell for cell in cells if (cell.start, cell.stop) == (sheet.start, sheet.stop)]
    return strips[-1:] or cells


def _overlap(finding: CriticalFinding, cell: Cell) -> bool:
    return finding.start < cell.stop and finding.end > cell.start
