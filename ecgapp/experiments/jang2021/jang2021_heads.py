"""The linear heads of the study of Jang et al. (2021): on frozen encoders, and on image networks."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from ecgapp.evaluate import weighted_f1
from ecgapp.experiments.jang2021.jang2021_arms import Jang2021Arm
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config
from ecgapp.experiments.jang2021.jang2021_data import StudyRecords, classifier_training, load_study
from ecgapp.experiments.jang2021.jang2021_pretraining import pretrained_model
from ecgapp.experiments.jang2021.jang2021_trials import answers_on_test
from ecgapp.experiments.study_protocol import ArmContext, TrialFunction
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.image_network import (
    RANDOM,
    ImageWeights,
    SpectrogramEncoder,
    image_network,
    image_weights,
)
from ecgapp.experiments.trials.multinomial_head import HeadRecords, fit_multinomial_head, most_probable
from ecgapp.experiments.trials.norm_statistics import measure_norms_on
from ecgapp.experiments.trials.pooled_features import PooledEncoder, record_features
from ecgapp.experiments.trials.trial_data import FOLDS
from ecgapp.experiments.trials.trial_training import seeded
from ecgapp.records.record import FloatArray
from ecgapp.training.transfer import initial_network

FeaturesOfRepeat = Callable[[int], FloatArray]


def open_heads(config: Jang2021Config, arm: Jang2021Arm, context: ArmContext) -> TrialFunction:
    """Compute the features of the arm's frozen encoder, and fit the heads of all shares in each trial."""
    network, notes = arm.image_network, tuple[str, ...]()
    if network is not None and network != RANDOM:
        weights = image_weights(network, context.settings)
        notes = (weights_note(network, weights),)
        if weights is None:
            return lambda number, folder: (TrialResult(notes=notes), {})
    study = load_study(config, context, capped=FOLDS)
    features = _features(config, arm, context, study)

    def run_trial(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        result, arrays = _head_result(config, study, features(number), (context.config.seed, number))
        return replace(result, notes=notes), arrays

    return run_trial


def weights_note(network: str, weights: ImageWeights | None) -> str:
    """The sentence on the file that an image network's weights come from."""
    if weights is None:
        return f"Image weights of {network}: not installed, so the arm has no figures."
    return f"Image weights of {network}: the file {weights.path.name}, sha256 {weights.sha256}."


def _features(
    config: Jang2021Config, arm: Jang2021Arm, context: ArmContext, study: StudyRecords
) -> FeaturesOfRepeat:
    """The features of all records in a repeat: of a random encoder anew in each, of others the same."""
    everything = np.arange(len(study.data.records), dtype=np.int64)

    def computed(encoder: nn.Module) -> FloatArray:
        return record_features(encoder, study.data.records, everything, context.device)

    seed = context.config.seed
    if arm.kind == "frozen-random":
        common = classifier_training(config, context)

        def drawn(repeat: int) -> FloatArray:
            network = initial_network(common, seeded(seed, repeat), None)
            measure_norms_on(network, study.data.records, study.train)
            return computed(PooledEncoder(network))

        return drawn
    if arm.kind == "frozen-pretrained":
        fixed = computed(PooledEncoder(pretrained_model(config, context).network))
    else:
        fixed = computed(_image_encoder(config, arm.image_network or RANDOM, context, study))
    return lambda repeat: fixed


def _image_encoder(
    config: Jang2021Config, network: str, context: ArmContext, study: StudyRecords
) -> SpectrogramEncoder:
    """The image network; one with random weights has its batch norms measured on training images."""
    rate, weights = config.preprocessing.sampling_rate, image_weights(network, context.settings)
    encoder = SpectrogramEncoder(image_network(weights, context.config.seed), rate, config.spectrogram)
    if weights is None:
        measure_norms_on(encoder, study.data.records, study.train)
    return encoder


def _head_result(
    config: Jang2021Config, study: StudyRecords, features: FloatArray, seeds: tuple[int, int]
) -> tuple[TrialResult, Mapping[str, Array]]:
    """The weighted F1 of the head of each share, and its answers to the test records."""
    targets, values = study.data.records.targets, dict[str, float | None]()
    counts, arrays = dict[str, int](), dict[str, Array]()
    for share in config.shares:
        drawn = study.drawn(share.fraction, *seeds)
        rows = HeadRecords(drawn, study.validation, study.test)
        head = fit_multinomial_head(features, targets, rows, config.inverse_penalties)
        answers = answers_on_test(head.probabilities, study)
        values[f"f1-{share.percent}"] = weighted_f1(most_probable(head.probabilities), targets[study.test])
        values[f"inverse_penalty-{share.percent}"] = head.inverse_penalty
        counts[f"train-{share.percent}"] = len(np.unique(drawn))
        arrays[f"probabilities-{share.percent}"] = answers.pop("probabilities")
        arrays |= answers
    return TrialResult(values, counts=counts), arrays
