"""Evaluation of a gate: refusals of each kind of record, areas under ROC curves.

The intervals of shares are Wilson's, those of areas come from bootstrap draws of records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.bootstrap import bootstrap_interval
from ecgapp.evaluate.ranking import LabelRanking
from ecgapp.evaluate.reliability_diagram import wilson
from ecgapp.models.validation_figures import GateMetrics, Interval, KindFigures, RocCurve

MOST_POINTS = 80  # of a ROC curve
GOOD, BAD, GRADED, CLASS = "good", "bad", "graded", "class"  # a kind's role, see ``KindFigures``


@dataclass(frozen=True, eq=False)
class ScoredKind:
    """The scores of the records of one kind, (n_records,)."""

    kind: str
    role: str
    scores: Floats


def gate_metrics(
    kinds: Sequence[ScoredKind],
    threshold: float,
    dataset: str,
    curves: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    without: Mapping[str, Interval | None],
) -> GateMetrics:
    """The figures of all ``kinds`` of records at ``threshold``.

    ``curves`` are the good and bad kinds of each curve by its name; ``without`` is each kind's share that
    is refused by a gate fitted without it.
    """
    good = np.concatenate([kind.scores for kind in kinds if kind.role == GOOD])
    bad = np.concatenate([kind.scores for kind in kinds if kind.role == BAD])
    figures = tuple(_figures(kind, good, threshold, without.get(kind.kind)) for kind in kinds)
    refused = wilson(int((good >= threshold).sum()), len(good))
    drawn = tuple(_curve(name, kinds, *names) for name, names in curves.items())
    return GateMetrics(dataset, len(good), auroc(good, bad), refused, figures, drawn)


def auroc(good: Floats, bad: Floats) -> Interval | None:
    """The probability that a bad record's score exceeds a good one's, with its interval over records."""
    if not len(good) or not len(bad):
        return None
    truths = np.repeat([0.0, 1.0], [len(good), len(bad)])
    ranking = LabelRanking.of(np.concatenate([good, bad]), truths)
    return bootstrap_interval(lambda weights: ranking.draws(weights)[0], len(truths))


def _figures(kind: ScoredKind, good: Floats, threshold: float, without: Interval | None) -> KindFigures:
    refused, n = int((kind.scores >= threshold).sum()), len(kind.scores)
    against = auroc(good, kind.scores) if kind.role in (BAD, GRADED) else None
    return KindFigures(kind.kind, kind.role, n, refused, wilson(refused, n), against, without)


def _curve(
    name: str, kinds: Sequence[ScoredKind], good_kinds: Sequence[str], bad_kinds: Sequence[str]
) -> RocCurve:
    good, bad = (
        np.concatenate([np.zeros(0), *[kind.scores for kind in kinds if kind.kind in names]])
        for names in (good_kinds, bad_kinds)
    )
    return RocCurve(name, len(good), len(bad), auroc(good, bad), _points(good, bad))


def _points(good: Floats, bad: Floats) -> tuple[tuple[float, float, float], ...]:
    """Points of the ROC curve at quantiles of both scores, from the highest threshold down."""
    if not len(good) or not len(bad):
        return ()
    steps = np.linspace(0, 1, MOST_POINTS // 2)
    lines = np.unique(np.concatenate([np.quantile(good, steps), np.quantile(bad, steps)]))[::-1]
    return tuple((float(line), float((good >= line).mean()), float((bad >= line).mean())) for line in lines)
