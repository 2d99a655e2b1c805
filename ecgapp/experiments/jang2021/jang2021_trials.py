"""The trained classifiers of the study of Jang et al. (2021): random initialisation, or transfer."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgapp.evaluate import learning_curve_index, weighted_f1
from ecgapp.experiments.jang2021.jang2021_arms import Jang2021Arm
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_data import (
    TEST_FOLDS,
    VALIDATION_FOLDS,
    StudyRecords,
    classifier_training,
    load_study,
)
from ecgapp.experiments.jang2021.jang2021_pretraining import AUTOENCODER, pretrained_model
from ecgapp.experiments.study_protocol import ArmContext, TrialFunction
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.multinomial_head import most_probable
from ecgapp.experiments.trials.trial_training import TrainedTrial, TrialPlace, seeded, train_trial
from ecgapp.training import Initialisation, TrainingConfig

JUDGED_FOLDS = (*VALIDATION_FOLDS, *TEST_FOLDS)


def trial_training(common: TrainingConfig, arm: Jang2021Arm, seed: int, repeat: int) -> TrainingConfig:
    """The training of one trial. Arms of the same share and repeat differ in the initial weights alone.

    Raises:
        TypeError: the arm trains no network.
    """
    if arm.share is None:
        raise TypeError("This arm trains no network.")
    transfers = arm.kind == "transfer"
    return replace(
        common,
        epochs=arm.share.epochs,
        seed=seeded(seed, repeat),
        initialisation=Initialisation.TRANSFER if transfers else Initialisation.RANDOM,
        pretrained=AUTOENCODER if transfers else None,
    )


def open_trained(config: Jang2021Config, arm: Jang2021Arm, context: ArmContext) -> TrialFunction:
    """Load the records, and train one classifier for each trial."""
    study = load_study(config, context, capped=JUDGED_FOLDS)
    common, seed = classifier_training(config, context), context.config.seed
    pretrained = pretrained_model(config, context) if arm.kind == "transfer" else None
    share = arm.share
    if share is None:
        raise TypeError("This arm trains no network.")

    def run_trial(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        training = trial_training(common, arm, seed, number)
        split = study.split(share, seed, number)
        place = TrialPlace(number, arm.n_trials, folder)
        trained = train_trial(training, study.data, split, pretrained, place, context.reporter)
        return trained_result(trained, study, len(np.unique(split.train)))

    return run_trial


def trained_result(
    trained: TrainedTrial, study: StudyRecords, n_train: int
) -> tuple[TrialResult, Mapping[str, Array]]:
    """Figures of one trained classifier: at the test's best epoch, as published, and at validation's best.

    The latter is the epoch with the best macro AUROC on the validation records, by which the app keeps the
    weights of any classifier.
    """
    test = [value or 0.0 for value in trained.watched_curve("weighted_f1")]
    chosen = chosen_epoch(trained)
    index = learning_curve_index(test)
    epochs = trained.epochs
    answers = answers_on_test(trained.probabilities(study.test), study)
    decided = most_probable(answers["probabilities"].astype(np.float32))
    values: dict[str, float | None] = {
        "f1": weighted_f1(decided, study.data.records.targets[study.test]),
        "best_f1": index.best,
        "last_f1": test[-1],
        "lci": index.value,
        "train_loss": epochs[-1].train_loss,
        "constant_loss": constant_loss(study, trained),
    }
    curves = {
        "test_f1": tuple(test),
        "validation_f1": trained.curve("weighted_f1"),
        "train_loss": trained.curve("train_loss"),
    }
    counts = {"train": n_train, "epoch": chosen + 1, "best_epoch": index.best_epoch or 0}
    return TrialResult(values, curves, counts), answers


def chosen_epoch(trained: TrainedTrial) -> int:
    """The epoch, from 0, whose weights were kept: the first with the best score on the validation records."""
    scores = [-e.validation_loss if e.auroc is None else e.auroc for e in trained.epochs]
    return int(np.argmax(scores))


def constant_loss(study: StudyRecords, trained: TrainedTrial) -> float:
    """The lowest loss on the training records of one answer for all of them: the entropy of their labels."""
    rows = trained.prepared.members[0].train
    shares = study.data.records.targets[rows].mean(axis=0, dtype=np.float64)
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


def answers_on_test(probabilities: np.ndarray, study: StudyRecords) -> dict[str, Array]:
    """The answers to the test records, with the records' places in their stores and their targets."""
    records = study.data.records
    return {
        "probabilities": probabilities.astype(np.float32),
        "targets": records.targets[study.test],
        "rows": records.row_of[study.test],
        "stores": records.store_of[study.test],
    }
