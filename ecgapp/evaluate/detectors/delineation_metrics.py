"""Agreement of detected with marked waves: sensitivity, precision, and errors of boundaries in time.

A detected boundary is matched to the nearest marked one of its kind within 150 ms (ANSI/AAMI EC57), each at
most once. The first and last beats are not marked, so waves detected outside the marks are not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.bootstrap import bootstrap_draws, interval
from ecgapp.models.validation_figures import BoundaryFigures, DelineationMetrics, Interval
from ecgapp.records.waves import WAVES, Wave

TOLERANCE = 0.150  # s
EDGES = ("onset", "offset")


@dataclass(frozen=True)
class LeadWaves:
    """One lead's marked and detected waves, both in order of time.

    ``record`` is the number of its record.
    """

    record: int
    marked: Sequence[Wave]
    detected: Sequence[Wave]


def delineation_metrics(
    leads: Sequence[LeadWaves], dataset: str, n_bootstrap: int = 1000
) -> DelineationMetrics:
    """The figures of all six boundaries, with intervals over draws of whole records."""
    n_records = len({lead.record for lead in leads})
    figures = [_boundary(leads, kind, edge, n_bootstrap) for kind in WAVES for edge in EDGES]
    return DelineationMetrics(dataset, n_records, len(leads), tuple(figures))


def matched_errors(marked: Floats, detected: Floats) -> Floats:
    """``detected - marked`` in s of matched pairs, the closest pairs first, each time used once."""
    if not marked.size or not detected.size:
        return np.zeros(0)
    errors = detected[None, :] - marked[:, None]
    pairs = np.argwhere(np.abs(errors) <= TOLERANCE)
    order = np.argsort(np.abs(errors[tuple(pairs.T)]), kind="stable")
    taken: tuple[set[int], set[int]] = (set(), set())
    matched = []
    for row, column in pairs[order].tolist():
        if row not in taken[0] and column not in taken[1]:
            taken[0].add(row)
            taken[1].add(column)
            matched.append(errors[row, column])
    return np.array(matched)


def _boundary(leads: Sequence[LeadWaves], kind: str, edge: str, n_bootstrap: int) -> BoundaryFigures:
    """The figures of one boundary, from sums for each record and their products with weights."""
    _, rows = np.unique([lead.record for lead in leads], return_inverse=True)
    sums = np.zeros((rows.max() + 1, 5))  # marked, detected, matched, their errors in ms, and those squared
    for row, lead in zip(rows, leads, strict=True):
        sums[row] += _counts(lead, kind, edge)

    def statistic(weights: Floats) -> Floats:
        marked, detected, matched, errors, squares = sums.T @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = errors / matched
            deviation = np.sqrt(np.maximum(squares / matched - mean**2, 0))
            return np.asarray(np.stack([matched / marked, matched / detected, mean, deviation]))

    values = statistic(np.ones((len(sums), 1)))[:, 0]
    draws = bootstrap_draws(statistic, len(sums), n_bootstrap, seed=0)
    figures: list[Interval | None] = [interval(float(v), d) for v, d in zip(values, draws, strict=True)]
    return BoundaryFigures(kind, edge, int(sums[:, 0].sum()), int(sums[:, 1].sum()), *figures)


def _counts(lead: LeadWaves, kind: str, edge: str) -> tuple[float, ...]:
    marked = _times(lead.marked, kind, edge)
    detected = _times(lead.detected, kind, edge)
    first, last = lead.marked[0].onset, max(wave.offset for wave in lead.marked)
    inside = (detected >= first) & (detected <= last)
    errors = 1000 * matched_errors(marked, detected)
    inner = len(matched_errors(marked, detected[inside]))
    counted = len(errors) + int(inside.sum()) - inner
    return len(marked), counted, len(errors), float(errors.sum()), float(np.square(errors).sum())


def _times(waves: Sequence[Wave], kind: str, edge: str) -> Floats:
    return np.array([getattr(wave, edge) for wave in waves if wave.kind == kind], dtype=np.float64)
