"""The comparison of two arms of the study of Jang et al. (2021), trial by trial and record by record."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecgapp.evaluate import (
    PairedDifference,
    TrialDifference,
    TrialSummary,
    paired_difference,
    paired_test,
    trial_summary,
    weighted_f1_statistic,
    welch_test,
)
from ecgapp.evaluate.bootstrap import Statistic
from ecgapp.evaluate.comparison.record_bootstrap import mean_statistic
from ecgapp.experiments.jang2021.jang2021_arms import TRAINED, arm_key
from ecgapp.experiments.jang2021.jang2021_config import LabelShare
from ecgapp.experiments.report_parts import Cell
from ecgapp.experiments.study_protocol import Results
from ecgapp.experiments.trials.multinomial_head import most_probable
from ecgapp.records.record import FloatArray

DRAWS = 1000  # of the test records
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class ArmComparison:
    """Two arms with the same share of the labels; differences are second minus first.

    ``records`` is the difference of the mean over trials, with its interval over draws of the test records.
    """

    first: TrialSummary
    second: TrialSummary
    welch: TrialDifference
    paired: TrialDifference
    records: PairedDifference | None = None

    @property
    def is_significant(self) -> bool:
        """Whether the paired test shows a difference."""
        return self.paired.p is not None and self.paired.p < SIGNIFICANT


def share_values(
    results: Results, kind: str, share: LabelShare, name: str = "f1"
) -> tuple[float | None, ...]:
    """One figure of this kind's trials with this share; a head has ``f1`` alone. Empty without a trial."""
    key = arm_key(kind, share)
    if key not in results:
        return ()
    return results[key].values(name if kind in TRAINED else f"{name}-{share.percent}")


def compared(first: Sequence[float | None], second: Sequence[float | None]) -> ArmComparison | None:
    """The comparison of two arms' trials, of which those with both figures are pairs; None below two."""
    pairs = [(a, b) for a, b in zip(first, second, strict=False) if a is not None and b is not None]
    if len(pairs) < 2:
        return None
    one, two = zip(*pairs, strict=True)
    return ArmComparison(trial_summary(one), trial_summary(two), welch_test(one, two), paired_test(one, two))


def compared_arms(
    results: Results, kinds: tuple[str, str], share: LabelShare, name: str = "f1"
) -> ArmComparison | None:
    """The comparison of two kinds of arms in one share; that by records is of the figure ``f1`` alone."""
    trials = compared(*(share_values(results, kind, share, name) for kind in kinds))
    if trials is None or name != "f1":
        return trials
    n = trials.paired.n
    answers = [[_answers(results, kind, share, number) for number in range(n)] for kind in kinds]
    first, second = (_mean_f1(trials_of_arm) for trials_of_arm in answers)
    records = paired_difference(first, second, len(answers[0][0][1]), DRAWS)
    return ArmComparison(trials.first, trials.second, trials.welch, trials.paired, records)


def _answers(results: Results, kind: str, share: LabelShare, number: int) -> tuple[FloatArray, FloatArray]:
    """One trial's probabilities of the test records and their targets."""
    arrays = results[arm_key(kind, share)].arrays(number)
    name = "probabilities" if kind in TRAINED else f"probabilities-{share.percent}"
    return arrays[name].astype(np.float32), arrays["targets"].astype(np.float32)


def _mean_f1(trials: Sequence[tuple[FloatArray, FloatArray]]) -> Statistic:
    """The mean weighted F1 of several trials as a function of the records' weights."""
    return mean_statistic([weighted_f1_statistic(most_probable(p), targets) for p, targets in trials])


def p_cell(p: float | None) -> Cell:
    """A p value as a cell of a table: small ones as text with their power of ten."""
    return f"{p:.1e}" if p is not None and p < 0.001 else p


def p_text(p: float | None) -> str:
    """A p value as it stands in a sentence."""
    if p is None:
        return "p undefined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
