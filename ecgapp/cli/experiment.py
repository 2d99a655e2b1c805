"""``experiment``: runs a published study arm by arm, on one machine or in parts on several.

Without ``--out`` the arms are jobs of this installation, which the Experiments page shows. With it this
process runs them itself, so that machines without a common list of jobs can share the arms out.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ecgapp.cli.part_argument import part_of
from ecgapp.cli.progress import ProgressBar
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, store_names
from ecgapp.errors import ConfigError
from ecgapp.experiments.arm_jobs import arm_states, resume_experiment
from ecgapp.experiments.collection import write_report
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.experiment_folder import ExperimentFolder, TimeEstimate
from ecgapp.experiments.part_execution import PartRun, arms_of_part
from ecgapp.experiments.starting import CheckedExperiment, check_experiment, open_experiment
from ecgapp.experiments.study_protocol import Arm, ArmContext, protocol_named
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.jobs import ARM, RunStore
from ecgapp.runs.run_words import duration_words
from ecgapp.storage import documents
from ecgapp.training import EpochReport, StepReport
from ecgapp.training.devices import gpus

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
    if arguments.estimate:
        return _estimate(check_experiment(config, settings), arguments, settings)
    folder, stores = open_experiment(config, settings, arguments.out)
    config = folder.record().config
    arms = protocol_named(config.protocol).arms(config)
    if arguments.collect:
        complete = all(folder.is_finished(arm.key) for arm in arms)
    elif arguments.out is not None:
        device = _devices(arguments.device)[0]
        context = ArmContext(config, stores, settings, folder, device, _TerminalReporter())
        complete = _run_here(arms_of_part(arms, *(part or (1, 1))), context)
    else:
        complete = _run_jobs(arms, folder, _devices(arguments.device), settings)
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


def _devices(name: str) -> tuple[str, ...]:
    """The devices on which arms take turns; ``auto`` is every GPU, or the CPU."""
    return (gpus() or ("cpu",)) if name == "auto" else tuple(name.split("+"))


def _estimate(checked: CheckedExperiment, arguments: Namespace, settings: Settings) -> int:
    """Print how long each arm takes; nothing of the experiment is written."""
    config = checked.record.config
    protocol = protocol_named(config.protocol)
    device, folder = _devices(arguments.device)[0], ExperimentFolder(settings.experiments / checked.record.id)
    arms = protocol.arms(config)
    context = ArmContext(config, checked.stores, settings, folder, device, ProbeReporter())
    seconds = protocol.estimate(arms, context)
    if arguments.json:
        sys.stdout.write(documents.dump(TimeEstimate(device, seconds)))
        return 0
    for arm in arms:
        sys.stdout.write(f"{duration_words(seconds[arm.key]):>11}  {arm.title}\n")
    sys.stdout.write(f"{duration_words(sum(seconds.values())):>11}  in all, on {device}\n")
    return 0


def _run_here(arms: Sequence[Arm], context: ArmContext) -> bool:
    """Run the arms in this process; whether all of them have finished."""
    return PartRun(protocol_named(context.config.protocol), context).run(arms)


def _run_jobs(
    arms: Sequence[Arm], folder: ExperimentFolder, devices: Sequence[str], settings: Settings
) -> bool:
    """Queue the arms as jobs and follow them until none waits or runs; Ctrl-C ends only the following.

    Returns:
        Whether all arms have finished.
    """
    runs, terminal = RunStore(settings.runs), _TerminalReporter()
    runs.refresh(ARM)
    resume_experiment(folder, runs, devices)
    total = sum(arm.n_trials for arm in arms)
    before: dict[str, str] = {}
    try:
        while True:
            runs.refresh(ARM)
            states = arm_states(folder, runs)
            for status in states:
                if before.get(status.arm.key) != status.state and status.state in _SAID:
                    terminal.log(f"{status.state.capitalize()}: {status.arm.title}.")
            before = {status.arm.key: status.state for status in states}
            terminal.progress(sum(status.trials_done for status in states), total)
            if not any(status.run is not None and not status.run.ended_for_now for status in states):
                return all(folder.is_finished(arm.key) for arm in arms)
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        terminal.log("No longer followed here; the experiment goes on. See the Experiments page.")
        return False


def _print(folder: ExperimentFolder, stores: Sequence[DatasetStore], *, as_json: bool) -> None:
    document = write_report(folder, stores)
    sys.stdout.write(documents.dump(document) if as_json else document.report.to_markdown())


class _TerminalReporter:
    """Shows progress on standard error; Ctrl-C ends the process, which loses one trial at most."""

    def __init__(self) -> None:
        self._bar = ProgressBar("trials")

    def step(self, report: StepReport) -> None:
        """Steps are too many to be shown."""

    def epoch(self, report: EpochReport) -> None:
        """Epochs are too many to be shown."""

    def log(self, text: str) -> None:
        self._bar.clear()
        sys.stderr.write(f"{text}\n")

    def should_stop(self) -> bool:
        return False

    def progress(self, done: int, total: int) -> None:
        self._bar(done, total)
