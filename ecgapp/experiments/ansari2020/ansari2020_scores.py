"""The figures of one trial of ansari2020 with intervals over records, and differences of two encoders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from ecgapp.evaluate import (
    evaluate_predictions,
    macro_auroc_statistic,
    overall_figures,
    paired_difference,
)
from ecgapp.evaluate.arrays import Bools
from ecgapp.evaluate.bootstrap import Statistic
from ecgapp.evaluate.comparison.record_bootstrap import mean_statistic
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.models import Interval
from ecgapp.records.record import FloatArray
from ecgapp.tasks import Task
from ecgapp.training.data.window_sampling import Rows

FIGURES = ("auroc", "auprc", "accuracy", "f1", "f2", "g2")
WHOLE, SIMPLE, ON_TARGET, UNSEEN = "", "simple_", "target_", "unseen_"  # the records of a figure
_FEWEST = 20  # records for a figure


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Answers on records that the learner had not learnt from; ``rows`` are sorted numbers of records.

    ``probabilities`` and ``decisions`` (0 or 1, at each fold's own thresholds) are (n_records, n_labels);
    ``folds`` (n_records,) names the test fold, from 0; ``unseen`` (n_records,) is 1 for records that the
    pretrained autoencoder did not learn from.
    """

    rows: Rows
    folds: Rows
    probabilities: FloatArray
    decisions: FloatArray
    targets: FloatArray
    unseen: Rows

    def arrays(self) -> dict[str, Array]:
        """The answers as a trial's arrays."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def figures(self, labelled: Task, part: Bools, prefix: str, n_bootstrap: int) -> TrialResult:
        """The figures on the records ``part``; none where there are too few records."""
        if part.sum() < _FEWEST:
            return TrialResult(counts={f"{prefix}n": int(part.sum())})
        probabilities, decisions = self.probabilities[part], self.decisions[part]
        targets = self.targets[part]
        ranked = evaluate_predictions(labelled, probabilities, targets, 0.5, "", n_bootstrap=n_bootstrap)
        decided = evaluate_predictions(labelled, decisions, targets, 0.5, "", n_bootstrap=n_bootstrap)
        overall = overall_figures(labelled, decisions, targets, 0.5, n_bootstrap=n_bootstrap)
        intervals = {
            "auroc": ranked.macro_auroc,
            "auprc": ranked.macro_auprc,
            "accuracy": overall.label_accuracy.figure,
            "f1": decided.macro_f1,
            "f2": decided.f2,
            "g2": decided.g2,
        }
        positives = (targets == 1).sum(axis=0)
        counts = {f"{prefix}n": int(part.sum()), f"{prefix}rarest": int(positives.min())}
        return TrialResult(_values(intervals, prefix), counts=counts)


def joined(parts: Sequence[TrialResult]) -> TrialResult:
    """The values and counts of several results in one."""
    values = {name: value for part in parts for name, value in part.values.items()}
    counts = {name: count for part in parts for name, count in part.counts.items()}
    return TrialResult(values, counts=counts)


def difference_figures(
    pretrained: Sequence[Mapping[str, Array]], random: Sequence[Mapping[str, Array]], n_bootstrap: int
) -> TrialResult:
    """Macro AUROC of the pretrained encoder minus the random one, with intervals over records.

    The difference is on all records, and on those that the autoencoder did not learn from. The repeats of
    each encoder are averaged in every draw. Both have the same records in the same order.
    """
    unseen = pretrained[0]["unseen"] == 1
    parts = {WHOLE: np.ones(len(unseen), bool), UNSEEN: unseen}
    return joined(
        [_difference(pretrained, random, (part, prefix), n_bootstrap) for prefix, part in parts.items()]
    )


def _difference(
    pretrained: Sequence[Mapping[str, Array]],
    random: Sequence[Mapping[str, Array]],
    records: tuple[Bools, str],
    n_bootstrap: int,
) -> TrialResult:
    part, prefix = records
    counts = {f"{prefix}n": int(part.sum())}
    if part.sum() < _FEWEST:
        return TrialResult(counts=counts)
    pair = paired_difference(
        _mean_auroc(random, part), _mean_auroc(pretrained, part), int(part.sum()), n_bootstrap
    )
    gain = None if pair is None else pair.difference
    values = _values({"difference": gain}, prefix) | {f"{prefix}p": None if pair is None else pair.p}
    return TrialResult(values, counts=counts)


def _mean_auroc(trials: Sequence[Mapping[str, Array]], part: Bools) -> Statistic:
    return mean_statistic(
        [macro_auroc_statistic(trial["probabilities"][part], trial["targets"][part]) for trial in trials]
    )


def _values(intervals: Mapping[str, Interval | None], prefix: str) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for name, one in intervals.items():
        values[f"{prefix}{name}"] = None if one is None else one.value
        values[f"{prefix}{name}_low"] = None if one is None else one.low
        values[f"{prefix}{name}_high"] = None if one is None else one.high
    return values
