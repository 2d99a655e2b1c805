"""The records, encoders and splits of the ansari2020 protocol."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.datasets.stratified_folds import stratified_folds
from ecgapp.errors import ExperimentError
from ecgapp.experiments.ansari2020.ansari2020_arms import FEATURES, PRETRAINED, TARGET
from ecgapp.experiments.ansari2020.ansari2020_config import Ansari2020Config
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trial_result import Array, read_arrays, read_trial
from ecgapp.experiments.trials.fitted_learner import FeatureData
from ecgapp.experiments.trials.norm_statistics import measure_norms_on
from ecgapp.experiments.trials.trial_data import TrialData
from ecgapp.experiments.trials.trial_training import seeded
from ecgapp.models import (
    AutoencoderConfig,
    PooledClassifierConfig,
    TrainedModel,
    build,
    load_model,
)
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task
from ecgapp.training import AugmentationConfig, TrainingConfig
from ecgapp.training.data.window_sampling import RecordSet, Rows

_SPLIT, _INNER, _ENCODER = 1, 2, 3  # streams of random numbers
NORMS_NOTE = (
    "The batch norms of the random encoders are measured on windows of records that the pretrained one "
    "learnt from, so that their signals neither fade nor grow from layer to layer."
)


def pretrained_encoder(settings: Ansari2020Config, folders: Settings) -> TrainedModel:
    """The installed autoencoder.

    Raises:
        ModelNotFoundError: it is not installed.
        ExperimentError: it is no autoencoder.
    """
    model = load_model((folders.weights, folders.shipped_weights), settings.autoencoder)
    encoder_config(model)
    return model


def encoder_config(model: TrainedModel) -> AutoencoderConfig:
    """The config of the autoencoder ``model``.

    Raises:
        ExperimentError: it is no autoencoder.
    """
    if not isinstance(model.card.network, AutoencoderConfig):
        raise ExperimentError(f"The model {model.card.name} is no autoencoder. Choose another one.")
    return model.card.network


def encoder_of(kind: str, repeat: int, context: ArmContext, records: RecordSet) -> TrainedModel:
    """The autoencoder of a repeat: pretrained, or with random weights.

    The random one has the card of the pretrained one: same windows, same architecture. Its batch norms are
    measured on windows of ``records`` that the pretrained one learnt from; the pretrained one has its own.
    """
    settings = context.config.settings_as(Ansari2020Config)
    model = pretrained_encoder(settings, context.settings)
    if kind == PRETRAINED:
        return model
    number = repeat % settings.random_encoders
    torch.manual_seed(seeded(context.config.seed, _ENCODER, number))
    network = build(model.card.network).eval().requires_grad_(False)
    seen = np.flatnonzero(~np.isin(records.folds, unseen_folds(model)))
    measure_norms_on(network, records, seen)
    return TrainedModel(network, replace(model.card, sha256=f"random {number}"))


def network_config(
    config: ExperimentConfig, model: TrainedModel, stores: Sequence[DatasetStore]
) -> TrainingConfig:
    """The training of the convolutional head on ``model``'s frozen encoder."""
    settings = config.settings_as(Ansari2020Config)
    head, labelled = settings.network, task(settings.task)
    shape = PooledClassifierConfig(encoder_config(model), len(labelled.labels), settings.poolings)
    names = tuple(one.name for one in stores)
    training = TrainingConfig(
        "head", "finetune", shape, names, model.card.preprocessing, task=settings.task, precision="fp32"
    )
    if head is None:
        return training
    network = replace(shape, conv_widths=head.conv_widths, conv_kernel=head.conv_kernel, dropout=head.dropout)
    return replace(
        training, network=network, initialisation="frozen", pretrained=settings.autoencoder,
        epochs=head.epochs, batch_size=head.batch_size, learning_rate=head.learning_rate,
        weight_decay=head.weight_decay, augmentation=AugmentationConfig(wander=0.0, muscle=0.0),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class JudgedRecords:
    """Targets, data sets, folds and patients of all records: one entry for each, in one order.

    ``stores`` is the number of its data set, ``folds`` the data set's own fold.
    """

    targets: FloatArray
    stores: Rows
    folds: Rows
    patients: Rows

    @classmethod
    def of(cls, data: TrialData) -> "JudgedRecords":
        records = data.records
        return cls(records.targets, records.store_of, records.folds, data.patients)

    def rows(self, scope: str) -> Rows:
        """The records that a scope learns from and is judged on."""
        return np.flatnonzero((self.stores == 0) | (scope != TARGET)).astype(np.int64)

    def dealt(self, rows: Rows, settings: Ansari2020Config, seed: int, repeat: int) -> Rows:
        """The fold of each of ``rows``, from 0, patient by patient.

        The first repeat takes the data sets' own folds, neighbouring ones together; later ones are drawn.
        """
        if repeat == 0:
            return (self.folds[rows] - 1) * settings.folds // 10
        patients = self.patients[rows].view(np.uint64)
        dealt = stratified_folds(self.targets[rows], patients, settings.folds, seeded(seed, _SPLIT, repeat))
        return dealt.astype(np.int64) - 1

    def inner(self, rows: Rows, settings: Ansari2020Config, seed: int, repeat: int) -> Rows:
        """The inner fold of each of the training records ``rows``, from 1, patient by patient."""
        patients = self.patients[rows].view(np.uint64)
        numbers = seeded(seed, _INNER, repeat)
        return stratified_folds(self.targets[rows], patients, settings.inner_folds, numbers).astype(np.int64)


def read_features(context: ArmContext, encoder: str, repeat: int) -> Mapping[str, Array]:
    """The arrays of the features' trial of this encoder.

    Raises:
        ExperimentError: the features have not been computed.
    """
    settings = context.config.settings_as(Ansari2020Config)
    number = 0 if encoder == PRETRAINED else 1 + repeat % settings.random_encoders
    folder = context.folder.arm(FEATURES)
    trial = read_trial(folder, number)
    if trial is None:
        raise ExperimentError("The features have not been computed. Run that arm first.")
    return read_arrays(folder, number, trial)


def feature_data(arrays: Mapping[str, Array], parts: Sequence[str]) -> FeatureData:
    """The windows' features, made of ``parts``, with the records' targets."""
    windows = np.concatenate([arrays[part] for part in parts], axis=1)
    return FeatureData(windows, arrays["owners"], arrays["targets"])


def judged_records(arrays: Mapping[str, Array]) -> JudgedRecords:
    """The records' own arrays among those of the features."""
    return JudgedRecords(arrays["targets"], arrays["stores"], arrays["folds"], arrays["patients"])


def unseen_folds(model: TrainedModel) -> tuple[int, ...]:
    """The data sets' folds that the autoencoder did not learn from, by its card."""
    spans = re.findall(r"(\d+)(?:-(\d+))?", model.card.provenance.validation_folds)
    return tuple(fold for first, last in spans for fold in range(int(first), int(last or first) + 1))


def autoencoder_note(model: TrainedModel) -> str:
    """The sentence on the records that the autoencoder learnt from, and did not, by its card."""
    made = model.card.provenance
    return (
        f"The autoencoder {model.card.name} (sha256 {model.card.sha256}) learnt from {made.n_train:,} "
        f"records of {', '.join(made.datasets)} ({made.train_folds}), without their labels. Records count as "
        f"never seen if they lie in {made.validation_folds} of their data set."
    )
