"""The arms of an experiment as jobs: queued when they can run, stopped, resumed, deleted and listed."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from ecgapp.errors import ExperimentError, JobError
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.study_protocol import Arm, protocol_named
from ecgapp.jobs import ARM, NewRun, Run, RunStore
from ecgapp.storage import documents

RESUME_WORDS = "Resume goes on with the trial that was interrupted."
WAITING = "waiting"  # the state of an arm that has no job yet
_STOPPABLE = ("queued", "starting", "running")


@dataclass(frozen=True)
class ArmConfig:
    """The config of an arm's job: which arm of which experiment below ``settings.experiments``.

    ``devices`` are those of the whole experiment: arms that become ready take turns on them.
    """

    experiment: str
    arm: str
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArmStatus:
    """One arm of an experiment as it is now; ``run`` is its job, None before it has one.

    ``state`` is the job's state. Without a job it is "finished", or "waiting" for the arm's needs or for a
    start.
    """

    arm: Arm
    state: str
    trials_done: int
    run: Run | None = None

    @property
    def share(self) -> float:
        """The share of the arm's work that is done, 0 to 1."""
        if self.state == "finished":
            return 1.0
        trials = self.trials_done / self.arm.n_trials
        return trials if self.run is None or not self.run.active else max(trials, self.run.share)


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
            text = documents.dump(ArmConfig(record.id, arm.key, tuple(devices)))
            name = f"{record.config.protocol}: {arm.title}"
            device = devices[place % len(devices)]
            new = NewRun(ARM, name, "", device, text, RESUME_WORDS, _form(record.id, arm.key))
            started.append(runs.add(new))
    for device in devices:
        runs.start_next(device)
    return tuple(started)


def start_next_arms(folder: ExperimentFolder, runs: RunStore, devices: Sequence[str], job: str) -> None:
    """Queue the arms that can run now that the arm of ``job`` has ended, unless that job was asked to stop.

    A stop that was asked for while they were being queued stops them, too: it saw no job of theirs yet, and
    the experiment would go on by itself.

    Raises:
        JobError: the list of jobs refuses one.
    """
    if _is_to_stop(runs, job):
        return
    started = start_ready_arms(folder, runs, devices)
    if _is_to_stop(runs, job):
        for run in started:
            with suppress(JobError):  # a user stopped it meanwhile
                runs.request_stop(run.id)


def resume_experiment(folder: ExperimentFolder, runs: RunStore, devices: Sequence[str]) -> None:
    """Queue every arm that was stopped, lost or failed again, and those that can run and have no job.

    A job that ended after its arm's last trial runs again, too: it finds nothing to do but the report. The
    job of a finished arm whose results were removed is forgotten, and the arm starts anew.

    Raises:
        JobError: the list of jobs refuses one.
    """
    for key, run in jobs_of(folder.record().id, runs).items():
        if run.resumable:
            runs.requeue(run.id)
        elif run.state == "finished" and not folder.is_finished(key):
            runs.delete(run.id)
    start_ready_arms(folder, runs, devices)


def resume_arm(status: ArmStatus, runs: RunStore) -> None:
    """Queue one arm that was stopped, lost or failed again.

    Raises:
        JobError: it has no job, or has finished.
    """
    if status.run is None:
        raise JobError("This arm has not run yet. Resume the experiment.")
    runs.resume(status.run.id)


def stop_experiment(folder: ExperimentFolder, runs: RunStore) -> None:
    """Stop the arms that wait or run; the trial under way keeps its checkpoint.

    Arms are stopped until none is left, as one that ends meanwhile may have queued others.

    Raises:
        JobError: an arm could not be stopped.
    """
    experiment = folder.record().id
    while left := [run for run in jobs_of(experiment, runs).values() if run.state in _STOPPABLE]:
        for run in sorted(left, key=lambda run: run.state != "queued"):  # none may start meanwhile
            with suppress(JobError):  # it ended just now
                runs.request_stop(run.id)


def delete_experiment(folder: ExperimentFolder, runs: RunStore) -> None:
    """Delete an experiment below ``settings.experiments`` with its jobs and results, also a damaged one.

    Raises:
        ExperimentError: an arm waits or runs.
    """
    jobs = jobs_of(folder.path.name, runs).values()
    if not all(run.ended_for_now for run in jobs):
        raise ExperimentError("An arm of this experiment waits or runs. Stop the experiment first.")
    for run in jobs:
        runs.delete(run.id)
    shutil.rmtree(folder.path, ignore_errors=True)


def arm_states(folder: ExperimentFolder, runs: RunStore) -> tuple[ArmStatus, ...]:
    """Every arm of the experiment as it is now, in order.

    Raises:
        StorageError: the experiment's folder is damaged.
    """
    record = folder.record()
    present = jobs_of(record.id, runs)
    return tuple(
        ArmStatus(arm, _state(folder, arm, present.get(arm.key)),
                  folder.trials_done(arm.key, arm.n_trials), present.get(arm.key))
        for arm in protocol_named(record.config.protocol).arms(record.config)
    )  # fmt: skip


def experiment_state(states: Sequence[ArmStatus]) -> str:
    """The state of the whole experiment: stopping, running, queued, failed, stopped, or finished.

    A failed arm counts only once no arm waits or runs any more. Lost arms count as failed.
    """
    present = {status.state for status in states}
    if "stopping" in present:
        return "stopping"
    if present & {"starting", "running"}:
        return "running"
    if "queued" in present:
        return "queued"
    if present == {"finished"}:
        return "finished"
    return "failed" if present & {"failed", "lost"} else "stopped"


def jobs_of(experiment: str, runs: RunStore) -> dict[str, Run]:
    """The job of each arm of the experiment that has one, by the arm's key; the oldest first."""
    prefix = _form(experiment, "")
    jobs = (run for run in reversed(runs.all(ARM)) if run.form is not None and run.form.startswith(prefix))
    return {str(run.form).removeprefix(prefix): run for run in jobs}


def _is_to_stop(runs: RunStore, job: str) -> bool:
    return runs.get(job).stop_requested is not None


def _form(experiment: str, key: str) -> str:
    return f"{experiment}/{key}"


def _state(folder: ExperimentFolder, arm: Arm, run: Run | None) -> str:
    if run is not None and not (run.state == "finished" and not folder.is_finished(arm.key)):
        return run.state
    return "finished" if folder.is_finished(arm.key) else WAITING
