"""The time that the arms of the study of Jang et al. (2021) take, from measured steps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from ecgapp.experiments.jang2021.jang2021_arms import PRETRAINING, TRAINED, Jang2021Arm
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_data import StudyRecords, classifier_training, load_study
from ecgapp.experiments.jang2021.jang2021_pretraining import pretraining_config
from ecgapp.experiments.jang2021.jang2021_trials import JUDGED_FOLDS, trial_training
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trials.efficientnet_lite import EfficientNetLite0
from ecgapp.experiments.trials.googlenet import GoogLeNet
from ecgapp.experiments.trials.image_network import (
    GOOGLENET,
    LITE,
    RANDOM,
    SpectrogramEncoder,
    image_network,
    image_weights,
)
from ecgapp.experiments.trials.multinomial_head import HeadRecords, fit_multinomial_head
from ecgapp.experiments.trials.pooled_features import PooledEncoder, record_features
from ecgapp.experiments.trials.trial_training import TrialSplit, measured_seconds
from ecgapp.training.transfer import initial_network

_SAMPLE = 48  # records whose features are timed
_FITTED = 600  # rows of a timed head
_ENCODER = "encoder"  # stands for the study's own network where an image network is named


@dataclass(frozen=True, eq=False)
class ArmProbe:
    """The measurements that the arms share: the data in memory, and the seconds that loading them took."""

    config: Jang2021Config
    context: ArmContext
    study: StudyRecords
    loading: float

    @classmethod
    def start(cls, config: Jang2021Config, context: ArmContext) -> "ArmProbe":
        """Load the records as an arm does."""
        started = time.perf_counter()
        study = load_study(config, context, capped=JUDGED_FOLDS)
        return cls(config, context, study, time.perf_counter() - started)


def estimated_seconds(
    config: Jang2021Config, arms: Sequence[Jang2021Arm], context: ArmContext
) -> dict[str, float]:
    """The seconds of each arm; those of the two starts of a share are measured once."""
    probe = ArmProbe.start(config, context)
    seconds: dict[str, float] = {}
    by_share: dict[str, float] = {}
    for arm in arms:
        if arm.kind in TRAINED and arm.share is not None:
            if arm.share.percent not in by_share:
                by_share[arm.share.percent] = _trained(probe, arm)
            seconds[arm.key] = probe.loading + arm.n_trials * by_share[arm.share.percent]
        elif arm.kind == PRETRAINING:
            seconds[arm.key] = probe.loading + _pretraining(probe)
        else:
            seconds[arm.key] = _heads(probe, arm)
    return seconds


def _trained(probe: ArmProbe, arm: Jang2021Arm) -> float:
    """One trial from random weights; transfer takes as long."""
    if arm.share is None:
        raise TypeError("This arm trains no network.")
    common, seed = classifier_training(probe.config, probe.context), probe.context.config.seed
    random = Jang2021Arm(arm.key, arm.title, kind="random", share=arm.share)
    split = probe.study.split(arm.share, seed, 0)
    return measured_seconds(trial_training(common, random, seed, 0), probe.study.data, split)


def _pretraining(probe: ArmProbe) -> float:
    """The pretraining without its early end, and the inference on the test records."""
    if probe.config.pretrained is not None:
        return _features(probe, _ENCODER) * len(probe.study.test) * 2  # the decoder costs as much again
    study, training = probe.study, pretraining_config(probe.config, probe.context)
    split = TrialSplit(study.train, study.validation, study.validation[:0])
    return measured_seconds(training, study.data, split)


def _heads(probe: ArmProbe, arm: Jang2021Arm) -> float:
    """The features of all records, once or in each trial, and the heads of all shares."""
    network = arm.image_network or _ENCODER
    if network in (GOOGLENET, LITE) and image_weights(network, probe.context.settings) is None:
        return 0.0
    extractions = arm.n_trials if arm.kind == "frozen-random" else 1
    n_records, n_train = len(probe.study.data.records), len(probe.study.train)
    features = extractions * n_records * _features(probe, network)
    rows = n_train * sum(share.fraction for share in probe.config.shares)
    return probe.loading + features + arm.n_trials * rows * _head(probe, network)


def _features(probe: ArmProbe, network: str) -> float:
    """The seconds of one record's features."""
    encoder = _encoder(probe, network)
    rows, device = probe.study.test[:_SAMPLE], probe.context.device
    record_features(encoder, probe.study.data.records, rows[:8], device)  # warms up
    started = time.perf_counter()
    record_features(encoder, probe.study.data.records, rows, device)
    return (time.perf_counter() - started) / len(rows)


def _encoder(probe: ArmProbe, network: str) -> nn.Module:
    config, context = probe.config, probe.context
    if network not in (GOOGLENET, LITE, RANDOM):
        return PooledEncoder(initial_network(classifier_training(config, context), 0, None))
    weights = image_weights(network, context.settings)
    return SpectrogramEncoder(
        image_network(weights, 0), config.preprocessing.sampling_rate, config.spectrogram
    )


def _head(probe: ArmProbe, network: str) -> float:
    """The seconds of one training record in the search of a head, from a search on noise."""
    sizes = {GOOGLENET: GoogLeNet.n_features, LITE: EfficientNetLite0.n_features}
    width = sizes.get(network, EfficientNetLite0.n_features if network == RANDOM else 384)
    rng, n_labels = np.random.default_rng(0), len(probe.study.task.labels)
    noise = rng.normal(size=(_FITTED, width)).astype(np.float32)
    targets = np.eye(n_labels, dtype=np.float32)[rng.integers(n_labels, size=_FITTED)]
    every = np.arange(_FITTED, dtype=np.int64)
    started = time.perf_counter()
    fit_multinomial_head(noise, targets, HeadRecords(every, every, every), probe.config.inverse_penalties)
    return (time.perf_counter() - started) / _FITTED
