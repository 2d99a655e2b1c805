"""``runs``: all trainings on this machine, the newest first."""

import sys
from argparse import Namespace
from datetime import UTC, datetime

from ecgapp.config import Settings
from ecgapp.jobs import Run, RunStore

_HEADS = ("run", "created (UTC)", "name", "phase", "device", "state", "epochs")


def list_runs(_arguments: Namespace, settings: Settings) -> int:
    """Print a line for each run, and below it why it ended."""
    runs = RunStore(settings.runs).refresh()
    if not runs:
        sys.stdout.write("There are no runs yet.\n")
        return 0
    rows = [_HEADS, *[_cells(run) for run in runs]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    messages = ["", *[run.message for run in runs]]
    for row, message in zip(rows, messages, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{cells}  {message}".rstrip() + "\n")
    return 0


def _cells(run: Run) -> tuple[str, ...]:
    created = datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%d %H:%M")
    epochs = f"{run.epoch} of {run.epochs}" if run.epochs else ""
    return run.id, created, run.name, run.phase, run.device, run.state, epochs
