"""The trials of ansari2020: features, learners in cross-validation, network, differences."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgapp.evaluate import best_thresholds
from ecgapp.experiments.ansari2020.ansari2020_arms import PRETRAINED, RANDOM, LearnerArm, PairArm, learner_key
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config
from ecgapp.experiments.ansari2020.ansari2020_data import (
    NORMS_NOTE,
    JudgedRecords,
    autoencoder_note,
    encoder_of,
    feature_data,
    judged_records,
    network_config,
    pretrained_encoder,
    read_features,
)
from ecgapp.experiments.ansari2020.ansari2020_scores import difference_figures
from ecgapp.experiments.ansari2020.ansari2020_validation import Answers, cross_validated, figures_of
from ecgapp.experiments.study_protocol import ArmContext, TrialFunction
from ecgapp.experiments.trial_result import Array, TrialResult, read_arrays, read_trial
from ecgapp.experiments.trials.conventional_learners import learner_named
from ecgapp.experiments.trials.fitted_learner import fit_learner
from ecgapp.experiments.trials.pooled_features import (
    CODE,
    LAYERS,
    PooledEncoder,
    feature_widths,
    window_features,
)
from ecgapp.experiments.trials.trial_data import load_trial_data
from ecgapp.experiments.trials.trial_training import TrialPlace, TrialSplit, seeded, train_trial
from ecgapp.training import Stopped
from ecgapp.training.data.window_sampling import Rows

_NETWORK = 4  # stream of random numbers


def open_features(context: ArmContext) -> TrialFunction:
    """Trial 0 computes the features of the pretrained encoder, the others those of a random one each."""
    settings = context.config.settings_as(Ansari2020Config)
    model = pretrained_encoder(settings, context.settings)
    data = load_trial_data(network_config(context.config, model, context.stores), context)
    records = JudgedRecords.of(data)
    every = np.arange(len(data.records), dtype=np.int64)

    def trial(number: int, _folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        kind, repeat = (RANDOM, number - 1) if number else (PRETRAINED, 0)
        network = encoder_of(kind, repeat, context, data.records).network
        encoder = PooledEncoder(network, (*settings.poolings, LAYERS, CODE))
        features, owners = window_features(encoder, data.records, every, context.device)
        arrays: dict[str, Array] = {}
        start = 0
        for name, width in feature_widths(encoder, data.records).items():
            arrays[name] = features[:, start : start + width]
            start += width
        arrays |= {"owners": owners, "targets": records.targets, "stores": records.stores}
        arrays |= {"folds": records.folds, "patients": records.patients}
        counts = {"records": len(every), "windows": len(owners)}
        return TrialResult(counts=counts, notes=(autoencoder_note(model), NORMS_NOTE)), arrays

    return trial


def open_learner(arm: LearnerArm, context: ArmContext) -> TrialFunction:
    """A repeat is one five-fold cross-validation; its first fold is the simple split."""
    settings, seed = context.config.settings_as(Ansari2020Config), context.config.seed
    learner = learner_named(arm.learner)

    def trial(number: int, _folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        arrays = read_features(context, arm.encoder, number)
        data = feature_data(arrays, settings.parts(arm.features))
        records = judged_records(arrays)
        strengths: dict[str, float | None] = {}

        def answer(train: Rows, test: Rows, fold: int) -> Answers:
            if context.reporter.should_stop():
                raise Stopped
            inner = records.inner(train, settings, seed, number)
            fitted = fit_learner(learner, data, train, inner)
            strengths[f"strength_{fold + 1}"] = fitted.strength
            return fitted.probabilities(data, test), fitted.thresholds

        answers = cross_validated(arm, context, records, number, answer)
        result = figures_of(answers, arm, context, records)
        return replace(result, values=result.values | strengths), answers.arrays()

    return trial


def open_network(arm: LearnerArm, context: ArmContext) -> TrialFunction:
    """A repeat trains the convolutional head once for each fold; the next fold chooses the epoch."""
    settings, seed = context.config.settings_as(Ansari2020Config), context.config.seed
    model = pretrained_encoder(settings, context.settings)
    config = network_config(context.config, model, context.stores)
    data = load_trial_data(replace(config, device=context.device), context)
    records = JudgedRecords.of(data)

    def trial(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        encoder = encoder_of(arm.encoder, number, context, data.records)
        own = replace(config, seed=seeded(seed, _NETWORK, number), device=context.device)

        def answer(train: Rows, test: Rows, fold: int) -> Answers:
            inner = records.inner(train, settings, seed, number)
            chosen = inner == 1
            split = TrialSplit(train[~chosen], train[chosen], test[:0])
            work = folder / f"fold-{fold + 1}"
            work.mkdir(parents=True, exist_ok=True)
            place = TrialPlace(number, arm.n_trials, work)
            trained = train_trial(own, data, split, encoder, place, context.reporter)
            held_out = trained.probabilities(split.validation)
            thresholds = best_thresholds(held_out, records.targets[split.validation])
            return trained.probabilities(test), thresholds

        answers = cross_validated(arm, context, records, number, answer)
        return figures_of(answers, arm, context, records), answers.arrays()

    return trial


def open_pair(arm: PairArm, context: ArmContext) -> TrialFunction:
    """The function whose only trial is the difference of the two encoders for one learner."""
    settings = context.config.settings_as(Ansari2020Config)

    def trial(_number: int, _folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        keys = (learner_key(e, arm.features, arm.learner, arm.scope) for e in (PRETRAINED, RANDOM))
        pretrained, random = (_arrays(context, key) for key in keys)
        return difference_figures(pretrained, random, settings.n_bootstrap), {}

    return trial


def _arrays(context: ArmContext, key: str) -> list[dict[str, Array]]:
    folder, arrays, number = context.folder.arm(key), [], 0
    while (trial := read_trial(folder, number)) is not None:
        arrays.append(read_arrays(folder, number, trial))
        number += 1
    return arrays
