"""A fitted gate on records it did not learn from: every kind, and each also by gates that never met it."""

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np

from ecgapp.evaluate.arrays import Floats
from ecgapp.evaluate.detectors.refusals import BAD, CLASS, GOOD, GRADED, ScoredKind, gate_metrics
from ecgapp.evaluate.reliability_diagram import wilson
from ecgapp.models import Gate, GateMetrics, Interval, Readability
from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.nine_class import NINE_CLASS
from ecgapp.tasks.ptbxl import PTBXL_SUPERCLASS
from ecgapp.training.gate import readability_fit
from ecgapp.training.gate.gate_records import DISTORTED
from ecgapp.training.gate.readability_fit import SPOILED, MeasuredRecord
from ecgapp.training.gate.similarity_fit import GateFitConfig, Judged, fit_score, scores

CLASSES = (  # labels whose records must not be refused more often than others
    *NINE_CLASS.labels,
    *(label for label in PTBXL_SUPERCLASS.labels if label.name in ("MI", "HYP")),
    named_label("paced", ("SCP:PACE", "SNOMED:10370003", "LUDB:Pacemaker presence")),
    named_label("sinus tachycardia", ("SCP:STACH", "SNOMED:427084000", "LUDB:Sinus tachycardia")),
    named_label(
        "supraventricular or atrial tachycardia",
        ("SCP:SVTAC", "SCP:PSVT", "SNOMED:426761007", "SNOMED:713422000"),
    ),
    named_label("atrial flutter", ("SCP:AFLT", "SNOMED:164890007", "LUDB:Atrial flutter")),
    named_label("ventricular tachycardia", ("SNOMED:425856008", "SNOMED:164895002")),
    named_label("pre-excitation", ("SCP:WPW", "SNOMED:74390002", "SNOMED:195060002")),
    named_label(
        "second- or third-degree AV block",
        (
            *("SCP:2AVB", "SCP:3AVB", "SNOMED:195042002", "SNOMED:27885002", "SNOMED:426183003"),
            *("SNOMED:54016002", "SNOMED:233917008", "LUDB:III degree av-block", "LUDB:Iii degree av-block"),
        ),
    ),
)
NORMAL, OTHERS = "Normal", "all records but normal ones"
MANY_LEADS = ("ptb-xl", "ptb-xl-zscored", "challenge", "ludb")  # sources of twelve leads


class JudgedRow(Protocol):
    """A record as far as the figures need it."""

    @property
    def kind(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...


HAND_HELD, NOISY = "cinc2017", "noisy class of CinC 2017"


def judged_metrics(
    gate: Gate, judged: Sequence[Judged], threshold: float, config: GateFitConfig
) -> GateMetrics:
    """The figures on the test folds; for each kind of bad records also those of a gate fitted without it."""
    test = [one for one in judged if one.fold in config.test_folds]
    bad = {one.kind for one in test if one.role == BAD}
    without = {kind: _without(kind, gate, judged, config) for kind in sorted(bad)}
    folds = ", ".join(str(fold) for fold in config.test_folds)
    dataset = f"{', '.join(config.sources)}, fold {folds}, and what was made of {config.spoiled_source}'s"
    return figures(test, scores(gate, test), threshold, dataset, without)


def readable_metrics(
    network: Readability, rows: Sequence[MeasuredRecord], threshold: float, config: GateFitConfig
) -> GateMetrics:
    """The figures of the first question: real records by cross-fitting, made ones of the test folds.

    For each kind of made bad records also the share that a gate refuses which was fitted without it.
    """
    crossed = readability_fit.cross_fitted(rows, config, threshold)
    made = np.array([one.origin == SPOILED for one in rows])
    tested = np.array([one.fold in config.test_folds for one in rows])
    chosen = [one for one, is_in in zip(rows, ~made | tested, strict=True) if is_in]
    values = np.where(made, readability_fit.scores(network, rows), crossed)[~made | tested]
    kinds = sorted({one.kind for one in chosen if one.role == BAD and one.origin == SPOILED})
    without = {kind: wilson(*readability_fit.without_kind(kind, rows, config)) for kind in kinds}
    sources = ", ".join((*config.sources, *config.rhythm_sources))
    folds = ", ".join(str(fold) for fold in config.test_folds)
    dataset = f"{sources}, all folds, each by a fit without its patients; what was made of fold {folds}'s"
    return figures(chosen, values, threshold, dataset, without)


def figures(
    judged: Sequence[JudgedRow],
    values: Floats,
    threshold: float,
    dataset: str,
    without: Mapping[str, Interval | None] = MappingProxyType({}),
) -> GateMetrics:
    """The figures on all of ``judged``, whose scores are ``values``."""
    kinds = [*_by_kind(judged, values), *_by_class(judged, values)]
    return gate_metrics(kinds, threshold, dataset, _curves(kinds), without)


def _by_kind(judged: Sequence[JudgedRow], values: Floats) -> list[ScoredKind]:
    """The scores of each kind, by role; within a role in the order of ``judged``."""
    kinds = dict.fromkeys((one.kind, one.role) for one in judged)
    return [
        ScoredKind(kind, role, values[[(one.kind, one.role) == (kind, role) for one in judged]])
        for wanted in (GOOD, BAD, GRADED)
        for kind, role in kinds
        if role == wanted
    ]


def _by_class(judged: Sequence[JudgedRow], values: Floats) -> list[ScoredKind]:
    """Good records of the sources of twelve leads with each of ``CLASSES``, and all that are not normal."""
    whole = np.array([one.role == GOOD and one.kind in MANY_LEADS for one in judged])
    rows = []
    for label in CLASSES:
        having = whole & np.array([label.answer(one.labels) == 1 for one in judged])
        if having.any():
            rows.append(ScoredKind(label.name, CLASS, values[having]))
        if label.name == NORMAL and (whole & ~having).any():
            rows.append(ScoredKind(OTHERS, CLASS, values[whole & ~having]))
    return rows


def _without(kind: str, gate: Gate, judged: Sequence[Judged], config: GateFitConfig) -> Interval | None:
    """The share of the kind's test records refused by a gate, and a threshold, that it had no part in."""
    other = copy.deepcopy(gate)
    threshold = fit_score(other, [one for one in judged if one.kind != kind], config)
    test = [one for one in judged if one.kind == kind and one.fold in config.test_folds]
    return wilson(int((scores(other, test) >= threshold).sum()), len(test))


def _curves(kinds: Sequence[ScoredKind]) -> dict[str, tuple[list[str], list[str]]]:
    """The kinds that each ROC curve compares: good ones, and bad ones."""
    good = [kind.kind for kind in kinds if kind.role == GOOD]
    bad = [kind.kind for kind in kinds if kind.role == BAD]
    noise = [kind for kind in bad if kind.startswith(("muscle noise", "baseline wander"))]
    curves = {
        "never an ECG": (good, [kind for kind in bad if kind not in (*noise, *DISTORTED, NOISY)]),
        "muscle noise at 0 and -6 dB, noise alone": (good, noise),
        "shuffled leads": (good, [kind for kind in bad if kind == "shuffled leads"]),
        "backwards and at a wrong rate": (
            good,
            [kind for kind in bad if kind in DISTORTED and kind != "shuffled leads"],
        ),
        "noisy class of CinC 2017": ([HAND_HELD], [kind for kind in bad if kind == NOISY]),
    }
    return {name: pair for name, pair in curves.items() if all(pair)}
