"""Verma, Dige and Gill 2021: supervised pretraining on PTB-XL, and transfer to a smaller set of ECGs.

The course project's public code is xeon27/ecg-transfer-learning; the source's protocol is that of Strodthoff
et al. 2020 (doi 10.1109/JBHI.2020.3022989). Published results have defects that favour transfer (one arm's
leads scrambled, the test fold used for selection and temperature, crops taken from a spectrum): each is
repeated beside the corrected arm.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.report_parts import ExperimentReport, counted
from ecgapp.experiments.study_protocol import (
    Arm,
    ArmContext,
    DataReport,
    Results,
    StudyProtocol,
    TrialFunction,
    study,
)
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.experiments.trials.occlusion import DELINEATOR
from ecgapp.experiments.trials.trial_training import TrialPlace
from ecgapp.experiments.verma2021.verma2021_arms import Mode, Verma2021Arm, planned_arms
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config, preset
from ecgapp.experiments.verma2021.verma2021_data import open_data, target_answers, tested_of_source
from ecgapp.experiments.verma2021.verma2021_data_report import data_report
from ecgapp.experiments.verma2021.verma2021_report import verma2021_report
from ecgapp.experiments.verma2021.verma2021_source_trials import run_source
from ecgapp.experiments.verma2021.verma2021_target_trials import Target
from ecgapp.experiments.verma2021.verma2021_times import ArmTimes
from ecgapp.models import load_model
from ecgapp.records.record import LEADS


@study("verma2021")
class Verma2021(StudyProtocol):
    """Transfer from PTB-XL to a smaller set, with controls, calibration, spectra, and evidence."""

    title = "Verma, Dige and Gill 2021: from PTB-XL to Georgia"
    citation = (
        "Verma, Dige and Gill 2021, course project (public code xeon27/ecg-transfer-learning); benchmark of "
        "Strodthoff et al. 2020, doi 10.1109/JBHI.2020.3022989"
    )
    question = "Does supervised training on PTB-XL help on the records of another hospital?"
    Config = Verma2021Config

    def preset(self, size: Size) -> ProtocolConfig:
        """The settings of this size."""
        return preset(size)

    def leads(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The twelve leads."""
        return LEADS

    def inputs(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The digest of the installed delineator, which finds the waves that are occluded."""
        return (load_model((settings.weights, settings.shipped_weights), DELINEATOR).card.sha256,)

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records, sources and positives of source and target, and what differs from the publication."""
        return data_report(config.settings_as(Verma2021Config), stores)

    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        """The number and the sources of the target's records, and the source's test records of each task."""
        settings = config.settings_as(Verma2021Config)
        _, sources = target_answers(settings, stores)
        tested = tested_of_source(settings, stores)
        by_task = ", ".join(f"{n:,} ({name})" for name, n in tested.items())
        return (
            f"Our figures: on the target n = {len(sources):,} records ({counted(sources)}), each tested in "
            f"one fold; on PTB-XL the test fold of each task: n = {by_task}."
        )

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """All arms, sources first."""
        return planned_arms(config.settings_as(Verma2021Config))

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load the records of the arm's task once for its trials."""
        if not isinstance(arm, Verma2021Arm):
            raise TypeError("The arm is of another protocol.")
        data, training = open_data(arm, context)

        def run(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
            place = TrialPlace(number, arm.n_trials, folder)
            if arm.mode == Mode.SOURCE:
                return run_source(arm, context, data, training, place)
            return Target(arm, context, data, training, place).run()

        return run

    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        """The seconds of each arm, from probe steps of each network and mode; the other arms are scaled."""
        return ArmTimes(context).of([arm for arm in arms if isinstance(arm, Verma2021Arm)])

    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        """Tables of the benchmark, of transfer and of each further question, with conclusions."""
        data = self.data_report(config, stores)
        return verma2021_report(self.title, self.citation, config, data, results)
