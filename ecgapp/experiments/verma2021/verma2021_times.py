"""The time that the arms of verma2021 take, from probe steps on this machine."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trials.logistic_heads import fit_logistic_head
from ecgapp.experiments.trials.pooled_features import PooledEncoder, record_features
from ecgapp.experiments.trials.trial_data import TrialData, choose_trial_records
from ecgapp.experiments.trials.trial_training import TrialSplit, measured_seconds
from ecgapp.experiments.verma2021.verma2021_arms import TRAINED, Mode, Verma2021Arm, training_config
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_data import open_data, split_by_fold
from ecgapp.training import Initialisation, TrainingConfig
from ecgapp.training.transfer import initial_network

_PROBED_RECORDS = 48  # of the target, whose features are timed


class ArmTimes:
    """Measures each kind of training once, and scales it to the records and epochs of every arm."""

    def __init__(self, context: ArmContext) -> None:
        self.context = context
        self.config = context.config.settings_as(Verma2021Config)
        self._loading = 0.0  # seconds for one record; known once the source is loaded
        self._measured: dict[tuple[str, str], float] = {}  # seconds for one record and epoch

    def of(self, arms: Sequence[Verma2021Arm]) -> dict[str, float]:
        """The seconds of each arm, by its key."""
        return {arm.key: self._seconds(arm) for arm in arms}

    def _seconds(self, arm: Verma2021Arm) -> float:
        if arm.mode == Mode.SOURCE:
            n_records = self._n_records(arm)
            return self._load_seconds(n_records) + self._source_seconds(arm) * n_records * arm.share
        n_records = len(self._target[0].records)
        load = self._load_seconds(n_records)
        if arm.mode in TRAINED:
            epochs = self.config.target_epochs + self.config.head_epochs
            per_record = self._training_seconds(arm, *self._target)
            folds = arm.n_trials * (self.config.n_folds - 1)  # a record is learnt from in all folds but one
            return load + per_record * n_records * arm.share * epochs * folds
        return load + arm.n_trials * self._linear_seconds(arm)

    def _source_seconds(self, arm: Verma2021Arm) -> float:
        """The seconds for one record of the source in all epochs."""
        return (
            self._training_seconds(arm, *self._source)
            * self.config.source_epochs
            * (arm.rate / self.config.sampling_rate)
        )

    def _training_seconds(self, arm: Verma2021Arm, data: TrialData, training: TrainingConfig) -> float:
        """The seconds for one record and epoch, validation included."""
        network = (arm.network or self.config.network).architecture
        key = (network, "source" if arm.mode == Mode.SOURCE else "target")
        if key not in self._measured:
            shape = training.network.shape  # type: ignore[attr-defined]
            probed = replace(training, network=(arm.network or self.config.network).with_shape(shape))
            train, validation, test = split_by_fold(data)
            split = TrialSplit(np.concatenate([train, test]), validation, np.zeros(0, np.int64))
            seconds = measured_seconds(probed, data, split)
            self._measured[key] = seconds / (len(split.train) * probed.epochs)
        return self._measured[key]

    def _linear_seconds(self, arm: Verma2021Arm) -> float:
        """The seconds of one trial with a frozen encoder: its features, and a head for each fold."""
        data, training = self._target
        rows = np.arange(len(data.records))
        started = time.perf_counter()
        network = initial_network(
            replace(training, initialisation=Initialisation.RANDOM, pretrained=None), 0, None
        )
        some = rows[:: max(1, len(rows) // _PROBED_RECORDS)]
        features = record_features(
            PooledEncoder(network, ("mean", "max")), data.records, some, self.context.device
        )
        per_record = (time.perf_counter() - started) / len(some)
        started = time.perf_counter()
        noise = np.random.default_rng(0).normal(size=(len(rows), features.shape[1])).astype(np.float32)
        fit_logistic_head(noise, data.records.targets, data.patients)
        head = time.perf_counter() - started
        return per_record * len(rows) * self._feature_passes(arm) + head * self.config.n_folds

    def _feature_passes(self, arm: Verma2021Arm) -> float:
        """The number of times that a trial computes a record's features; a random encoder: in each fold."""
        if arm.mode != Mode.RANDOM:
            return 1.0
        if arm.leave_out:
            return float(len(set(self._target[0].sources)))
        return 1 + arm.share * (self.config.n_folds - 1)

    def _load_seconds(self, n_records: int) -> float:
        _ = self._source
        return self._loading * n_records

    def _n_records(self, arm: Verma2021Arm) -> int:
        training = training_config(self.config, arm, self.context.config.stores, 0)
        return len(choose_trial_records(training, self.context.stores))

    @cached_property
    def _source(self) -> tuple[TrialData, TrainingConfig]:
        arm = Verma2021Arm(
            "probe",
            "Probe",
            task=self.config.source_task,
            network=self.config.network,
            rate=self.config.sampling_rate,
        )
        started = time.perf_counter()
        opened = open_data(arm, self.context)
        self._loading = (time.perf_counter() - started) / len(opened[0].records)
        return opened

    @cached_property
    def _target(self) -> tuple[TrialData, TrainingConfig]:
        arm = Verma2021Arm(
            "probe", "Probe", mode=Mode.SCRATCH, task=self.config.target_task, network=self.config.network,
            rate=self.config.sampling_rate,
        )  # fmt: skip
        return open_data(arm, self.context)
