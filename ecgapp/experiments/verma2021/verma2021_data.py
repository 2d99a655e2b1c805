"""The records of the protocol verma2021: PTB-XL as the source, other sources as the target."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets import DatasetStore
from ecgapp.experiments.study_protocol import ArmContext
from ecgapp.experiments.trials.altered_signals import spectra
from ecgapp.experiments.trials.trial_data import FOLDS, TrialData, load_trial_data
from ecgapp.experiments.verma2021.verma2021_arms import Mode, Verma2021Arm, training_config
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config, reads_benchmark_input
from ecgapp.records.record import FloatArray
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import Task, task
from ecgapp.training import TrainingConfig
from ecgapp.training.data.fixed_scale import with_fixed_scale
from ecgapp.training.data.window_sampling import Rows

PTBXL = ("ptb-xl", "ptb-xl-zscored")  # sources that hold records of PTB-XL


def open_data(arm: Verma2021Arm, context: ArmContext) -> tuple[TrialData, TrainingConfig]:
    """The records of the arm's task in memory, and its training with the seed 0.

    Raises:
        Stopped: the reporter asked for it.
        EcgAppError: a store is not what the arm needs.
    """
    config = context.config.settings_as(Verma2021Config)
    training = replace(training_config(config, arm, context.config.stores, 0), device=context.device)
    if reads_benchmark_input(config, context.stores):
        training = replace(training, preprocessing=_benchmark_input(training.preprocessing, context))
    if arm.mode != Mode.SOURCE:
        return load_trial_data(training, context, keep=partial(_in_target, config=config)), training
    data = load_trial_data(training, context)
    if arm.part and arm.published:
        data = replace(data, records=spectra(data.records, arm.part))
    return data, training


def _benchmark_input(preprocessing: PreprocessingConfig, context: ArmContext) -> PreprocessingConfig:
    """No filter, and the mean and deviation of all samples of the source's training folds."""
    plain = replace(preprocessing, highpass=None, lowpass=None)
    counts = [sum(name in PTBXL for name in store.sources(store.rows(FOLDS))) for store in context.stores]
    store = context.stores[int(np.argmax(counts))]
    rows = store.rows(FOLDS)
    folds = sorted(set(store.folds[rows[np.isin(store.sources(rows), PTBXL)]].tolist()))
    return with_fixed_scale(plain, store, folds[:-2], sources=PTBXL)


def split_by_fold(data: TrialData) -> tuple[Rows, Rows, Rows]:
    """Rows for training, for validation and for the test: the last fold that is there is the test's."""
    *train, validation, test = sorted(set(data.records.folds.tolist()))
    return data.records.rows(train), data.records.rows([validation]), data.records.rows([test])


def target_answers(config: Verma2021Config, stores: Sequence[DatasetStore]) -> tuple[FloatArray, list[str]]:
    """Targets (n_records, n_labels) and source of each record of the target, without signals."""
    target_task = task(config.target_task)
    targets: list[FloatArray] = []
    sources: list[str] = []
    for store in stores:
        rows = store.rows(FOLDS)
        chosen = rows[_in_target(store.sources(rows), config)]
        answers = store.targets(target_task, chosen)
        known = np.asarray((~np.isnan(answers)).any(axis=1))
        targets.append(answers[known])
        sources += [name for name, is_known in zip(store.sources(chosen), known, strict=True) if is_known]
    return np.concatenate(targets), sources


def tested_of_source(config: Verma2021Config, stores: Sequence[DatasetStore]) -> dict[str, int]:
    """The number of test records of each PTB-XL task that an arm learns, by the task; reads no signals."""
    names = dict.fromkeys((config.source_task, *config.benchmark_tasks))
    if config.other_networks:
        names |= dict.fromkeys(config.compare_networks_on)
    return {name: _in_last_fold(task(f"ptbxl_{name}"), stores) for name in names}


def _in_last_fold(source_task: Task, stores: Sequence[DatasetStore]) -> int:
    """The number of records with an answer of the task in the last fold that has any."""
    folds: list[int] = []
    for store in stores:
        rows = store.rows(FOLDS)
        known = (~np.isnan(store.targets(source_task, rows))).any(axis=1)
        folds += store.folds[rows[known]].tolist()
    return folds.count(max(folds, default=0))


def source_answers(config: Verma2021Config, data: TrialData) -> FloatArray:
    """The target task's answers (n_records, n_labels) of records of the source."""
    target_task = task(config.target_task)
    answers = np.full((len(data.records), len(target_task.labels)), np.nan, np.float32)
    for number, store in enumerate(data.stores):
        mine = data.records.store_of == number
        answers[mine] = store.targets(target_task, data.records.row_of[mine])
    return answers


def _in_target(sources: Sequence[str], config: Verma2021Config) -> NDArray[np.bool_]:
    names = np.array(sources, dtype=object)
    if config.target_sources:
        return np.isin(names, config.target_sources)
    return ~np.isin(names, PTBXL)
