"""A fitted gate on the test folds: every kind of record, also judged by gates that never met that kind."""

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ecgapp.evaluate.refusals import BAD, CLASS, GOOD, GRADED, Scored, gate_metrics
from ecgapp.evaluate.reliability import wilson
from ecgapp.models import Gate, GateMetrics, Interval
from ecgapp.tasks.csv_task import named_label
from ecgapp.tasks.nine_class import NINE_CLASS
from ecgapp.tasks.ptbxl import PTBXL_SUPERCLASS
from ecgapp.training.gate import GateFitConfig, Judged, fit_score, scores

CLASSES = (  # labels whose records must not be refused more often than others
    *NINE_CLASS.labels,
    *(label for label in PTBXL_SUPERCLASS.labels if label.name in ("MI", "HYP")),
    named_label("paced", ("SCP:PACE", "SNOMED:10370003", "LUDB:Pacemaker")),
    named_label(
        "tachycardia", ("SCP:STACH", "SCP:SVTAC", "SCP:PSVT", "SNOMED:427084000", "SNOMED:426761007")
    ),
    named_label("atrial flutter", ("SCP:AFLT", "SNOMED:164890007")),
)
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
    return figures(gate, test, threshold, dataset, without)


def figures(
    gate: Gate,
    judged: Sequence[Judged],
    threshold: float,
    dataset: str,
    without: Mapping[str, Interval | None] = MappingProxyType({}),
) -> GateMetrics:
    """The figures on all of ``judged``."""
    kinds = [*_by_kind(gate, judged), *_by_class(gate, judged)]
    return gate_metrics(kinds, threshold, dataset, _curves(kinds), without)


def _by_kind(gate: Gate, judged: Sequence[Judged]) -> list[Scored]:
    """By role; within it in the order of ``judged``."""
    found = dict.fromkeys((one.kind, one.role) for one in judged)
    return [
        Scored(kind, role, scores(gate, [one for one in judged if one.kind == kind]))
        for wanted in (GOOD, BAD, GRADED)
        for kind, role in found
        if role == wanted
    ]


def _by_class(gate: Gate, judged: Sequence[Judged]) -> list[Scored]:
    """Good records with each of ``CLASSES``; those that nobody has are left out."""
    found = []
    for label in CLASSES:
        having = [one for one in judged if one.role == GOOD and label.answer(one.labels) == 1]
        if having:
            found.append(Scored(label.name, CLASS, scores(gate, having)))
    return found


def _without(kind: str, gate: Gate, judged: Sequence[Judged], config: GateFitConfig) -> Interval | None:
    """The share of the kind's test records refused by a gate, and a threshold, that it had no part in."""
    other = copy.deepcopy(gate)
    threshold = fit_score(other, [one for one in judged if one.kind != kind], config)
    test = [one for one in judged if one.kind == kind and one.fold in config.test_folds]
    return wilson(int((scores(other, test) >= threshold).sum()), len(test))


def _curves(kinds: Sequence[Scored]) -> dict[str, tuple[list[str], list[str]]]:
    """Which kinds each ROC curve sets against each other."""
    good = [kind.kind for kind in kinds if kind.role == GOOD]
    bad = [kind.kind for kind in kinds if kind.role == BAD]
    noise = [kind for kind in bad if kind.startswith("muscle noise")]
    curves = {
        "never an ECG": (good, [kind for kind in bad if kind not in (*noise, "shuffled leads", NOISY)]),
        "muscle noise at 0 and -6 dB": (good, noise),
        "shuffled leads": (good, [kind for kind in bad if kind == "shuffled leads"]),
        "noisy class of CinC 2017": ([HAND_HELD], [kind for kind in bad if kind == NOISY]),
    }
    return {name: pair for name, pair in curves.items() if all(pair)}
