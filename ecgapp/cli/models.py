"""The command ``models``: lists the models in use and their history, and changes them."""

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets import open_store
from ecgapp.errors import ConfigError
from ecgapp.jobs import RunStore
from ecgapp.models import ModelCard, sha256_of_bytes
from ecgapp.promotion import (
    ENOUGH_RECORDS,
    PREPROCESSING,
    BenchmarkFile,
    Decision,
    History,
    Version,
    concerns_here,
    delete_version,
    export_bundle,
    find_version,
    headline_words,
    install_import,
    model_names,
    n_validated,
    promote_run,
    read_benchmark,
    read_bundle,
    remove,
    roll_back,
    versions,
)
from ecgapp.storage.files import write_atomically
from ecgapp.training.data.fixed_scale import with_fixed_scale

DIGITS = 3
_HEADS = ("name", "task", "sha256", "origin", "since (UTC)", "by", "n", "figures")
_PAST_HEADS = ("when (UTC)", "name", "what", "sha256", "by", "n", "figures", "why")


def models(arguments: Namespace, settings: Settings) -> int:
    """List the models, or run the requested action."""
    sys.stdout.write(_ACTIONS[arguments.action](arguments, settings) + "\n")
    return 0


def _list(_arguments: Namespace, settings: Settings) -> str:
    all_versions = [version for name in model_names(settings) for version in versions(name, settings)]
    rows = [_cells(version) for version in all_versions if version.in_use]
    return _table([_HEADS, *rows]) if rows else "There are no models on this machine yet."


def _history(arguments: Namespace, settings: Settings) -> str:
    rows = [
        (
            _when(entry.time),
            entry.name,
            entry.action,
            entry.sha256[:12],
            entry.author,
            *_figures(entry.read_card()),
            entry.reason,
        )
        for entry in History(settings).entries(arguments.name)
    ]
    return _table([_PAST_HEADS, *rows]) if rows else "No model was changed yet."


def _promote(arguments: Namespace, settings: Settings) -> str:
    store = RunStore(settings.runs)
    decision = replace(_decision(arguments), despite=arguments.despite)
    return _now(promote_run(store, arguments.run, arguments.name, decision, settings))


def _roll_back(arguments: Namespace, settings: Settings) -> str:
    decision = _decision(arguments)
    version = find_version(arguments.name, arguments.sha256, settings)
    concerns = concerns_here(version.card, settings) if version.card is not None else ()
    return _now(roll_back(arguments.name, arguments.sha256, decision, settings), concerns)


def _remove(arguments: Namespace, settings: Settings) -> str:
    remove(arguments.name, _decision(arguments), settings)
    return f"{arguments.name} of this machine is out of use; its files stay."


def _delete(arguments: Namespace, settings: Settings) -> str:
    freed = delete_version(arguments.name, arguments.sha256, _decision(arguments), settings)
    return f"Deleted, which frees {freed / 1e6:,.1f} MB."


def _export(arguments: Namespace, settings: Settings) -> str:
    content = export_bundle(arguments.name, settings)
    try:
        write_atomically(arguments.file, content)
    except OSError as error:
        raise ConfigError("The bundle cannot be written there. Name a file in a folder of yours.") from error
    return f"Exported {arguments.name}, {len(content) / 1e6:,.1f} MB."


def _import(arguments: Namespace, settings: Settings) -> str:
    decision = _decision(arguments)
    try:
        with Path(arguments.file).open("rb") as file:
            packed = read_bundle(file, arguments.name or "")
    except OSError as error:
        raise ConfigError("The bundle cannot be read. Name a file that `models export` wrote.") from error
    concerns = concerns_here(packed.card, settings)
    install_import(packed, decision, settings)
    return _now(packed.card, concerns)


def _import_benchmark(arguments: Namespace, settings: Settings) -> str:
    decision, scale = _decision(arguments), _scale(arguments, settings)
    source = BenchmarkFile(arguments.name, arguments.network, arguments.task, *scale)
    try:
        content = Path(arguments.file).read_bytes()
    except OSError as error:
        raise ConfigError("The file cannot be read. Name a .pth file of the benchmark.") from error
    packed = read_benchmark(content, source)
    concerns = concerns_here(packed.card, settings)
    install_import(packed, decision, settings)
    return f"Read a file with the sha256 {sha256_of_bytes(content)}.\n{_now(packed.card, concerns)}"


def _scale(arguments: Namespace, settings: Settings) -> tuple[float, float]:
    """The mean and the deviation that are given, or those of folds 1 to 8 of a data set."""
    if arguments.store is not None:
        scaled = with_fixed_scale(PREPROCESSING, open_store(arguments.store, settings), range(1, 9))
        arguments.mean, arguments.deviation = scaled.fixed_mean, scaled.fixed_deviation
    if arguments.mean is None or arguments.deviation is None:
        raise ConfigError("Give the mean and the deviation in mV, or a data set of PTB-XL to take them from.")
    return arguments.mean, arguments.deviation


_ACTIONS: dict[str | None, Callable[[Namespace, Settings], str]] = {
    None: _list,
    "history": _history,
    "promote": _promote,
    "roll-back": _roll_back,
    "remove": _remove,
    "delete": _delete,
    "export": _export,
    "import": _import,
    "import-benchmark": _import_benchmark,
}


def _decision(arguments: Namespace) -> Decision:
    return Decision(arguments.by, arguments.reason)


def _now(card: ModelCard, concerns: tuple[str, ...] = ()) -> str:
    """The model that is in use now, and the concerns about it."""
    in_use = f"{card.name} is in use now, sha256 {card.sha256}."
    return "\n".join((in_use, *(f"Although: {sentence}" for sentence in concerns)))


def _cells(version: Version) -> tuple[str, ...]:
    card, entry = version.card, version.entry
    task = card.purpose if card else ""
    since, by = (_when(entry.time), entry.author) if entry else ("", "")
    return version.name, task, version.sha256[:12], version.origin, since, by, *_figures(card)


def _figures(card: ModelCard | None) -> tuple[str, str]:
    """The number of records, and each headline figure with its 95 % interval; empty without a card."""
    if card is None:
        return "", ""
    figures = [f"{name} {figure}" for name, figure in headline_words(card, DIGITS).items()]
    n = n_validated(card)
    return f"{n:,}{'' if n >= ENOUGH_RECORDS else ' (few)'}", ", ".join(figures)


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    cells = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join("  ".join(row).rstrip() for row in cells)
