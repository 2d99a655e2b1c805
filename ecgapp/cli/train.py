"""``train``: a run in this terminal, in the same list as those that pages start."""

import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ecgapp import documents
from ecgapp.cli.progress import Progress
from ecgapp.config import Settings
from ecgapp.datasets import store_names
from ecgapp.errors import ConfigError
from ecgapp.jobs import Run, RunStore
from ecgapp.training import TrainingConfig, devices
from ecgapp.worker import execute

_LOOK_SECONDS = 1.0


class Terminal:
    """Lines of the log on standard output; a bar of the steps under them on standard error."""

    def __init__(self) -> None:
        self._progress = Progress("steps")

    def say(self, text: str) -> None:
        """One line."""
        self._progress.clear()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def advance(self, step: int, steps: int) -> None:
        """Move the bar."""
        self._progress(step, steps)


def train(arguments: Namespace, settings: Settings) -> int:
    """Train here where the device is free; else follow the run through the queue. Ctrl-C stops it."""
    config = _config(arguments.config, settings)
    runs = RunStore(settings.runs)
    run = runs.create(config.name, config.phase, config.device, documents.dump(config))
    terminal = Terminal()
    if runs.claim(run.device, run.id):
        terminal.say(f"Run {run.id} on {run.device}. Ctrl-C writes a checkpoint and stops.")
        ended = execute(runs, run.id, settings, terminal)
    else:
        terminal.say(f"{run.device} is busy: run {run.id} waits in the queue and starts by itself.")
        ended = _follow(runs, run, terminal)
    terminal.say(ended.message)
    return 0 if ended.state == "finished" else 1


def _config(path: Path, settings: Settings) -> TrainingConfig:
    """The config, with its device settled and its stores findable from any folder.

    Raises:
        ConfigError: there is no such file, or it is no training.
    """
    try:
        config = documents.load(TrainingConfig, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("The training's settings cannot be read. Name a JSON file.") from error
    known = store_names(settings)
    stores = tuple(name if name in known else str(Path(name).resolve()) for name in config.stores)
    return replace(config, device=devices()[0] if config.device == "auto" else config.device, stores=stores)


def _follow(runs: RunStore, run: Run, terminal: Terminal) -> Run:
    """Look at a run in another process until it has ended; Ctrl-C only looks away."""
    epoch = 0
    try:
        while not run.ended_for_now:
            time.sleep(_LOOK_SECONDS)
            runs.refresh()
            run = runs.get(run.id)
            if run.epoch > epoch:
                epoch = run.epoch
                terminal.say(f"Epoch {epoch} of {run.epochs} done.")
    except KeyboardInterrupt:
        return replace(run, message="No longer followed here; the run goes on. See the list of runs.")
    return run
