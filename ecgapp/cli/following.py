"""Following a run in the terminal, whoever trains it."""

import sys
import time
from dataclasses import replace

from ecgapp.cli.progress import ProgressBar
from ecgapp.jobs import Run, RunStore

_LOOK_SECONDS = 1.0


class Terminal:
    """Lines of the log on standard output; a bar of the steps under them on standard error."""

    def __init__(self) -> None:
        self._progress = ProgressBar("steps")

    def say(self, text: str) -> None:
        """One line."""
        self._progress.clear()
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def advance(self, step: int, steps: int) -> None:
        """Move the bar."""
        self._progress(step, steps)


def follow(runs: RunStore, run: Run, terminal: Terminal) -> Run:
    """Look at a run in another process until it has ended; Ctrl-C only looks away."""
    epoch = 0
    try:
        while not runs.is_over(run):
            time.sleep(_LOOK_SECONDS)
            runs.refresh()
            run = runs.get(run.id)
            if run.epoch > epoch:
                epoch = run.epoch
                terminal.say(f"Epoch {epoch} of {run.epochs} done.")
    except KeyboardInterrupt:
        return replace(run, message="No longer followed here; the run goes on. See the list of runs.")
    return run
