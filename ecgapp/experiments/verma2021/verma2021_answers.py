"""The answers of the arms of verma2021 as figures with intervals over records."""

import numpy as np

from ecgapp.evaluate import macro_auroc_interval
from ecgapp.evaluate.comparison.record_bootstrap import (
    PairedDifference,
    macro_auroc_statistic,
    paired_difference,
)
from ecgapp.experiments.study_protocol import ArmTrials, Results
from ecgapp.models.validation_figures import Interval
from ecgapp.records.record import FloatArray

N_DRAWS = 1000


def mean_answers(arm: ArmTrials) -> tuple[FloatArray, FloatArray]:
    """Probabilities (n_records, n_labels), the mean over the arm's trials, and targets of the same shape."""
    arrays = [arm.arrays(place) for place in range(len(arm.trials))]
    answers = np.mean([one["probabilities"] for one in arrays], axis=0)
    return answers.astype(np.float32), np.asarray(arrays[0]["targets"], np.float32)


def auroc_of(arm: ArmTrials) -> Interval | None:
    """The macro AUROC of the trials' mean answers, with its 95 % interval."""
    return macro_auroc_interval(*mean_answers(arm), n_bootstrap=N_DRAWS)


def paired_auroc(first: FloatArray, second: FloatArray, targets: FloatArray) -> PairedDifference | None:
    """The difference in macro AUROC, second minus first, of two sets of answers to the same records."""
    statistics = (macro_auroc_statistic(first, targets), macro_auroc_statistic(second, targets))
    return paired_difference(*statistics, len(targets), N_DRAWS)


def paired_arms(results: Results, first: str, second: str) -> PairedDifference | None:
    """The difference in macro AUROC of two arms' mean answers, second minus first; None if one is missing."""
    if first not in results or second not in results:
        return None
    (one, targets), (two, _) = mean_answers(results[first]), mean_answers(results[second])
    return paired_auroc(one, two, targets)


def judged_classes(targets: FloatArray) -> int:
    """The number of classes with both a positive and a negative."""
    return int(((targets == 1).any(axis=0) & (targets == 0).any(axis=0)).sum())
