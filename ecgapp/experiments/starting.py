"""Starting an experiment: its folder, and one job for each arm that can run."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store
from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_config import ExperimentConfig, data_digest
from ecgapp.experiments.experiment_folder import ExperimentFolder, ExperimentRecord
from ecgapp.experiments.study_protocol import Arm, protocol_named
from ecgapp.jobs import ARM, NewRun, Run, RunStore
from ecgapp.storage import documents

RESUME_WORDS = "Resume goes on with the trial that was interrupted."


@dataclass(frozen=True)
class ArmConfig:
    """The config of an arm's job: which arm of which experiment below ``settings.experiments``."""

    experiment: str
    arm: str


@dataclass(frozen=True)
class ArmStatus:
    """One arm of an experiment as it is now; ``run`` is its job, None before it has one.

    ``state`` is a job's state, or "waiting" for an arm whose needs have not finished. A finished arm is
    "finished" whether it has a job or not.
    """

    arm: Arm
    state: str
    trials_done: int
    run: Run | None = None


def open_experiment(
    config: ExperimentConfig, settings: Settings, path: Path | None = None
) -> tuple[ExperimentFolder, tuple[DatasetStore, ...]]:
    """The experiment's folder, made if it is new, and its stores; ``path`` is another folder than the usual.

    Raises:
        ExperimentError: the data lack what the protocol needs, or the folder holds another experiment.
        DatasetError: a store is missing or damaged.
        ModelNotFoundError: a model that the protocol transfers is not installed.
    """
    stores = tuple(open_store(name, settings) for name in config.stores)
    names = [store.name for store in stores]
    if len(set(names)) != len(names):
        raise ExperimentError("Two of the data sets have the same name. Leave one out.")
    protocol = protocol_named(config.protocol)
    config = protocol.fitted(config, stores)
    protocol.data_report(config, stores)
    record = ExperimentRecord(config, config.digest, data_digest(stores, protocol.inputs(config, settings)))
    folder = ExperimentFolder(path or settings.experiments / record.id)
    folder.write_record(record)
    return folder, stores


def start_ready_arms(folder: ExperimentFolder, runs: RunStore, devices: Sequence[str]) -> tuple[Run, ...]:
    """Queue a job for each arm that has none yet and whose needs have finished; devices take turns.

    Returns:
        The new jobs.

    Raises:
        JobError: the list of jobs refuses one.
    """
    record = folder.record()
    arms = protocol_named(record.config.protocol).arms(record.config)
    present = jobs_of(record.id, runs)
    started = []
    for place, arm in enumerate(arms):
        if arm.key in present or folder.is_finished(arm.key):
            continue
        if all(folder.is_finished(key) for key in arm.needs):
            text = documents.dump(ArmConfig(record.id, arm.key))
            name = f"{record.config.protocol}: {arm.title}"
            device = devices[place % len(devices)]
            new = NewRun(ARM, name, "", device, text, RESUME_WORDS, _form(record.id, arm.key))
            started.append(runs.add(new))
    for device in devices:
        runs.start_next(device)
    return tuple(started)


def resume_experiment(folder: ExperimentFolder, runs: RunStore, devices: Sequence[str]) -> None:
    """Queue every arm that was stopped, lost or failed again, and those that can run and have no job.

    Raises:
        JobError: the list of jobs refuses one.
    """
    record = folder.record()
    for key, run in jobs_of(record.id, runs).items():
        if run.resumable and not folder.is_finished(key):
            runs.requeue(run.id)
    start_ready_arms(folder, runs, devices)


def stop_experiment(folder: ExperimentFolder, runs: RunStore) -> None:
    """Stop the arms that wait or run; the trial under way keeps its checkpoint.

    Raises:
        JobError: an arm could not be stopped.
    """
    jobs = jobs_of(folder.record().id, runs).values()
    for run in sorted(jobs, key=lambda run: run.state != "queued"):  # none may start meanwhile
        if not run.ended_for_now:
            runs.request_stop(run.id)


def delete_experiment(folder: ExperimentFolder, runs: RunStore) -> None:
    """Delete the experiment with its jobs and results.

    Raises:
        ExperimentError: an arm waits or runs.
    """
    jobs = jobs_of(folder.record().id, runs).values()
    if not all(run.ended_for_now for run in jobs):
        raise ExperimentError("An arm of this experiment waits or runs. Stop the experiment first.")
    for run in jobs:
        runs.delete(run.id)
    shutil.rmtree(folder.path, ignore_errors=True)


def arm_states(folder: ExperimentFolder, runs: RunStore) -> tuple[ArmStatus, ...]:
    """Every arm of the experiment as it is now, in order."""
    record = folder.record()
    present = jobs_of(record.id, runs)
    return tuple(
        ArmStatus(arm, _state(folder, arm, present.get(arm.key)),
                  folder.trials_done(arm.key, arm.n_trials), present.get(arm.key))
        for arm in protocol_named(record.config.protocol).arms(record.config)
    )  # fmt: skip


def jobs_of(experiment: str, runs: RunStore) -> dict[str, Run]:
    """The job of each arm of the experiment that has one, by the arm's key."""
    prefix = _form(experiment, "")
    jobs = (run for run in runs.all(ARM) if run.form is not None and run.form.startswith(prefix))
    return {str(run.form).removeprefix(prefix): run for run in jobs}


def _form(experiment: str, key: str) -> str:
    return f"{experiment}/{key}"


def _state(folder: ExperimentFolder, arm: Arm, run: Run | None) -> str:
    if folder.is_finished(arm.key):
        return "finished"
    return "waiting" if run is None else run.state
