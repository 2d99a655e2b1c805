"""The arms of verma2021 that learn a task of PTB-XL, whose models other arms transfer."""

from collections.abc import Mapping
from dataclasses import replace

from ecgapp.datasets.label_matching import matching_weights
from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.occlusion import occluded_answers, wave_spans
from ecgapp.experiments.trials.subsets import subset
from ecgapp.experiments.trials.trial_data import TrialData
from ecgapp.experiments.trials.trial_training import (
    TrainedTrial,
    TrialPlace,
    TrialSplit,
    seeded,
    train_trial,
)
from ecgapp.experiments.verma2021.verma2021_arms import Verma2021Arm
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_data import (
    source_answers,
    split_by_fold,
    target_answers,
)
from ecgapp.experiments.verma2021.verma2021_keys import source_key
from ecgapp.training import TrainingConfig
from ecgapp.training.data.window_sampling import Rows
from ecgapp.training.result.trained_result import save_classifier, validation_logits

_SUBSET, _WEIGHTS = 1, 2  # streams of random numbers


def run_source(
    arm: Verma2021Arm, context: ArmContext, data: TrialData, training: TrainingConfig, place: TrialPlace
) -> tuple[TrialResult, Mapping[str, Array]]:
    """Train the network on the first folds, choose its epoch by the last but one, and test it on the last."""
    seed = context.config.seed
    train, validation, test = split_by_fold(data)
    train = subset(train, data.patients, arm.share, seeded(seed, _SUBSET))
    if arm.matched:
        data = _matched(data, train, context)
    split = TrialSplit(train, validation, test)
    training = replace(training, seed=seeded(seed, _WEIGHTS))
    trained = train_trial(training, data, split, None, place, context.reporter)
    _save(trained, arm, context)
    arrays: dict[str, Array] = {
        "probabilities": trained.probabilities(test),
        "targets": data.records.targets[test],
        "validation_probabilities": trained.probabilities(validation),
        "validation_targets": data.records.targets[validation],
    }
    if arm.key == source_key(context.config.settings_as(Verma2021Config)):
        spans = wave_spans(data, test, context.settings)
        arrays["occluded"] = occluded_answers(trained, test, spans)
    return _result(trained, split, arrays), arrays


def _result(trained: TrainedTrial, split: TrialSplit, arrays: Mapping[str, Array]) -> TrialResult:
    watched = trained.watched_curve("auroc")
    best = max((value for value in watched if value is not None), default=None)
    values = {"auroc": macro_auroc(arrays["probabilities"], arrays["targets"]), "auroc_best_on_test": best}
    counts = {"train": len(split.train), "validation": len(split.validation), "test": len(split.test)}
    curves = {
        "train_loss": trained.curve("train_loss"),
        "validation_auroc": trained.curve("auroc"),
        "test_auroc": watched,
    }
    return TrialResult(values, curves, counts)


def _matched(data: TrialData, train: Rows, context: ArmContext) -> TrialData:
    """The data with training records that are drawn so often that the target's label shares result."""
    config = context.config.settings_as(Verma2021Config)
    target, _ = target_answers(config, context.stores)
    weights = data.records.weights.copy()
    weights[train] = matching_weights(source_answers(config, data)[train], target)
    return replace(data, records=replace(data.records, weights=weights))


def _save(trained: TrainedTrial, arm: Verma2021Arm, context: ArmContext) -> None:
    """Save the model with its card into the arm's product, from where it can also be promoted."""
    prepared = trained.prepared
    *train, validation, _ = sorted(set(prepared.records.folds.tolist()))
    config = replace(prepared.config, train_folds=tuple(train), validation_folds=(validation,))
    saving = replace(prepared, config=config, folder=context.folder.product(arm.key))
    save_classifier(
        saving, trained.network, len(trained.epochs), validation_logits(saving, [trained.network])
    )
