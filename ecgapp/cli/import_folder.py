"""``import``: imports a folder of ECGs into a data set, and reports what was refused and why."""

import os
import sys
from argparse import Namespace
from itertools import groupby
from pathlib import Path

from ecgapp.cli.progress import JsonLines, Terminal
from ecgapp.config import Settings
from ecgapp.datasets import ImportReport, LabelCount, store_path
from ecgapp.datasets.importing.background import ImportConfig, import_report, new_import
from ecgapp.errors import DatasetError, EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.storage import documents
from ecgapp.worker import execute

MOST_ROWS = 23  # labels of a task that are counted in a table, so that the report stays readable


def import_folder(arguments: Namespace, settings: Settings) -> int:
    """Import in this terminal, as a job like those that the page starts, and print the report.

    With ``--json`` a program can follow: lines of ``done`` and ``total``, then one ``report`` or ``problem``.
    """
    output = JsonLines() if arguments.json else Terminal("records")
    try:
        report = _import(arguments, settings, output)
    except EcgAppError as error:
        if not arguments.json:
            raise
        JsonLines().problem(str(error))
        return 1
    if arguments.json:
        JsonLines().report(documents.to_plain(report))
    else:
        sys.stdout.write("\n".join(_lines(report)) + "\n")
    return 0


def _import(arguments: Namespace, settings: Settings, output: JsonLines | Terminal) -> ImportReport:
    leads = tuple(arguments.leads.split(",")) if arguments.leads else None
    config = ImportConfig(
        arguments.layout,
        str(arguments.source.absolute()),
        str(_destination(arguments.store, settings).absolute()),
        arguments.sampling_rate,
        leads,
        arguments.workers,
    )
    _ = config.options  # refused now if they make no sense
    runs = RunStore(settings.runs)
    run = new_import(runs, config, here=True)
    ended = execute(runs, run.id, settings, output)
    report = import_report(runs, ended)
    if report is None:
        raise DatasetError(ended.message)
    return report


def _destination(store: str, settings: Settings) -> Path:
    """The path of the store: ``store`` if it looks like a path, else that of the data set of this name."""
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
    """The number of records with each label: a row for each label, a column for each fold.

    A task of many labels takes one line; the Data page shows its table.
    """
    labels = {count.label for count in counts}
    if len(labels) > MOST_ROWS:
        n = len({count.label for count in counts if count.n_positive})
        return [f"{task}: {n} of its {len(labels)} labels occur; the Data page counts them by fold."]
    folds = sorted({count.fold for count in counts})
    lines = [f"{task}, records with the label, by fold:"]
    lines.append(f"  {'':<12}" + "".join(f"{fold:>7}" for fold in folds) + "    all")
    for label, group in groupby(counts, key=lambda count: count.label):
        by_fold = {count.fold: count.n_positive for count in group}
        numbers = "".join(f"{by_fold[fold]:>7,}" for fold in folds)
        lines.append(f"  {label:<12}{numbers}{sum(by_fold.values()):>7,}")
    return lines
