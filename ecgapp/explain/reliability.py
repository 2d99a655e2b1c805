"""The reliability of a saliency map: several checks, each graded green, amber or red.

The map takes the worst grade.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ecgapp.explain import limits
from ecgapp.explain.attribution import Attribution, Recipe, attribute, methods_of, networks_of, question_of
from ecgapp.explain.baselines import Baseline, zero
from ecgapp.explain.deletion import Deletion, map_curve, random_curves
from ecgapp.explain.limits import Grade, Limit
from ecgapp.explain.maps import map_correlation
from ecgapp.explain.methods import GRAD_CAM, INTEGRATED_GRADIENTS, METHODS, Question
from ecgapp.explain.randomised import shuffled
from ecgapp.models import TrainedModel

MAX_SPLITS = 10  # ways to split the members into halves


@dataclass(frozen=True)
class ReliabilityCheck:
    """One check of a map: its value, None if it does not apply, and its grade against ``limit``."""

    name: str
    value: float | None
    limit: Limit | None
    grade: Grade | None
    words: str


@dataclass(frozen=True, eq=False)
class MapReliability:
    """The checks of one map, and its deletion curve."""

    method: str
    checks: tuple[ReliabilityCheck, ...]
    deletion: Deletion

    @property
    def grade(self) -> Grade:
        """The grade of the worst check."""
        return max((check.grade for check in self.checks if check.grade is not None), default=Grade.RED)


@dataclass(frozen=True, eq=False)
class Examination:
    """All methods' maps of one label and baseline, their reliability, and their agreement.

    ``agreement`` is (n_methods, n_methods), rank correlations, in the order of ``reliability``.
    """

    maps: Mapping[str, Attribution]
    reliability: Mapping[str, MapReliability]
    agreement: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MapEvidence:
    """The data of the checks: maps of other methods, the map of shuffled weights, the deletion curve.

    ``cell`` is the number of samples in one cell of one lead (about 0.2 s).
    """

    others: Sequence[NDArray[np.float32]]
    shuffled_map: NDArray[np.float32]
    deletion: Deletion
    cell: int


def examine(
    model: TrainedModel,
    window: NDArray[np.float32],
    label: str | int,
    baseline: Baseline | None = None,
    seed: int = 0,
) -> Examination:
    """The map of every method for ``window`` (n_leads, n_samples), and its reliability.

    Raises:
        EcgAppError: as ``attribute``.
    """
    against = baseline or zero(window)
    question = question_of(model, window, label, against)
    maps = {
        method: attribute(model, window, label, Recipe(method, seed=seed), against)
        for method in methods_of(model)
    }
    with networks_of(model) as networks:
        twins = shuffled(networks, seed)
        random = random_curves(networks, question, seed)
        curves = {method: map_curve(networks, question, made) for method, made in maps.items()}
    reliability = {
        method: assess(
            made,
            MapEvidence(
                [other.values for name, other in maps.items() if name != method],
                METHODS[method](twins, question).mean(0).cpu().numpy(),
                Deletion(curves[method], random),
                question.cell,
            ),
        )
        for method, made in maps.items()
    }
    return Examination(maps, reliability, _agreement([made.values for made in maps.values()], question))


def assess(attribution: Attribution, evidence: MapEvidence) -> MapReliability:
    """The results of all checks of one map."""
    checks = (
        _completeness(attribution),
        _deletion(evidence.deletion),
        _randomised(attribution, evidence),
        _agreement_with_others(attribution, evidence),
        _stability(attribution, evidence.cell),
        _sees_leads(attribution),
    )
    return MapReliability(attribution.method, checks, evidence.deletion)


def _completeness(attribution: Attribution) -> ReliabilityCheck:
    name = "Completeness error"
    if attribution.method != INTEGRATED_GRADIENTS:
        return ReliabilityCheck(
            name, None, None, None, "this method does not promise that its map sums to the change"
        )
    words = (
        "difference between the sum of the map and the change in logit from baseline to ECG, "
        "as a share of that change"
    )
    return _graded(name, attribution.completeness_error, limits.COMPLETENESS, words)


def _deletion(deletion: Deletion) -> ReliabilityCheck:
    low, high = deletion.interval
    words = (
        f"share of {len(deletion.random)} random orders that move the logit to its baseline as fast or "
        f"faster; mean logit {deletion.area:.2f}, random 95 % {low:.2f} to {high:.2f}"
    )
    return _graded("Deletion against random order", deletion.matched, limits.DELETION, words)


def _randomised(attribution: Attribution, evidence: MapEvidence) -> ReliabilityCheck:
    value = abs(map_correlation(attribution.values, evidence.shuffled_map, evidence.cell))
    words = (
        "absolute rank correlation with the map after shuffling the weights; "
        "a map that depends on the weights has a low value"
    )
    return _graded("Same map from shuffled weights", value, limits.RANDOMISED, words)


def _agreement_with_others(attribution: Attribution, evidence: MapEvidence) -> ReliabilityCheck:
    value = float(
        np.median([map_correlation(attribution.values, other, evidence.cell) for other in evidence.others])
    )
    return _graded(
        "Agreement of the methods", value, limits.AGREEMENT, "median rank correlation with the other methods"
    )


def _stability(attribution: Attribution, cell: int) -> ReliabilityCheck:
    name = "Stability over seeds"
    if attribution.parts is None or len(attribution.parts) < 2:
        return ReliabilityCheck(
            name, None, None, None, "not applicable: one network and a deterministic method"
        )
    halves = [
        map_correlation(attribution.parts[list(half)].mean(0), attribution.parts[rest].mean(0), cell)
        for half, rest in _splits(len(attribution.parts))
    ]
    words = "mean rank correlation between halves of the members, which were trained from other seeds"
    return _graded(name, float(np.mean(halves)), limits.STABILITY, words)


def _sees_leads(attribution: Attribution) -> ReliabilityCheck:
    sees = attribution.method != GRAD_CAM
    words = "distinguishes leads" if sees else "resolves time only: all leads show the same values"
    return ReliabilityCheck("Resolution", None, None, Grade.GREEN if sees else Grade.AMBER, words)


def _graded(name: str, value: float, limit: Limit, words: str) -> ReliabilityCheck:
    return ReliabilityCheck(name, value, limit, limit.grade(value), words)


def _splits(count: int) -> list[tuple[tuple[int, ...], list[int]]]:
    """The ways to halve ``count`` maps, at most ``MAX_SPLITS``, evenly chosen."""
    every = list(combinations(range(count), count // 2))
    chosen = every[:: -(-len(every) // MAX_SPLITS)]
    return [(half, [place for place in range(count) if place not in half]) for half in chosen]


def _agreement(maps: Sequence[NDArray[np.float32]], question: Question) -> NDArray[np.float64]:
    return np.array([[map_correlation(one, other, question.cell) for other in maps] for one in maps])
