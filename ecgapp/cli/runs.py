"""``runs``: lists all trainings on this machine, the newest first, or changes one of them."""

import sys
from argparse import Namespace
from datetime import UTC, datetime

from ecgapp.cli.progress import Terminal, follow
from ecgapp.config import Settings
from ecgapp.jobs import Run, RunStore
from ecgapp.jobs.metric_export import COMMAND, export_run

_CHANGES = ("delete", "move", "stop", "resume")
_HEADS = ("run", "created (UTC)", "title", "phase", "device", "state", "epochs")


def runs(arguments: Namespace, settings: Settings) -> int:
    """List the runs, or act on the one that is named."""
    store = RunStore(settings.runs)
    if arguments.action in _CHANGES:
        store.refresh()  # what was killed is not under way
    match arguments.action:
        case None:
            return _list(store)
        case "follow":
            return _follow(store, arguments.run)
        case "delete":
            freed = store.size(arguments.run)
            store.delete(arguments.run)
            sys.stdout.write(f"Deleted, which frees {freed / 1e6:,.1f} MB.\n")
            return 0
        case "export":
            export_run(store, arguments.run, arguments.folder)
            sys.stdout.write(f"Exported. In that folder it is repeated by: {COMMAND}\n")
            return 0
        case "move":
            run = store.move(arguments.run, arguments.places)
        case "stop":
            run = store.request_stop(arguments.run)
        case _:
            run = store.resume(arguments.run)
    sys.stdout.write(f"{run.title} is {run.state}{_place(store, run)}.\n")
    return 0


def _follow(store: RunStore, run_id: str) -> int:
    ended = follow(store, store.get(run_id), Terminal())
    sys.stdout.write(f"{ended.message}\n")
    return 0 if ended.state == "finished" else 1


def _place(store: RunStore, run: Run) -> str:
    line = [other.id for other in store.queue(run.device)]
    return f", number {line.index(run.id) + 1} of {len(line)} in the queue" if run.id in line else ""


def _list(store: RunStore) -> int:
    """Print a line for each run, with the reason of its end."""
    listed = store.refresh()
    if not listed:
        sys.stdout.write("There are no runs yet.\n")
        return 0
    rows = [_HEADS, *[_cells(run) for run in listed]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    messages = ["", *[run.message for run in listed]]
    for row, message in zip(rows, messages, strict=True):
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{cells}  {message}".rstrip() + "\n")
    return 0


def _cells(run: Run) -> tuple[str, ...]:
    created = datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%d %H:%M")
    epochs = f"{run.done} of {run.total}" if run.total else ""
    return run.id, created, run.title, run.phase, run.device, run.state, epochs
