"""The time that the arms of ansari2020 take, from measured parts of their work."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgapp.experiments.ansari2020.ansari2020_arms import FEATURES, PRETRAINED, LearnerArm, PairArm
from ecgapp.experiments.ansari2020.ansari2020_config import NETWORK, Ansari2020Config
from ecgapp.experiments.ansari2020.ansari2020_data import (
    JudgedRecords,
    encoder_of,
    network_config,
    pretrained_encoder,
)
from ecgapp.experiments.study_protocol import Arm, ArmContext
from ecgapp.experiments.trials.conventional_learners import learner_named
from ecgapp.experiments.trials.fitted_learner import FeatureData, fit_learner
from ecgapp.experiments.trials.pooled_features import PooledEncoder, window_features
from ecgapp.experiments.trials.trial_data import TrialData, load_trial_data
from ecgapp.experiments.trials.trial_training import TrialSplit, measured_seconds
from ecgapp.training import TrainingConfig
from ecgapp.training.data.window_sampling import Rows

_FIGURES = 4e-7  # seconds for each record, class and bootstrap draw, of one trial's figures
_COMPARISON, _HEAD = 1.0, 5.0  # seconds for each pair and repeat, and for the head


@dataclass(frozen=True, eq=False)
class _Probe:
    """The records with their features in memory, and the seconds that each took."""

    context: ArmContext
    settings: Ansari2020Config
    training: TrainingConfig
    data: TrialData
    records: JudgedRecords
    features: dict[str, FeatureData]
    loading: float
    encoding: float


def estimated_seconds(arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
    """The seconds of each arm: loading and features are measured, and one fold of each learner."""
    probe = _probe(context)
    learners = [arm for arm in arms if isinstance(arm, LearnerArm)]
    kinds = {(arm.features, arm.learner, arm.scope): arm for arm in learners}
    folds = {kind: _fold_seconds(arm, probe) for kind, arm in kinds.items()}
    seconds = {}
    for arm in arms:
        if isinstance(arm, LearnerArm):
            fold = folds[arm.features, arm.learner, arm.scope]
            judging = len(probe.records.rows(arm.scope)) * probe.records.targets.shape[1]
            trial = probe.settings.folds * fold + judging * probe.settings.n_bootstrap * _FIGURES
            seconds[arm.key] = arm.n_trials * trial + (probe.loading if arm.learner == NETWORK else 0.0)
        elif arm.key == FEATURES:
            seconds[arm.key] = probe.loading + arm.n_trials * probe.encoding
        else:
            repeats = [one.n_trials for one in learners if one.key in arm.needs]
            seconds[arm.key] = _COMPARISON * sum(repeats) / 2 if isinstance(arm, PairArm) else _HEAD
    return seconds


def _probe(context: ArmContext) -> _Probe:
    settings = context.config.settings_as(Ansari2020Config)
    model = pretrained_encoder(settings, context.settings)
    training = replace(network_config(context.config, model, context.stores), device=context.device)
    started = time.perf_counter()
    data = load_trial_data(training, context)
    loaded = time.perf_counter()
    every, features = np.arange(len(data.records), dtype=np.int64), {}
    for name in ("pooled", "code", "layers"):
        encoder = PooledEncoder(model.network, settings.parts(name))
        windows, owners = window_features(encoder, data.records, every, context.device)
        features[name] = FeatureData(windows, owners, data.records.targets)
    encoding = (time.perf_counter() - loaded) / len(features)
    return _Probe(
        context, settings, training, data, JudgedRecords.of(data), features, loaded - started, encoding
    )


def _fold_seconds(arm: LearnerArm, probe: _Probe) -> float:
    rows = probe.records.rows(arm.scope)
    folds = probe.records.dealt(rows, probe.settings, 0, 0)
    train, test = rows[folds != folds.min()], rows[folds == folds.min()]
    if arm.learner == NETWORK:
        return _network_seconds(probe, train, test)
    inner = probe.records.inner(train, probe.settings, 0, 0)
    started = time.perf_counter()
    data = probe.features[arm.features]
    fit_learner(learner_named(arm.learner), data, train, inner).probabilities(data, test)
    return time.perf_counter() - started


def _network_seconds(probe: _Probe, train: Rows, test: Rows) -> float:
    encoder = encoder_of(PRETRAINED, 0, probe.context, probe.data.records)
    inner = probe.records.inner(train, probe.settings, 0, 0) == 1
    split = TrialSplit(train[~inner], train[inner], test[:0])
    return measured_seconds(probe.training, probe.data, split, encoder)
