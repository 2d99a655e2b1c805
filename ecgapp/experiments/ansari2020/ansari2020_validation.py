"""The five-fold cross-validation of ansari2020: answers on records that were left out, and their figures."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgapp.evaluate.arrays import decide
from ecgapp.experiments.ansari2020.ansari2020_arms import ALL, LearnerArm
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config
from ecgapp.experiments.ansari2020.ansari2020_data import (
    JudgedRecords,
    pretrained_encoder,
    unseen_folds,
)
from ecgapp.experiments.ansari2020.ansari2020_scores import (
    ON_TARGET,
    SIMPLE,
    UNSEEN,
    WHOLE,
    OutOfFold,
    joined,
)
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trial_result import TrialResult
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task
from ecgapp.training.data.window_sampling import Rows

Answers = tuple[FloatArray, NDArray[np.float64]]  # probabilities (n_test, n_labels), thresholds (n_labels,)
Answerer = Callable[[Rows, Rows, int], Answers]  # of training records, test records, and the fold's number


def cross_validated(
    arm: LearnerArm, context: ArmContext, records: JudgedRecords, repeat: int, answer: Answerer
) -> OutOfFold:
    """The answers on all records of the arm's scope, each by a learner without the record's fold."""
    settings, seed = context.config.settings_as(Ansari2020Config), context.config.seed
    rows = records.rows(arm.scope)
    folds = records.dealt(rows, settings, seed, repeat)
    targets = records.targets[rows]
    probabilities, decisions = np.zeros_like(targets), np.zeros_like(targets)
    for fold in np.unique(folds).tolist():
        test = folds == fold
        answers, thresholds = answer(rows[~test], rows[test], fold)
        probabilities[test] = answers
        decisions[test] = decide(answers.astype(np.float64), thresholds)
    unseen = unseen_folds(pretrained_encoder(settings, context.settings))
    flags = np.isin(records.folds[rows], unseen).astype(np.int64)
    return OutOfFold(rows, folds, probabilities, decisions, targets, flags)


def figures_of(
    answers: OutOfFold, arm: LearnerArm, context: ArmContext, records: JudgedRecords
) -> TrialResult:
    """The figures on all records, on the simple split's test part, and on records of special interest.

    These are the first data set's, for learners of all of them, and those that the autoencoder never saw.
    """
    settings = context.config.settings_as(Ansari2020Config)
    parts = {
        WHOLE: np.ones(len(answers.rows), bool),
        SIMPLE: answers.folds == answers.folds.min(),
        UNSEEN: answers.unseen == 1,
    }
    if arm.scope == ALL:
        parts[ON_TARGET] = records.stores[answers.rows] == 0
    labelled = task(settings.task)
    return joined(
        [answers.figures(labelled, part, prefix, settings.n_bootstrap) for prefix, part in parts.items()]
    )
