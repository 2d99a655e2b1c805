"""F2 and G2 of the 2020 challenge of decisions that are pooled over folds, with intervals over records."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate import best_thresholds, challenge_weights, f_beta_g_beta, nelder_mead_thresholds
from ecgapp.evaluate.arrays import Bools, Floats, outcomes
from ecgapp.evaluate.bootstrap import Statistic, bootstrap_draws, interval
from ecgapp.evaluate.challenge_scores import f_beta, g_beta
from ecgapp.evaluate.comparison.record_bootstrap import PairedDifference, paired_difference
from ecgapp.experiments.study_protocol import ArmTrials, Results
from ecgapp.models.validation_figures import Interval
from ecgapp.records.record import FloatArray
from ecgapp.training.data.window_sampling import Rows

N_DRAWS = 1000

Fit = Callable[[FloatArray, FloatArray], Floats]


def _exact(probabilities: FloatArray, targets: FloatArray) -> Floats:
    return best_thresholds(probabilities, targets, 2.0, challenge_weights(targets))


PUBLISHED = "Nelder-Mead on the training records, as published"
INSIDE = "exact on the training records and those that choose the epoch"
THRESHOLDS: dict[str, tuple[str, Fit]] = {
    PUBLISHED: ("train", nelder_mead_thresholds),
    "exact on the training records": ("train", _exact),
    "Nelder-Mead on the records that choose the epoch": ("validation", nelder_mead_thresholds),
    "exact on the records that choose the epoch": ("validation", _exact),
    INSIDE: ("both", _exact),
}
"""Ways to find the thresholds of a fold: by which of its records, and by which search."""


@dataclass(frozen=True, eq=False)
class PooledDecisions:
    """Decisions and targets (n_records, n_labels) of several folds' records, and which records they are."""

    decisions: Bools
    targets: FloatArray
    rows: Rows


def pooled_decisions(ended: ArmTrials, way: str, part: str = "test") -> PooledDecisions:
    """The decisions on each fold's records of ``part`` by the thresholds of that fold."""
    learnt_from, fit = THRESHOLDS[way]
    decisions, targets, rows = [], [], []
    for place in range(len(ended.trials)):
        arrays = ended.arrays(place)
        names = ("train", "validation") if learnt_from == "both" else (learnt_from,)
        learnt = [
            np.concatenate([arrays[f"{name}_{kind}"] for name in names])
            for kind in ("probabilities", "targets")
        ]
        decisions.append(arrays[f"{part}_probabilities"] >= fit(learnt[0], learnt[1]))
        targets.append(arrays[f"{part}_targets"])
        rows.append(arrays["test_rows"] if part == "test" else np.arange(len(targets[-1])))
    return PooledDecisions(np.concatenate(decisions), np.concatenate(targets), np.concatenate(rows))


class DecisionPools:
    """The pooled decisions of each arm by each way to find thresholds, computed once."""

    def __init__(self, results: Results) -> None:
        self.results = results
        self._pools: dict[tuple[str, str, str], PooledDecisions] = {}

    def of(self, key: str, way: str, part: str = "test") -> PooledDecisions:
        """The decisions of the arm ``key``; see ``pooled_decisions``."""
        asked_for = (key, way, part)
        if asked_for not in self._pools:
            self._pools[asked_for] = pooled_decisions(self.results[key], way, part)
        return self._pools[asked_for]


def shared_records(
    first: PooledDecisions, second: PooledDecisions
) -> tuple[PooledDecisions, PooledDecisions]:
    """The decisions on the records that both have, in the same order."""
    rows = np.intersect1d(first.rows, second.rows)
    chosen = []
    for one in (first, second):
        place = np.argsort(one.rows)[np.searchsorted(np.sort(one.rows), rows)]
        chosen.append(PooledDecisions(one.decisions[place], one.targets[place], rows))
    return chosen[0], chosen[1]


def challenge_intervals(pooled: PooledDecisions) -> tuple[Interval | None, Interval | None]:
    """F2 and G2 with their 95 % intervals over records."""
    values = f_beta_g_beta(pooled.decisions, pooled.targets)
    draws = [
        bootstrap_draws(_score(pooled, score), len(pooled.rows), N_DRAWS, 0) for score in (f_beta, g_beta)
    ]
    return interval(values[0], draws[0]), interval(values[1], draws[1])


def f2_difference(first: PooledDecisions, second: PooledDecisions) -> PairedDifference | None:
    """The difference in F2, second minus first, on the records that both have."""
    one, two = shared_records(first, second)
    return paired_difference(_score(one, f_beta), _score(two, f_beta), len(one.rows), N_DRAWS)


def _score(pooled: PooledDecisions, score: Callable[[Floats, Floats, Floats, float], Floats]) -> Statistic:
    """The mean of the labels' F2 or G2 as a function of how often each record is drawn."""
    weights = challenge_weights(pooled.targets)
    counts = outcomes(pooled.decisions, np.asarray(pooled.targets, np.float64))[:3] * weights[:, None]

    def statistic(draws: Floats) -> Floats:
        hits, alarms, misses = np.einsum("krl,rd->kld", counts, draws)
        by_label = score(hits, alarms, misses, 2.0)
        defined = ~np.isnan(by_label)
        total = np.where(defined, by_label, 0.0).sum(axis=0)
        n_defined = defined.sum(axis=0)
        return np.where(n_defined > 0, total / np.maximum(n_defined, 1), np.nan)

    return statistic
