"""The data of the study of Jang et al. (2021): task, lead, folds, and the repeats' draws of records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgapp.datasets import DatasetStore, label_counts
from ecgapp.errors import ExperimentError
from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trials.trial_data import TrialData, load_trial_data
from ecgapp.experiments.trials.trial_training import TrialSplit
from ecgapp.models import ECGClassifierConfig
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import Task, task, task_names
from ecgapp.training import AugmentationConfig, Phase, TrainingConfig
from ecgapp.training.data.window_sampling import Rows
from ecgapp.training.optimisation import Optimiser, Schedule

TRAIN_FOLDS, VALIDATION_FOLDS, TEST_FOLDS = (1, 2, 3, 4, 5, 6, 7, 8), (9,), (10,)
RHYTHMS = ("shaoxing_rhythm", "cinc2017_rhythm")
_STUDY_LEAD = "II"

PartCounts = tuple[int, int, int]  # records for training, validation and test


@dataclass(frozen=True)
class LabelCounts:
    """The records of each label; ``left_out`` are labels with too few, whose records take no part."""

    usable: dict[str, PartCounts]
    left_out: dict[str, PartCounts]


@dataclass(frozen=True, eq=False)
class StudyRecords:
    """The study's records in memory with their task, and the rows of training, validation and test.

    Records whose label has too few records are in none of the three.
    """

    data: TrialData
    task: Task
    train: Rows
    validation: Rows
    test: Rows

    def split(self, share: LabelShare, seed: int, repeat: int) -> TrialSplit:
        """The records of one trial: the repeat's draw of this share, each as often as an epoch has passes."""
        drawn = self.drawn(share.fraction, seed, repeat)
        return TrialSplit(np.tile(drawn, share.passes), self.validation, self.test)

    def drawn(self, fraction: float, seed: int, repeat: int) -> Rows:
        """The bootstrap draw of a repeat, cut to ``fraction``; smaller fractions are parts of larger ones.

        Of each label as many training records are drawn, with replacement, as there are, so that the labels'
        shares are the same in all draws.
        """
        rng = np.random.default_rng([seed, repeat])
        labels = self.data.records.targets[self.train].argmax(axis=1)
        parts = []
        for label in range(self.data.records.targets.shape[1]):
            rows = self.train[labels == label]
            parts.append(rng.choice(rows, len(rows))[: max(1, round(fraction * len(rows)))])
        return np.concatenate(parts)


def study_task(config: Jang2021Config, stores: Sequence[DatasetStore]) -> Task:
    """The config's task, else the known rhythm task with the most labels that have enough records.

    Raises:
        ExperimentError: the data have no rhythm labels.
        ConfigError: there is no such task.
    """
    if config.task is not None:
        return task(config.task)
    counts = {name: _positives(task(name), stores) for name in RHYTHMS if name in task_names()}
    present = [name for name, labels in counts.items() if any(map(sum, labels.values()))]
    if not present:
        raise ExperimentError(
            "The study needs rhythm labels of Shaoxing or of CinC 2017, and these data sets have 0 such "
            "records."
        )
    usable = {name: sum(_has_enough(config, label) for label in counts[name].values()) for name in present}
    return task(max(present, key=lambda name: usable[name]))  # of equal ones the first


def study_lead(stores: Sequence[DatasetStore]) -> str:
    """Lead II if all data sets have it, else their only lead, which then stands for lead II.

    Raises:
        ExperimentError: neither is so.
    """
    if all(_STUDY_LEAD in store.manifest.leads for store in stores):
        return _STUDY_LEAD
    leads = {store.manifest.leads for store in stores}
    if len(leads) == 1 and len(only := next(iter(leads))) == 1:
        return only[0]
    raise ExperimentError(
        "The study needs lead II in all data sets, or data sets with one lead, all the same."
    )


def study_preprocessing(config: Jang2021Config, stores: Sequence[DatasetStore]) -> PreprocessingConfig:
    """The preprocessing of the windows: the data sets' lead, in place of an installed model's lead II."""
    lead = study_lead(stores)
    if config.pretrained is None:
        return replace(config.preprocessing, leads=(lead,))
    return config.preprocessing.reading(lead)


def classifier_training(config: Jang2021Config, context: ArmContext) -> TrainingConfig:
    """The training that the arms of all shares and starts have in common."""
    stores = context.stores
    chosen = study_task(config, stores)
    training = TrainingConfig(
        "jang2021",
        Phase.FINETUNE,
        ECGClassifierConfig(config.network, len(chosen.labels), config.dropout),
        context.config.stores,
        study_preprocessing(config, stores),
        task=chosen.name,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        augmentation=study_augmentation(config),
        device=context.device,
    )
    return published_steps(training) if config.as_published else training


def published_steps(training: TrainingConfig) -> TrainingConfig:
    """The training with the published steps: Adam at one rate, no decay, no clipping, no averaged weights."""
    return replace(
        training,
        optimiser=Optimiser.ADAM,
        schedule=Schedule.CONSTANT,
        weight_decay=0.0,
        clip_gradient=0.0,
        ema_decay=0.0,
    )


def study_augmentation(config: Jang2021Config) -> AugmentationConfig:
    """Windows with their sign turned at times, and nothing else."""
    return AugmentationConfig(polarity=config.polarity, gain=0, wander=0, muscle=0, shift=0)


def load_study(config: Jang2021Config, context: ArmContext, *, capped: Sequence[int]) -> StudyRecords:
    """The labelled records in memory; of the folds ``capped`` only the windows that are judged.

    Raises:
        Stopped: the reporter asked for it.
        DatasetError: a store is damaged, or has a patient in two folds.
    """
    data = load_trial_data(classifier_training(config, context), context)
    records = data.records
    if config.judged_windows:
        longest = config.judged_windows * config.preprocessing.stride
        longest += config.preprocessing.window - config.preprocessing.stride
        lengths = np.where(
            np.isin(records.folds, list(capped)), np.minimum(records.lengths, longest), records.lengths
        )
        data = replace(data, records=replace(records, lengths=lengths))
    question = study_task(config, context.stores)
    usable = label_counts_of(config, context.stores).usable
    columns = [question.label_names.index(name) for name in usable]
    takes_part = (records.targets[:, columns] == 1).any(axis=1)
    parts = [records.rows(folds) for folds in (TRAIN_FOLDS, VALIDATION_FOLDS, TEST_FOLDS)]
    return StudyRecords(data, question, *(rows[takes_part[rows]] for rows in parts))


def label_counts_of(config: Jang2021Config, stores: Sequence[DatasetStore]) -> LabelCounts:
    """The positives of each label of the study's task: of those with enough records, and of the others."""
    counts = _positives(study_task(config, stores), stores)
    usable = {name: parts for name, parts in counts.items() if _has_enough(config, parts)}
    return LabelCounts(usable, {name: parts for name, parts in counts.items() if name not in usable})


def refuse_too_few(config: Jang2021Config, stores: Sequence[DatasetStore]) -> None:
    """See that two labels have enough records; a label with fewer is left out of the study.

    Raises:
        ExperimentError: fewer than two have; the sentence names the others and counts.
    """
    counts = label_counts_of(config, stores)
    if len(counts.usable) < 2:
        raise ExperimentError(
            f"The study needs two labels with at least {config.fewest_positives} records for training and "
            "one each for validation and test. The data sets have, in this order: "
            f"{counts_text(counts.usable | counts.left_out)}."
        )


def counts_text(counts: Mapping[str, PartCounts]) -> str:
    """Labels with their records for training, validation and test, as they stand in a sentence."""
    return "; ".join(f"{name} {a:,} / {b:,} / {c:,}" for name, (a, b, c) in counts.items())


def _has_enough(config: Jang2021Config, parts: PartCounts) -> bool:
    return parts[0] >= config.fewest_positives and min(parts[1:]) >= 1


def _positives(question: Task, stores: Sequence[DatasetStore]) -> dict[str, PartCounts]:
    counts = [count for store in stores for count in label_counts(store, question)]
    return {
        name: (
            sum(c.n_positive for c in counts if c.label == name and c.fold in TRAIN_FOLDS),
            sum(c.n_positive for c in counts if c.label == name and c.fold in VALIDATION_FOLDS),
            sum(c.n_positive for c in counts if c.label == name and c.fold in TEST_FOLDS),
        )
        for name in question.label_names
    }
