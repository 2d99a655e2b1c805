"""The arms of verma2021 on the target: each record is answered by a model that has not seen its patient."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.stratified_folds import stratified_folds
from ecgapp.evaluate import macro_auroc
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.altered_signals import scrambled
from ecgapp.experiments.trials.logistic_heads import fit_logistic_head
from ecgapp.experiments.trials.norm_statistics import measure_norms_on
from ecgapp.experiments.trials.occlusion import Spans, occluded_answers, wave_spans
from ecgapp.experiments.trials.pooled_features import PooledEncoder, record_features
from ecgapp.experiments.trials.subsets import subset
from ecgapp.experiments.trials.trial_data import TrialData
from ecgapp.experiments.trials.trial_training import TrialPlace, TrialSplit, seeded, train_trial
from ecgapp.experiments.verma2021.verma2021_arms import TRAINED, Mode, Verma2021Arm
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.models import Network, TrainedModel, XResNetConfig, installed_models, load_model
from ecgapp.records.record import FloatArray
from ecgapp.training import Initialisation, TrainingConfig
from ecgapp.training.data.window_sampling import Rows
from ecgapp.training.training_config import RESULT
from ecgapp.training.transfer import initial_network

FEWEST_LEFT_OUT = 30  # records of a source for which leaving it out is tried
_FOLDS, _SUBSET, _TRAINING, _ENCODER = 3, 4, 5, 6  # streams of random numbers
_CONTROL = 8  # training records that stand for the validation, which chooses nothing
_POOLINGS = ("mean", "max")  # as the benchmark's head pools

Outcome = tuple[TrialResult, Mapping[str, Array]]


@dataclass(frozen=True, eq=False)
class FoldAnswers:
    """The answers on one fold's test records, and what else was measured there."""

    probabilities: FloatArray
    occluded: FloatArray | None = None
    best_on_test: float | None = None


Learner = Callable[[int, Rows, Rows], FoldAnswers]
"""Learns from training rows, in the fold of a number, and answers on test rows."""


@dataclass(frozen=True, eq=False)
class Target:
    """One trial on the target: its arm, its data, the training of networks, and its place in the arm."""

    arm: Verma2021Arm
    context: ArmContext
    data: TrialData
    training: TrainingConfig
    place: TrialPlace

    def run(self) -> Outcome:
        """Answer on all records of the target, or on each large source with the others to learn from."""
        data = self.data
        if self.arm.published and self.arm.mode == Mode.SCRATCH:
            data = replace(data, records=scrambled(data.records))
        here = replace(self, data=data)
        learner = here._train_fold if self.arm.mode in TRAINED else here._linear_learner()
        return here._leave_out(learner) if self.arm.leave_out else here._cross_validate(learner)

    def _seed(self, *stream: int) -> int:
        """A seed of this trial that is the same in all arms."""
        return seeded(self.context.config.seed, self.place.number, *stream)

    def _cross_validate(self, learner: Learner) -> Outcome:
        records, n_folds = self.data.records, self.context.config.settings_as(Verma2021Config).n_folds
        fold = stratified_folds(
            records.targets, self.data.patients.view(np.uint64), n_folds, self._seed(_FOLDS)
        )
        answers = np.zeros_like(records.targets)
        by_fold: list[FoldAnswers] = []
        for number in range(1, n_folds + 1):
            test, train = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
            train = subset(train, self.data.patients, self.arm.share, self._seed(_SUBSET, number))
            by_fold.append(learner(number, train, test))
            answers[test] = by_fold[-1].probabilities
        arrays: dict[str, Array] = {
            "probabilities": answers,
            "targets": records.targets,
            "fold": fold.astype(np.int64),
        }
        if all(one.occluded is not None for one in by_fold):
            arrays["occluded"] = _in_place(
                fold, [one.occluded for one in by_fold if one.occluded is not None]
            )
        return TrialResult(self._values(answers, by_fold), counts={"test": len(records)}), arrays

    def _values(self, answers: FloatArray, by_fold: list[FoldAnswers]) -> dict[str, float | None]:
        best = [one.best_on_test for one in by_fold if one.best_on_test is not None]
        values = {"auroc": macro_auroc(answers, self.data.records.targets)}
        if best:
            values["auroc_best_on_test"] = float(np.mean(best))
        return values

    def _leave_out(self, learner: Learner) -> Outcome:
        """One source after the other is tested on; those with few records always help to learn."""
        names = np.array(self.data.sources, dtype=object)
        targets = self.data.records.targets
        values: dict[str, float | None] = {}
        counts: dict[str, int] = {}
        arrays: dict[str, Array] = {}
        for number, source in enumerate(sorted(set(names.tolist()))):
            test = np.flatnonzero(names == source)
            if FEWEST_LEFT_OUT <= len(test) < len(names):
                answers = learner(number, np.flatnonzero(names != source), test).probabilities
                values[source] = macro_auroc(answers, targets[test])
                counts[source] = len(test)
                arrays |= {f"probabilities {source}": answers, f"targets {source}": targets[test]}
        return TrialResult(values, counts=counts), arrays

    def _train_fold(self, number: int, train: Rows, test: Rows) -> FoldAnswers:
        """The answers on ``test`` of a network trained on ``train``, after its last epoch."""
        watched = test if self.arm.published else np.zeros(0, np.int64)
        split = TrialSplit(train, train[:_CONTROL], watched)
        total = self.place.n_trials * self.context.config.settings_as(Verma2021Config).n_folds
        position = self.place.number * self.context.config.settings_as(Verma2021Config).n_folds + number - 1
        place = TrialPlace(position, total, self.place.folder / f"fold-{number}", keep_last=True)
        place.folder.mkdir(parents=True, exist_ok=True)
        training = replace(self.training, seed=self._seed(_TRAINING, number))
        trained = train_trial(training, self.data, split, self._source(), place, self.context.reporter)
        curve = [value for value in trained.watched_curve("auroc") if value is not None]
        occluded = occluded_answers(trained, test, self._spans(test)) if self._has_evidence else None
        return FoldAnswers(trained.probabilities(test), occluded, max(curve, default=None))

    @property
    def _has_evidence(self) -> bool:
        """Whether leads and waves are occluded: in the first trial of the graded arm with all labels."""
        return self.arm.mode == Mode.GRADED and self.arm.share == 1 and self.place.number == 0

    def _spans(self, rows: Rows) -> Spans:
        return wave_spans(self.data, rows, self.context.settings)

    def _linear_learner(self) -> Learner:
        """Linear heads on the standardised, pooled features of a frozen encoder."""
        source = self._source()
        if source is None:
            return self._random_fold
        rows = np.arange(len(self.data.records))
        features = self._features(source.network, rows)
        return lambda _number, train, test: self._answered(features[train], train, features[test])

    def _random_fold(self, _number: int, train: Rows, test: Rows) -> FoldAnswers:
        """The answers of a linear head on a random encoder, its norms measured on the training records."""
        control = self.place.number % self.context.config.settings_as(Verma2021Config).random_encoders
        seed = seeded(self.context.config.seed, _ENCODER, control)
        network = random_encoder(self.training, seed)
        measure_norms_on(network, self.data.records, train, self.context.device)
        return self._answered(self._features(network, train), train, self._features(network, test))

    def _features(self, network: Network, rows: Rows) -> FloatArray:
        encoder = PooledEncoder(network, _POOLINGS)
        return record_features(encoder, self.data.records, rows, self.context.device)

    def _answered(self, learnt: FloatArray, train: Rows, features: FloatArray) -> FoldAnswers:
        """The answers to the ``features`` of a head that learns from the features ``learnt`` of ``train``."""
        head = fit_logistic_head(learnt, self.data.records.targets[train], self.data.patients[train])
        return FoldAnswers(head.probabilities(features))

    def _source(self) -> TrainedModel | None:
        """The model that the arm transfers, or None."""
        if self.arm.source is None:
            return None
        folder = self.context.product(self.arm.source) / RESULT
        return load_model((folder,), next(iter(installed_models((folder,)))))


def random_encoder(training: TrainingConfig, seed: int) -> Network:
    """A network of random weights, none of whose blocks begins as its shortcut.

    As published the last scale of each block of an XResNet begins at zero, which training undoes. Here
    nothing is trained: the blocks would answer zero, and the control would be a network of shortcuts.
    """
    network = training.network
    if isinstance(network, XResNetConfig):
        network = replace(network, zero_start=False)
    fresh = replace(training, network=network, initialisation=Initialisation.RANDOM, pretrained=None)
    return initial_network(fresh, seed, None).eval()


def _in_place(fold: NDArray[np.int16], parts: list[FloatArray]) -> FloatArray:
    """The folds' answers (n_occlusions, n_test, n_labels) in the order of the records."""
    shape = (parts[0].shape[0], len(fold), parts[0].shape[2])
    whole = np.zeros(shape, np.float32)
    for number, part in enumerate(parts, start=1):
        whole[:, fold == number] = part
    return whole
