"""``experiment``: runs a published study arm by arm, on one machine or in parts on several.

Without ``--out`` the arms are jobs of this installation, which the Experiments page shows. With it this
process runs them itself, so that machines without a common list of jobs can share the arms out.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ecgapp.cli.part_argument import part_of
from ecgapp.cli.progress import Terminal
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, store_names
from ecgapp.errors import ConfigError, LockedError
from ecgapp.experiments.arm_execution import run_arm
from ecgapp.experiments.collection import results_json, write_report
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.experiments.starting import arm_states, open_experiment, resume_experiment
from ecgapp.experiments.study_protocol import Arm, ArmContext, protocol_named
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.jobs import ARM, RunStore
from ecgapp.training import EpochReport, StepReport, Stopped, devices

_LOOK_SECONDS = 1.0
_SAID = ("running", "finished", "failed", "stopped", "lost")  # states that are reported


def experiment(arguments: Namespace, settings: Settings) -> int:
    """Run the arms that have no result yet, then write and print the report.

    Returns:
        0 if every arm of the experiment, or of the part, has finished.
    """
    config = _config(arguments, settings)
    part = part_of(arguments.part)
    if part and arguments.out is None:
        raise ConfigError("A part of an experiment needs --out: the folder that all parts write to.")
    folder, stores = open_experiment(config, settings, arguments.out)
    arms = protocol_named(config.protocol).arms(config)
    context = ArmContext(config, stores, settings, folder, _device(arguments.device), ProbeReporter())
    if arguments.estimate:
        return _estimate(arms, context)
    if arguments.collect:
        complete = all(folder.is_finished(arm.key) for arm in arms)
    elif arguments.out is not None:
        complete = _run_here(arms, part, replace(context, reporter=_TerminalReporter()))
    else:
        complete = _run_jobs(arms, context)
    if not part or arguments.collect:
        _print(folder, stores, as_json=arguments.json)
    return 0 if complete else 1


def _config(arguments: Namespace, settings: Settings) -> ExperimentConfig:
    """The experiment's config; its stores are named for any working folder."""
    protocol = protocol_named(arguments.protocol)
    chosen = protocol.preset(Size(arguments.size))
    if arguments.settings is not None:
        chosen = read_settings(ProtocolConfig, arguments.settings)
        if chosen.protocol != protocol.name:
            raise ConfigError("The settings file is of another protocol.")
    known = store_names(settings)
    stores = tuple(name if name in known else str(Path(name).resolve()) for name in arguments.store)
    return ExperimentConfig(chosen, stores, arguments.size, arguments.seed)


def _device(name: str) -> str:
    return devices()[0] if name == "auto" else name


def _estimate(arms: Sequence[Arm], context: ArmContext) -> int:
    seconds = protocol_named(context.config.protocol).estimate(arms, context)
    for arm in arms:
        sys.stdout.write(f"{_duration(seconds[arm.key]):>10}  {arm.title}\n")
    sys.stdout.write(f"{_duration(sum(seconds.values())):>10}  in all, on {context.device}\n")
    return 0


def _run_here(arms: Sequence[Arm], part: tuple[int, int] | None, context: ArmContext) -> bool:
    """Run the arms of this part in this process.

    A part has every N-th arm. An arm that others build on is run by the first part that comes to it, and the
    other parts wait for it.

    Returns:
        Whether all of them have finished.
    """
    number, n = part or (1, 1)
    protocol = protocol_named(context.config.protocol)
    needed = {key for arm in arms for key in arm.needs}
    mine = [arm for place, arm in enumerate(arms) if arm.key in needed or place % n == number - 1]
    for arm in mine:
        while not context.folder.is_finished(arm.key):
            try:
                run_arm(protocol, arm, context)
                context.reporter.log(f"Finished: {arm.title}.")
            except LockedError:
                time.sleep(_LOOK_SECONDS)
            except Stopped:
                return False
    return True


def _run_jobs(arms: Sequence[Arm], context: ArmContext) -> bool:
    """Queue the arms as jobs and follow them until none waits or runs; Ctrl-C ends only the following.

    Returns:
        Whether all arms have finished.
    """
    runs, terminal, folder = RunStore(context.settings.runs), Terminal("trials"), context.folder
    runs.refresh(ARM)
    resume_experiment(folder, runs, (context.device,))
    total = sum(arm.n_trials for arm in arms)
    before: dict[str, str] = {}
    try:
        while True:
            runs.refresh(ARM)
            states = arm_states(folder, runs)
            for status in states:
                if before.get(status.arm.key) != status.state and status.state in _SAID:
                    terminal.say(f"{status.state.capitalize()}: {status.arm.title}.")
            before = {status.arm.key: status.state for status in states}
            terminal.advance(sum(status.trials_done for status in states), total)
            if not any(status.run is not None and not status.run.ended_for_now for status in states):
                return all(folder.is_finished(arm.key) for arm in arms)
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        terminal.say("No longer followed here; the experiment goes on. See the Experiments page.")
        return False


def _print(folder: ExperimentFolder, stores: Sequence[DatasetStore], *, as_json: bool) -> None:
    report: ExperimentReport = write_report(folder, stores)
    sys.stdout.write(results_json(folder, report) if as_json else report.to_markdown())


def _duration(seconds: float) -> str:
    """Seconds as ``45 s``, ``12 min`` or ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _TerminalReporter:
    """Shows an arm's progress on standard error; Ctrl-C ends the process, which loses one trial at most."""

    def __init__(self) -> None:
        self._terminal = Terminal("trials")

    def step(self, report: StepReport) -> None:
        """Steps are too many to be shown."""

    def epoch(self, report: EpochReport) -> None:
        """Epochs are too many to be shown."""

    def log(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")

    def should_stop(self) -> bool:
        return False

    def progress(self, done: int, total: int) -> None:
        self._terminal.advance(done, total)
