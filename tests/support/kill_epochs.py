"""A run whose list cannot be written, in a process that dies without a word at the moment it is told.

``python tests/support/kill_epochs.py HOME RUN MOMENT``. The moment is an epoch, after whose checkpoint it
dies, or ``model``: when that is saved. Nothing that it tells from its first heartbeat on reaches the list.
"""

import os
import signal
import sys
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.errors import JobError
from ecgapp.jobs import RunStore
from ecgapp.training.loop import training_loop
from ecgapp.worker import RunReporter, execute, execution


def die() -> None:
    """End the process at once, as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(home: Path, run_id: str, moment: str) -> None:
    """Train until the moment comes."""
    settings = Settings(home, home / "shipped")
    store = RunStore(settings.runs)
    attach, save, log = execution._attach, training_loop.save_checkpoint, RunReporter.log

    def attach_and_break(*arguments):
        attachment = attach(*arguments)
        store.database.write = refuse
        return attachment

    def save_and_die(folder, identity, state):
        save(folder, identity, state)
        if moment == str(state["epoch"]):
            die()

    def log_and_die(reporter, text):
        log(reporter, text)
        if moment == "model" and text.startswith("The model and its card"):
            die()

    execution._attach, training_loop.save_checkpoint, RunReporter.log = (
        attach_and_break,
        save_and_die,
        log_and_die,
    )
    execute(store, run_id, settings)


def refuse(durable=True):
    """A transaction that always fails."""
    raise JobError("The list of runs cannot be read or written.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
