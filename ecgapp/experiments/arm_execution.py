"""Runs one arm of an experiment: each trial once, from where it was interrupted."""

import shutil

from ecgapp.errors import ExperimentError
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.study_protocol import Arm, ArmContext, StudyProtocol
from ecgapp.experiments.trial_result import read_trial, write_trial
from ecgapp.storage.files import remove_unfinished
from ecgapp.storage.lock import claimed
from ecgapp.training import Stopped

BUSY = "Another process runs this arm already."


def run_arm(protocol: StudyProtocol, arm: Arm, context: ArmContext) -> None:
    """Run the trials of ``arm`` that have no result yet, and mark it as finished; leave a finished arm alone.

    A trial's result is written completely or not at all, so a kill costs at most the trial under way, which
    goes on from its checkpoint if it has one.

    Raises:
        Stopped: the reporter asked for it; call again to go on.
        LockedError: another process runs the arm.
        ExperimentError: an arm that this one builds on has not finished.
        EcgAppError: the data or a model is not what the protocol needs.
    """
    folder = context.folder
    folder.arm(arm.key).mkdir(parents=True, exist_ok=True)
    with claimed(folder.arm(arm.key), BUSY):
        if folder.is_finished(arm.key):
            return
        _check_needs(folder, arm)
        remove_unfinished(folder.arm(arm.key))
        _run_trials(protocol, arm, context)
        folder.finish(arm.key, arm.n_trials)


def _run_trials(protocol: StudyProtocol, arm: Arm, context: ArmContext) -> None:
    folder, reporter = context.folder, context.reporter
    waiting = [n for n in range(arm.n_trials) if read_trial(folder.arm(arm.key), n) is None]
    reporter.progress(arm.n_trials - len(waiting), arm.n_trials)
    if not waiting:
        return
    run_trial = protocol.open_arm(arm, context)
    for done, number in enumerate(waiting, start=arm.n_trials - len(waiting)):
        if reporter.should_stop():
            raise Stopped
        work = folder.work(arm.key) / f"trial-{number + 1:02d}"
        work.mkdir(parents=True, exist_ok=True)
        result, arrays = run_trial(number, work)
        write_trial(folder.arm(arm.key), number, result, arrays)
        shutil.rmtree(work, ignore_errors=True)
        reporter.progress(done + 1, arm.n_trials)


def _check_needs(folder: ExperimentFolder, arm: Arm) -> None:
    if not all(folder.is_finished(key) for key in arm.needs):
        raise ExperimentError("An arm that this one builds on has not finished. Run that one first.")
