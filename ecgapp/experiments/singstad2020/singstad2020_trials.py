"""The folds of singstad2020: a network trained in each, or a control that sees the record's length."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgapp.datasets import first_codes, has_first_codes
from ecgapp.datasets.stratified_folds import stratified_folds
from ecgapp.experiments.singstad2020.singstad2020_arms import Singstad2020Arm
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config
from ecgapp.experiments.singstad2020.singstad2020_data import TASK
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.logistic_heads import fit_logistic_head
from ecgapp.experiments.trials.trial_data import TrialData, load_trial_data
from ecgapp.experiments.trials.trial_training import (
    TrialPlace,
    TrialSplit,
    measured_seconds,
    seeded,
    train_trial,
)
from ecgapp.models import ClassifierConfig
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import task
from ecgapp.training import AugmentationConfig, Phase, TrainingConfig
from ecgapp.training.data.window_sampling import Rows

_FOLDS, _VALIDATION, _TRAINING = 1, 2, 3  # streams of random numbers


@dataclass(frozen=True, eq=False)
class FoldTrials:
    """The folds of one arm, on records that are in memory."""

    settings: Singstad2020Config
    arm: Singstad2020Arm
    context: ArmContext
    data: TrialData
    fold: Rows  # (n_records,), from 0

    @classmethod
    def open(cls, settings: Singstad2020Config, arm: Singstad2020Arm, context: ArmContext) -> "FoldTrials":
        """Load the records, padded or cut to the window, and deal the folds.

        Raises:
            Stopped: the reporter asked for it.
        """
        data = load_trial_data(_training(settings, arm, context), context)
        chosen = np.isin(np.array(data.sources, dtype=object), settings.sources)
        data = data.part(np.flatnonzero(chosen & (data.records.targets == 1).any(axis=1)))
        fold = stratified_folds(
            data.records.targets, data.patients.view(np.uint64), settings.n_folds,
            seeded(context.config.seed, _FOLDS),
        )  # fmt: skip
        return cls(settings, arm, context, data, fold.astype(np.int64) - 1)

    def run(self, number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
        """Answers on the records to learn from, those that choose the epoch, and those of the test."""
        split = self._split(number)
        rows = {"train": split.train, "validation": split.validation, "test": split.test}
        if self.arm.loss:
            training = replace(
                _training(self.settings, self.arm, self.context),
                seed=seeded(self.context.config.seed, _TRAINING, number),
            )
            place = TrialPlace(number, self.arm.n_trials, folder)
            unseen = replace(split, test=np.zeros(0, np.int64))
            data = self._cut()
            trained = train_trial(training, data, unseen, None, place, self.context.reporter)
            answers = {name: trained.probabilities(chosen) for name, chosen in rows.items()}
            curves = {name: trained.curve(name) for name in ("train_loss", "validation_loss", "auroc")}
        else:
            answers, curves = self._answers_by_length(split, rows), {}
        arrays: dict[str, Array] = {}
        for name, chosen in rows.items():
            arrays |= {
                f"{name}_probabilities": answers[name],
                f"{name}_targets": self.data.records.targets[chosen],
            }
        arrays["test_rows"] = split.test
        arrays["test_first_labels"] = self._first_labels()[split.test]
        counts = {name: len(chosen) for name, chosen in rows.items()}
        return TrialResult(curves=curves, counts=counts), arrays

    def seconds_a_fold(self) -> float:
        """The seconds of one fold, from probe steps."""
        training = _training(self.settings, self.arm, self.context)
        split = replace(self._split(0), test=np.zeros(0, np.int64))
        return measured_seconds(training, self._cut(), split)

    def _split(self, number: int) -> TrialSplit:
        """The rows of a fold; a share of the other folds' patients chooses the epoch."""
        test, others = np.flatnonzero(self.fold == number), np.flatnonzero(self.fold != number)
        n_parts = round(1 / self.settings.validation_share)
        part = stratified_folds(
            self.data.records.targets[others], self.data.patients[others].view(np.uint64), n_parts,
            seeded(self.context.config.seed, _VALIDATION, number),
        )  # fmt: skip
        return TrialSplit(others[part != 1], others[part == 1], test)

    def _first_labels(self) -> Rows:
        """The place of each record's first label among the task's, -1 where the data set does not keep it."""
        labels = {code: place for place, label in enumerate(task(TASK).labels) for code in label.codes}
        places = np.full(len(self.data.records), -1, np.int64)
        for number, store in enumerate(self.data.stores):
            mine = np.flatnonzero(self.data.records.store_of == number)
            if has_first_codes(store):
                codes = first_codes(store, self.data.records.row_of[mine])
                places[mine] = [labels.get(code, -1) for code in codes]
        return places

    def _cut(self) -> TrialData:
        """The data with every record cut at the window's length; shorter ones are padded when read."""
        records = self.data.records
        lengths = np.minimum(records.lengths, self.settings.window)
        return replace(self.data, records=replace(records, lengths=lengths))

    def _answers_by_length(self, split: TrialSplit, rows: Mapping[str, Rows]) -> dict[str, FloatArray]:
        """Logistic regression on the record's length: its logarithm, and the bin of the training records'."""
        seconds = np.log(self.data.records.lengths / self.data.records.preprocessing.sampling_rate)
        edges = np.quantile(seconds[split.train], np.linspace(0, 1, self.settings.length_bins + 1)[1:-1])
        bins = np.eye(self.settings.length_bins)[np.searchsorted(edges, seconds, side="right")]
        features = np.column_stack([seconds, bins]).astype(np.float32)
        learnt = split.train
        head = fit_logistic_head(
            features[learnt], self.data.records.targets[learnt], self.data.patients[learnt]
        )
        return {name: head.probabilities(features[chosen]) for name, chosen in rows.items()}


def _training(settings: Singstad2020Config, arm: Singstad2020Arm, context: ArmContext) -> TrainingConfig:
    """The training of a fold; the arms differ in their loss only."""
    preprocessing = PreprocessingConfig(
        sampling_rate=settings.sampling_rate,
        lowpass=min(40.0, 0.45 * settings.sampling_rate),
        window=settings.window,
        stride=settings.window,
    )
    network: ClassifierConfig = settings.network(len(task(TASK).labels))
    return TrainingConfig(
        name=f"singstad2020-{arm.key}",
        phase=Phase.FINETUNE,
        network=network,
        stores=context.config.stores,
        preprocessing=preprocessing,
        title=arm.title,
        task=TASK,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        optimiser=settings.optimiser,
        schedule=settings.schedule,
        loss=arm.loss or "binary",
        keep_best_by="loss",
        patience=settings.patience,
        learning_rate=settings.learning_rate,
        ema_decay=0.0,
        augmentation=AugmentationConfig(gain=0.0, wander=0.0, muscle=0.0, shift=0.0),
        device=context.device,
    )
