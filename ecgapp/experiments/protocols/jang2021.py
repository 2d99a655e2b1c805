"""The study of Jang et al. (2021): transfer of a convolutional autoencoder's encoder to rhythms, few labels.

Healthc Inform Res 27(1):19-28, doi:10.4258/hir.2021.27.1.19. Arms: random initialisation, transfer, and
spectrogram images in a fixed image network, at several shares of the labels; controls: a linear head on
frozen random encoders and on the frozen pretrained one, which the paper does not have.
"""

from collections.abc import Sequence

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.experiments.experiment_config import ExperimentConfig, Size
from ecgapp.experiments.jang2021.jang2021_arms import PRETRAINING, TRAINED, Jang2021Arm, planned_arms
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, preset
from ecgapp.experiments.jang2021.jang2021_data import label_counts_of, refuse_too_few, study_lead
from ecgapp.experiments.jang2021.jang2021_data_report import data_report
from ecgapp.experiments.jang2021.jang2021_heads import open_heads
from ecgapp.experiments.jang2021.jang2021_pretraining import open_pretraining
from ecgapp.experiments.jang2021.jang2021_report import jang2021_report
from ecgapp.experiments.jang2021.jang2021_times import estimated_seconds
from ecgapp.experiments.jang2021.jang2021_trials import open_trained
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
from ecgapp.experiments.trials.image_network import image_weights
from ecgapp.models import load_model


@study("jang2021")
class Jang2021(StudyProtocol):
    """Transfer learning from an autoencoder of ECGs to the rhythms of few labelled records."""

    title = "Jang et al. 2021: transfer from an autoencoder to rhythms"
    citation = (
        "Jang J-H, Kim T Y, Yoon D. Effectiveness of Transfer Learning for Deep Learning-Based "
        "Electrocardiogram Analysis. Healthc Inform Res 2021;27(1):19-28. doi:10.4258/hir.2021.27.1.19"
    )
    question = "Does an encoder pretrained without labels help to classify rhythms when labels are few?"
    Config = Jang2021Config

    def preset(self, size: Size) -> Jang2021Config:
        return preset(size)

    def inputs(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        own = config.settings_as(Jang2021Config)
        digests = []
        if own.pretrained is not None:
            model = load_model((settings.weights, settings.shipped_weights), own.pretrained)
            digests.append(model.card.sha256)
        files = (image_weights(network, settings) for network in own.images)
        return (*digests, *(file.sha256 for file in files if file is not None))

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        own = config.settings_as(Jang2021Config)
        refuse_too_few(own, stores)
        study_lead(stores)
        return data_report(own, stores)

    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        counts = label_counts_of(config.settings_as(Jang2021Config), stores).usable
        n = sum(test for _, _, test in counts.values())
        names = ", ".join(store.name for store in stores)
        return f"Our figures: n = {n:,} test records of {names} (fold 10), the same in all trials."

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        return planned_arms(config.settings_as(Jang2021Config))

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        own, mine = context.config.settings_as(Jang2021Config), study_arm(arm)
        if mine.kind == PRETRAINING:
            return open_pretraining(own, context)
        if mine.kind in TRAINED:
            return open_trained(own, mine, context)
        return open_heads(own, mine, context)

    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        mine = [study_arm(arm) for arm in arms]
        return estimated_seconds(context.config.settings_as(Jang2021Config), mine, context)

    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        own = config.settings_as(Jang2021Config)
        names = (self.title, self.citation)
        return jang2021_report(names, own, data_report(own, stores), results)


def study_arm(arm: Arm) -> Jang2021Arm:
    """The arm as one of this study.

    Raises:
        TypeError: it is of another protocol.
    """
    if not isinstance(arm, Jang2021Arm):
        raise TypeError("The arm is of another protocol.")
    return arm
