"""The figures of one trial of ansari2020, each with its interval over records, and pairs of encoders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    ``folds`` (n_records,) names the test fold, from 0.
    """

    rows: Rows
    folds: Rows
    probabilities: FloatArray
    decisions: FloatArray
    targets: FloatArray

    def arrays(self) -> dict[str, Array]:
        """The answers as a trial's arrays."""
        return {
            name: getattr(self, name) for name in ("rows", "folds", "probabilities", "decisions", "targets")
        }

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
        counts = {f"{prefix}n": int(part.sum())}
        return TrialResult(_values(intervals, prefix), counts=counts)


def joined(parts: Sequence[TrialResult]) -> TrialResult:
    """The values and counts of several results in one."""
    values = {name: value for part in parts for name, value in part.values.items()}
    counts = {name: count for part in parts for name, count in part.counts.items()}
    return TrialResult(values, counts=counts)


def difference_values(
    pretrained: Sequence[Mapping[str, Array]], random: Sequence[Mapping[str, Array]], n_bootstrap: int
) -> dict[str, float | None]:
    """Macro AUROC of the pretrained encoder minus the random one, with an interval over records.

    The repeats of each encoder are averaged in every draw. Both have the same records in the same order.
    """
    n_records = len(pretrained[0]["rows"])
    pair = paired_difference(_mean_auroc(random), _mean_auroc(pretrained), n_records, n_bootstrap)
    if pair is None:
        return {"difference": None, "low": None, "high": None, "p": None}
    gain = pair.difference
    return {"difference": gain.value, "low": gain.low, "high": gain.high, "p": pair.p}


def _mean_auroc(trials: Sequence[Mapping[str, Array]]) -> Statistic:
    return mean_statistic(
        [macro_auroc_statistic(trial["probabilities"], trial["targets"]) for trial in trials]
    )  # type: ignore[arg-type]


def _values(intervals: Mapping[str, Interval | None], prefix: str) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for name, one in intervals.items():
        values[f"{prefix}{name}"] = None if one is None else one.value
        values[f"{prefix}{name}_low"] = None if one is None else one.low
        values[f"{prefix}{name}_high"] = None if one is None else one.high
    return values
