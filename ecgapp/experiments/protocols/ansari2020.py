"""Ansari et al. 2020: an autoencoder's features into a network and into conventional learners."""

from collections.abc import Sequence

import numpy as np

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.ansari2020.ansari2020_arms import (
    open_features,
    open_learner,
    open_network,
    open_pair,
)
from ecgapp.experiments.ansari2020.ansari2020_config import (
    FEATURES,
    NETWORK,
    AnsariConfig,
    LearnerArm,
    PairArm,
    all_arms,
    preset,
)
from ecgapp.experiments.ansari2020.ansari2020_data import pretrained_encoder
from ecgapp.experiments.ansari2020.ansari2020_head import open_head
from ecgapp.experiments.ansari2020.ansari2020_report import ansari_report
from ecgapp.experiments.ansari2020.ansari2020_times import estimated_seconds
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
    Config = AnsariConfig

    def preset(self, size: Size) -> ProtocolConfig:
        """The settings of this size."""
        return preset(size)

    def inputs(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The digest of the installed autoencoder."""
        return (pretrained_encoder(config.settings_as(AnsariConfig), settings).card.sha256,)

    def leads(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The leads that the autoencoder reads."""
        return pretrained_encoder(config.settings_as(AnsariConfig), settings).card.preprocessing.leads

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records and positives of each data set; the first one must have every class."""
        settings = config.settings_as(AnsariConfig)
        labelled = task(settings.task)
        rows = [np.asarray(store.rows(FOLDS)) for store in stores]
        counts = [store.targets(labelled, own) for store, own in zip(stores, rows, strict=True)]
        _refuse_too_few(stores[0], labelled.label_names, (counts[0] == 1).sum(0), settings.fewest_positives)
        data = []
        for store, targets in zip(stores, counts, strict=True):
            answered = int((~np.isnan(targets)).any(axis=1).sum())
            parts = zip(labelled.label_names, (targets == 1).sum(0).tolist(), strict=True)
            positives = ", ".join(f"{name} {n:,}" for name, n in parts)
            data.append(f"{store.name}: {answered:,} records; positives: {positives}.")
        return DataReport(tuple(data), _differences(settings, stores))

    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        """The number of labelled records by data set and source."""
        sources = []
        for store in stores:
            rows = store.rows(FOLDS)
            answers = store.targets(task(config.settings_as(AnsariConfig).task), rows)
            known = rows[(~np.isnan(answers)).any(axis=1)]
            sources.append(f"{store.name} {len(known):,} ({counted(store.sources(known))})")
        return f"Our figures: n by data set and source: {'; '.join(sources)}. Folds and parts have fewer."

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """Features, learners with both encoders, the head as a model, and the differences."""
        return all_arms(config, config.settings_as(AnsariConfig))

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
        return ansari_report(self, config, self.data_report(config, stores), results)


def _refuse_too_few(
    store: DatasetStore, labels: Sequence[str], positives: Sequence[int], fewest: int
) -> None:
    for label, n in zip(labels, positives, strict=True):
        if n < fewest:
            raise ExperimentError(
                f"The data set {store.name} has {n:,} records with {label}, and the study needs at least "
                f"{fewest}. Name a data set first that has every class."
            )


def _differences(settings: AnsariConfig, stores: Sequence[DatasetStore]) -> tuple[str, ...]:
    """Sentences on what differs from the study."""
    return (
        f"The autoencoder is the installed {settings.autoencoder}; the study's learnt from about 2 million "
        "ECGs, which are not public. Records that it did not learn from have tables and differences of their "
        "own.",
        "The abstract names no learner, network or setting; all of them are our choice. Strengths of the "
        "learners and F1 thresholds are chosen inside the training part, in the same way for both encoders.",
        "The pooled maps of all stages were added after short trials on folds 1 to 5 of PTB-XL and of the "
        "challenge of 2021, so figures on those data are slightly optimistic for these features.",
        f"The simple split of the study is one fold of {settings.folds}; the cross-validation beside it, "
        "which judges every record, is ours.",
        "Records whose patients are unknown and may be in another data set are left out (fold 0).",
        "Accuracy is the mean over classes of the share of right answers.",
    )
