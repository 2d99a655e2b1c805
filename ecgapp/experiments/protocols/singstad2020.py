"""Singstad and Tronstad 2020: a CNN with an LSTM on CPSC2018, cross-validated, with a threshold a class.

Singstad and Tronstad, Computing in Cardiology 2020 (abstract), and the public code of April 2020
(Bsingstad/Physionet_2020_challenge). The record's length reveals the class in CPSC2018, so a control sees the
length alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.experiments.singstad2020.singstad2020_report import singstad2020_report
from ecgapp.experiments.singstad2020.singstad2020_settings import Singstad2020Config, preset
from ecgapp.experiments.singstad2020.singstad2020_trials import TASK, FoldTrials, LossArm, chosen_rows
from ecgapp.experiments.study_protocol import (
    Arm,
    ArmContext,
    DataReport,
    Results,
    StudyProtocol,
    TrialFunction,
    study,
)
from ecgapp.records.record import FloatArray
from ecgapp.tasks import task

_PUBLISHED_RECORDS = 6877
_EXTRA = "cpsc_2018_extra"  # records that the challenge of 2020 added


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

    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """Records, sources and positives, the number of folds, and what differs from the publication.

        Raises:
            ExperimentError: a class has fewer positives than the smallest number of folds.
        """
        settings = config.settings_as(Singstad2020Config)
        targets, sources, seconds = _columns(settings, stores)
        names = task(TASK).label_names
        positives = (targets == 1).sum(axis=0).astype(int)
        if positives.min() < settings.fewest_folds:
            rarest = int(positives.argmin())
            raise ExperimentError(
                f"Each class needs {settings.fewest_folds} records of CPSC2018 at least; {names[rarest]} has "
                f"{positives[rarest]} in the chosen data sets."
            )
        by_class = ", ".join(f"{name} {n:,}" for name, n in zip(names, positives.tolist(), strict=True))
        by_source = ", ".join(f"{name} {n:,}" for name, n in sorted(Counter(sources).items()))
        data = (
            f"{len(targets):,} records ({by_source}) of {min(seconds):.0f} to {max(seconds):.0f} s; "
            f"positives: {by_class}.",
            f"{settings.n_folds} patient-wise folds with equal shares of each class (iterative "
            f"stratification); inside each, {settings.validation_share:.0%} of the training patients choose "
            "the epoch.",
        )
        differences = _differences(settings, len(targets), int(positives.min()), sources)
        return DataReport(data, differences)

    def fitted(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> ExperimentConfig:
        """The config with fewer folds if a class has fewer positives than folds."""
        settings = config.settings_as(Singstad2020Config)
        targets, _, _ = _columns(settings, stores)
        if (targets == 1).sum(axis=0).min() >= settings.n_folds:
            return config
        return replace(config, settings=replace(settings, n_folds=settings.fewest_folds))

    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """An arm for each loss, and the control that sees the record's length; each fold is a trial."""
        n_folds = config.settings_as(Singstad2020Config).n_folds
        return (
            LossArm("categorical", "Categorical cross-entropy, as published", n_folds, loss="categorical"),
            LossArm("binary", "Binary cross-entropy", n_folds, loss="binary"),
            LossArm("length", "Control: the record's length alone", n_folds),
        )

    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load the records once for all folds."""
        if not isinstance(arm, LossArm):
            raise TypeError("The arm is of another protocol.")
        return FoldTrials.open(context.config.settings_as(Singstad2020Config), arm, context).run

    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        """The seconds of each arm, from probe steps of the network on the first fold."""
        settings = context.config.settings_as(Singstad2020Config)
        seconds = FoldTrials.open(
            settings, LossArm("binary", "Probe", 1, loss="binary"), context
        ).seconds_a_fold()
        return {
            arm.key: seconds * arm.n_trials if isinstance(arm, LossArm) and arm.loss else 1.0 for arm in arms
        }

    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        """Precision and recall of each class, the challenge's figures, thresholds, and conclusions."""
        data = self.data_report(config, stores)
        return singstad2020_report((self.title, self.citation), data, results)


def _columns(
    settings: Singstad2020Config, stores: Sequence[DatasetStore]
) -> tuple[FloatArray, list[str], list[float]]:
    """Targets (n_records, 9), source and length in seconds of each record of CPSC2018."""
    targets, sources, seconds = [np.zeros((0, len(task(TASK).labels)), np.float32)], [], [0.0]
    for store in stores:
        rows = chosen_rows(settings, store)
        if len(rows):
            targets.append(store.targets(task(TASK), rows))
            sources += store.sources(rows)
            seconds += (store.n_samples[rows] / store.manifest.sampling_rate).tolist()
    return np.concatenate(targets), sources, seconds[1:] or seconds


def _differences(
    settings: Singstad2020Config, n_records: int, rarest: int, sources: Sequence[str]
) -> tuple[str, ...]:
    """Sentences on what differs from the publication; ``rarest`` counts the rarest class's positives."""
    published = preset(Size.FULL)
    differences = []
    if n_records != _PUBLISHED_RECORDS:
        differences.append(f"The study has {_PUBLISHED_RECORDS:,} records; here are {n_records:,}.")
    if _EXTRA in sources:
        differences.append(f"{sources.count(_EXTRA):,} records are of {_EXTRA}, which the study lacks.")
    if settings.n_folds != published.n_folds:
        cause = ", as a class has too few positives for ten" if rarest < published.n_folds else ""
        differences.append(f"{settings.n_folds} folds in place of 10{cause}.")
    if settings.filters != published.filters:
        differences.append(f"{settings.filters} filters in place of {published.filters:,}.")
    if settings.sampling_rate != published.sampling_rate:
        differences.append(
            f"{settings.sampling_rate:g} Hz in place of 500 Hz, with {settings.blocks} blocks in place of 7: "
            "all seven do not fit."
        )
    differences.append(
        f"The optimiser is {settings.optimiser} at {settings.learning_rate:g} ({settings.schedule}), in "
        f"batches of {settings.batch_size}; the public code has SGD and says no more. A training ends after "
        f"{settings.patience} epochs without a better loss; the study's patience is not published."
    )
    differences += (
        "Each lead is normalised after a band-pass; the public code feeds raw samples, and scrambles leads "
        "and time by a reshape, which is not repeated.",
        "The abstract fits thresholds on the training data; here also on the records that choose the epoch.",
    )
    return tuple(differences)
