"""Verma, Dige and Gill 2021: supervised pretraining on PTB-XL, and transfer to a smaller set of ECGs.

The course project's public code is xeon27/ecg-transfer-learning; the source's protocol is that of Strodthoff
et al. 2020 (doi 10.1109/JBHI.2020.3022989). Published results have defects that favour transfer (one arm's
leads scrambled, the test fold used for selection and temperature, crops taken from a spectrum): each is
repeated beside the corrected arm.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.protocols.verma2021_arms import TRAINED, Mode, VermaArm, planned_arms
from ecgapp.experiments.protocols.verma2021_data import open_data, settings_of, split_by_fold, target_answers
from ecgapp.experiments.protocols.verma2021_report import verma2021_report
from ecgapp.experiments.protocols.verma2021_settings import Verma2021Config, preset
from ecgapp.experiments.protocols.verma2021_source import run_source
from ecgapp.experiments.protocols.verma2021_target import Target
from ecgapp.experiments.report_parts import ExperimentReport
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
from ecgapp.experiments.trials.trial_training import TrialPlace, TrialSplit, measure_trial, prepare_trial
from ecgapp.tasks import task

_FEWEST_POSITIVES = 2  # of a label that counts: one to learn from and one to test on
_FEWEST_LABELS = 2


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

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records, sources and positives of source and target, and what differs from the publication."""
        settings = _settings(config)
        n_source = _check_source(settings, stores)
        targets, sources = target_answers(settings, stores)
        _check_target(settings, targets)
        return DataReport(
            _data_sentences(settings, n_source, targets, sources), _differences(settings, stores)
        )

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """All arms, sources first."""
        return planned_arms(_settings(config))

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load the records of the arm's task once for its trials."""
        if not isinstance(arm, VermaArm):
            raise TypeError("The arm is of another protocol.")
        data, training = open_data(arm, context)

        def run(number: int, folder: Path) -> tuple[TrialResult, Mapping[str, Array]]:
            place = TrialPlace(number, arm.n_trials, folder)
            if arm.mode == Mode.SOURCE:
                return run_source(arm, context, data, training, place)
            return Target(arm, context, data, training, place).run()

        return run
