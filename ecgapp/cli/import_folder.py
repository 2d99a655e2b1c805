"""``import``: a folder of ECGs into a dataset store, with a report of what was refused and why."""

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from types import FrameType

from ecgapp.cli.progress import ProgressBar
from ecgapp.config import Settings
from ecgapp.datasets import ImportOptions, ImportReport, LabelCount, import_dataset, store_path
from ecgapp.errors import EcgAppError
from ecgapp.storage import documents


def import_folder(arguments: Namespace, settings: Settings) -> int:
    """Import, and print the report."""
    if arguments.json:
        return _told_as_json(arguments, settings)
    report = _imported(arguments, settings, ProgressBar("records"))
    sys.stdout.write("\n".join(_lines(report)) + "\n")
    return 0


def _imported(arguments: Namespace, settings: Settings, progress: Callable[[int, int], None]) -> ImportReport:
    leads = tuple(arguments.leads.split(",")) if arguments.leads else None
    options = ImportOptions(arguments.sampling_rate, leads, arguments.workers)
    destination = _destination(arguments.store, settings)
    return import_dataset(arguments.layout, arguments.source, destination, options, progress)


def _told_as_json(arguments: Namespace, settings: Settings) -> int:
    """For a program that follows: lines of ``done`` and ``total``, then one ``report`` or ``problem``.

    SIGTERM ends the import as Ctrl-C does, and what it has read is kept.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        report = _imported(arguments, settings, lambda done, total: _say(done=done, total=total))
    except EcgAppError as error:
        _say(problem=str(error))
        return 1
    _say(report=documents.to_plain(report))
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _destination(store: str, settings: Settings) -> Path:
    """A path where it looks like one, else a name among the imported data sets."""
    separators = [mark for mark in (os.sep, os.altsep) if mark]
    if any(mark in store for mark in separators):
        return Path(store)
    return store_path(store, settings)


def _lines(report: ImportReport) -> list[str]:
    lines = [f"Imported {report.read:,} records as {report.name}; refused {report.n_refused:,}."]
    lines += [f"  {count:,} refused: {reason}" for reason, count in report.refused.items()]
    for task, counts in groupby(report.labels, key=lambda count: count.task):
        lines += _label_table(task, list(counts))
    return [*lines, *report.notes]


def _label_table(task: str, counts: list[LabelCount]) -> list[str]:
    """A row for each label, a column for each fold: how many records say yes."""
    folds = sorted({count.fold for count in counts})
    lines = [f"{task}, records with the label, by fold:"]
    lines.append(f"  {'':<12}" + "".join(f"{fold:>7}" for fold in folds) + "    all")
    for label, group in groupby(counts, key=lambda count: count.label):
        found = {count.fold: count.n_positive for count in group}
        numbers = "".join(f"{found[fold]:>7,}" for fold in folds)
        lines.append(f"  {label:<12}{numbers}{sum(found.values()):>7,}")
    return lines
