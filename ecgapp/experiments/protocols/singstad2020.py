"""Singstad and Tronstad 2020: a CNN with an LSTM on CPSC2018, cross-validated, with a threshold a class.

Singstad and Tronstad, Computing in Cardiology 2020 (abstract), and the public code of April 2020
(Bsingstad/Physionet_2020_challenge). The record's length reveals the class in CPSC2018, so a control sees the
length alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.report_parts import ExperimentReport, counted
from ecgapp.experiments.singstad2020.singstad2020_arms import Singstad2020Arm, planned_arms
from ecgapp.experiments.singstad2020.singstad2020_config import Singstad2020Config, preset
from ecgapp.experiments.singstad2020.singstad2020_data import record_columns
from ecgapp.experiments.singstad2020.singstad2020_data_report import data_report
from ecgapp.experiments.singstad2020.singstad2020_report import singstad2020_report
from ecgapp.experiments.singstad2020.singstad2020_times import estimated_seconds
from ecgapp.experiments.singstad2020.singstad2020_trials import FoldTrials
from ecgapp.experiments.study_protocol import (
    Arm,
    ArmContext,
    DataReport,
    Results,
    StudyProtocol,
    TrialFunction,
    study,
)
from ecgapp.records.record import LEADS


@study("singstad2020")
class Singstad2020(StudyProtocol):
    """Nine classes of CPSC2018 by a CNN with an LSTM, with two losses and two ways to find thresholds."""

    title = "Singstad and Tronstad 2020: CNN and LSTM on CPSC2018"
    citation = "Singstad and Tronstad 2020, Computing in Cardiology 47 (abstract), and their public code"
    question = "How well does a CNN with an LSTM find nine classes, and what does the record's length reveal?"
    Config = Singstad2020Config

    def preset(self, size: Size) -> ProtocolConfig:
        """The settings of this size."""
        return preset(size)

    def leads(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The twelve leads."""
        return LEADS

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records, sources and positives, the number of folds, and what differs from the publication.

        Raises:
            ExperimentError: a class has fewer positives than the smallest number of folds.
        """
        return data_report(config.settings_as(Singstad2020Config), stores)

    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        """The number and the sources of the records; each is tested once."""
        _, sources, _ = record_columns(config.settings_as(Singstad2020Config), stores)
        return f"Our figures: n = {len(sources):,} records ({counted(sources)}), each tested in one fold."

    def fitted(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> ExperimentConfig:
        """The config with fewer folds if a class has fewer positives than folds."""
        settings = config.settings_as(Singstad2020Config)
        targets, _, _ = record_columns(settings, stores)
        if (targets == 1).sum(axis=0).min() >= settings.n_folds:
            return config
        return replace(config, settings=replace(settings, n_folds=settings.fewest_folds))

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """An arm for each loss, and the control that sees the record's length; each fold is a trial."""
        return planned_arms(config.settings_as(Singstad2020Config))

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load the records once for all folds."""
        if not isinstance(arm, Singstad2020Arm):
            raise TypeError("The arm is of another protocol.")
        return FoldTrials.open(context.config.settings_as(Singstad2020Config), arm, context).run

    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        """The seconds of each arm, from probe steps of the network on the first fold."""
        return estimated_seconds([arm for arm in arms if isinstance(arm, Singstad2020Arm)], context)

    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        """Precision and recall of each class, the challenge's figures, thresholds, and conclusions."""
        data = self.data_report(config, stores)
        return singstad2020_report((self.title, self.citation), data, results)
