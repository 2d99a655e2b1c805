"""``train``: trains in this terminal, as a run of the same list as those that pages start.

``torchrun --nproc-per-node N -m ecgapp train CONFIG.json`` trains with N processes, of which the first
does what one process does alone. Started again after a loss, it continues its run.
"""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ecgapp.cli.progress import Terminal, follow
from ecgapp.cli.settings_file import read_settings
from ecgapp.config import Settings
from ecgapp.datasets import open_store, store_names
from ecgapp.errors import ConfigError, EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.runs.start_training import check_before_start
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig, devices
from ecgapp.worker import execute, team


def train(arguments: Namespace, settings: Settings) -> int:
    """Train here if the devices are free, else follow the run through the queue. Ctrl-C stops it."""
    team.watch_leader()
    if not team.is_first():  # perhaps on another machine, which knows neither the config nor the run
        return team.follow(settings)
    runs = RunStore(settings.runs)
    try:
        run, here = _taken(runs, arguments, settings)
    except EcgAppError:
        team.end_other_ranks()
        raise
    if here and not run.ended_for_now:
        return _train_here(runs, run, settings)
    team.end_other_ranks()
    return int(run.state != "finished") if here else _follow(runs, run)


def _taken(runs: RunStore, arguments: Namespace, settings: Settings) -> tuple[Run, bool]:
    """A new run of the config that is named, or the run that is resumed.

    Started again by ``torchrun``, it is the run that this process had before.

    Returns:
        The run, and whether this process is to train it.
    """
    begun = runs.held_by(team.leader()) if team.launched() else None
    if begun is not None:
        return begun, True
    if arguments.config:
        config = _config(arguments.config, settings)
        check_before_start(config, [open_store(name, settings) for name in config.stores])
        run = runs.create(config.name, config.phase, config.device, documents.dump(config))
    else:
        runs.refresh()  # one that was killed may not be known to be lost
        _checked(runs.get(arguments.resume).device)
        run = runs.requeue(arguments.resume)
    fits = len(run.devices) == team.size()
    return run, fits and runs.claim(run.device, run.id) is not None


def _train_here(runs: RunStore, run: Run, settings: Settings) -> int:
    terminal = Terminal()
    terminal.say(f"Run {run.id} on {run.device}. Ctrl-C writes a checkpoint and stops.")
    ended = execute(runs, run.id, settings, terminal)
    terminal.say(ended.message or "A process was lost; torchrun starts all of them again.")
    if team.launched():  # 1 asks for another try, where there is one
        return int(ended.state not in ("finished", "stopped"))
    return 0 if ended.state == "finished" else 1


def _follow(runs: RunStore, run: Run) -> int:
    terminal = Terminal()
    if runs.launch(run.id).state == "queued":
        terminal.say(f"{run.device} is busy: run {run.id} waits in the queue and starts by itself.")
    else:
        terminal.say(f"Run {run.id} on {run.device}, in processes of its own. Ctrl-C only looks away.")
    ended = follow(runs, runs.get(run.id), terminal)
    terminal.say(ended.message)
    return 0 if ended.state == "finished" else 1


def _config(path: Path, settings: Settings) -> TrainingConfig:
    """The config, with its device chosen and its stores named for any working folder.

    Raises:
        ConfigError: there is no such file, or it is no training.
    """
    config = read_settings(TrainingConfig, path)
    stores = tuple(_findable(name, settings) for name in config.stores)
    return replace(config, device=_device(config.device), stores=stores)


def _findable(name: str, settings: Settings) -> str:
    """The store's name, or its absolute path if it is not a data set of the app."""
    known, path = store_names(settings), Path(name).resolve()
    if name in known:
        return name
    return path.name if path.parent == settings.stores.resolve() and path.name in known else str(path)


def _device(name: str) -> str:
    """The device of each process, joined: as many as ``torchrun`` started, or this one's."""
    n = team.size()
    if n == 1 or "+" in name:
        return _checked(devices()[0] if name == "auto" else name)
    gpus = [device for device in devices() if device != "cpu"]
    return "+".join(gpus[:n] if len(gpus) >= n and name != "cpu" else ["cpu"] * n)


def _checked(device: str) -> str:
    """``device``, unless ``torchrun`` started another number of processes.

    Raises:
        ConfigError: it did.
    """
    n = len(device.split("+"))
    if team.launched() and n != team.size():
        raise ConfigError(f"The run has {n} devices, so torchrun must start {n} processes for it.")
    return device
