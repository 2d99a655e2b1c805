"""A training's metrics and settings as files for other programs, with the command that repeats it.

``metrics.csv`` is in long form: a line for each point. ``config.json`` is the run's config to the
letter, and ``command.txt`` says how to train with it again.
"""

import csv
import io
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ecgapp.errors import JobError
from ecgapp.jobs.metrics import TimedMetric, read_all
from ecgapp.jobs.run_store import RunStore
from ecgapp.storage.plain_text import plain_cell

CONFIG = "config.json"
COMMAND = f"python -m ecgapp train {CONFIG}"
HEAD = ("series", "step", "value", "time_utc")
_METRICS, _COMMAND = "metrics.csv", "command.txt"


def export_run(store: RunStore, run_id: str, folder: Path) -> None:
    """Write the run's metrics, config and command into the new ``folder``.

    Raises:
        JobError: there is no such run, or the folder is not empty or cannot be written.
    """
    run = store.get(run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise JobError("The folder to export to is not empty. Name a new one.")
        (folder / CONFIG).write_text(run.config, encoding="utf-8")
        (folder / _COMMAND).write_text(f"{COMMAND}\n", encoding="utf-8")
        _write_csv(read_all(store.folder(run_id)), folder / _METRICS)
    except OSError as error:
        raise JobError("The files cannot be written. Check that the disk is not full.") from error


def export_zip(store: RunStore, run_id: str) -> bytes:
    """The files of ``export_run`` in one zip, below a folder of the run's own.

    Raises:
        JobError: see ``export_run``.
    """
    top = export_name(store, run_id)
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / top
        export_run(store, run_id, folder)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(temporary))
    return packed.getvalue()


def export_name(store: RunStore, run_id: str) -> str:
    """The name of the export's folder: the run's name and the beginning of its id."""
    run = store.get(run_id)
    return f"{run.name}-{run.id[:6]}"


def _write_csv(points: Iterator[TimedMetric], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEAD)
        for name, step, value, time in points:
            moment = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
            writer.writerow((plain_cell(name), f"{step:.12g}", repr(value), moment))
