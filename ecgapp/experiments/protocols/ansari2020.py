"""Ansari et al. 2020: an autoencoder's features into a network and into conventional learners."""

from collections.abc import Sequence

import numpy as np

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.experiments.ansari2020.ansari2020_arms import FEATURES, LearnerArm, PairArm, planned_arms
from ecgapp.experiments.ansari2020.ansari2020_config import NETWORK, Ansari2020Config, preset
from ecgapp.experiments.ansari2020.ansari2020_data import pretrained_encoder
from ecgapp.experiments.ansari2020.ansari2020_data_report import data_report
from ecgapp.experiments.ansari2020.ansari2020_head import open_head
from ecgapp.experiments.ansari2020.ansari2020_report import ansari2020_report
from ecgapp.experiments.ansari2020.ansari2020_times import estimated_seconds
from ecgapp.experiments.ansari2020.ansari2020_trials import (
    open_features,
    open_learner,
    open_network,
    open_pair,
)
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
from ecgapp.experiments.trials.trial_data import FOLDS
from ecgapp.tasks import task


@study("ansari2020")
class Ansari2020(StudyProtocol):
    """Nine classes from the code and the pooled feature map of a 12-lead autoencoder."""

    title = "Ansari et al. 2020: classification with an autoencoder's features"
    citation = (
        "Ansari S, Gillies C, Ward K, Ghanbari H. Classification of 12-Lead Electrocardiograms using "
        "Convolutional Autoencoders and Transfer Learning. Computing in Cardiology 2020 (abstract)."
    )
    question = "Are features of an unsupervised 12-lead autoencoder enough to find nine classes?"
    Config = Ansari2020Config

    def preset(self, size: Size) -> ProtocolConfig:
        """The settings of this size."""
        return preset(size)

    def inputs(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The digest of the installed autoencoder."""
        return (pretrained_encoder(config.settings_as(Ansari2020Config), settings).card.sha256,)

    def leads(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The leads that the autoencoder reads."""
        return pretrained_encoder(config.settings_as(Ansari2020Config), settings).card.preprocessing.leads

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records and positives of each data set; the first one must have every class."""
        return data_report(config.settings_as(Ansari2020Config), stores)

    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        """The number of labelled records by data set and source."""
        sources = []
        for store in stores:
            rows = store.rows(FOLDS)
            answers = store.targets(task(config.settings_as(Ansari2020Config).task), rows)
            known = rows[(~np.isnan(answers)).any(axis=1)]
            sources.append(f"{store.name} {len(known):,} ({counted(store.sources(known))})")
        return f"Our figures: n by data set and source: {'; '.join(sources)}. Folds and parts have fewer."

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """Features, learners with both encoders, the head as a model, and the differences."""
        return planned_arms(config, config.settings_as(Ansari2020Config))

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load what the arm's trials share."""
        if isinstance(arm, LearnerArm):
            return open_network(arm, context) if arm.learner == NETWORK else open_learner(arm, context)
        if isinstance(arm, PairArm):
            return open_pair(arm, context)
        return open_features(context) if arm.key == FEATURES else open_head(context)

    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        """The seconds of each arm, from a part of the features and one fold of each learner."""
        return estimated_seconds(arms, context)

    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        """Tables beside the abstract's figures."""
        return ansari2020_report(self, config, self.data_report(config, stores), results)
