"""Several runs side by side: the settings that differ, and the results."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ecgapp.jobs import Run
from ecgapp.runs.run_figures import RunFigures, config_of, last, run_lci
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig

NOT_COMPARED = ("title", "licence", "checkpoint_seconds")  # they change no weights
DIGITS = 4


def differing_settings(configs: Mapping[str, TrainingConfig]) -> pd.DataFrame:
    """A row for each setting that is not the same in all configs, and a column for each config."""
    flat = {name: flattened(config) for name, config in configs.items()}
    settings = dict.fromkeys(setting for values in flat.values() for setting in values)
    rows = [
        {"Setting": setting} | {name: values.get(setting, "–") for name, values in flat.items()}
        for setting in settings
        if len({values.get(setting, "–") for values in flat.values()}) > 1
    ]
    return pd.DataFrame(rows, columns=["Setting", *flat])


def flattened(config: TrainingConfig) -> dict[str, str]:
    """Every setting by its dotted name, e.g. ``network.widths``, as text; of a path only the last part."""
    flat: dict[str, str] = {}
    named = replace(config, stores=tuple(Path(name).name for name in config.stores))
    _flatten("", documents.to_plain(named), flat)
    return {name: text for name, text in flat.items() if name not in NOT_COMPARED}


def _flatten(name: str, plain: object, flat: dict[str, str]) -> None:
    if isinstance(plain, dict) and plain:
        for key, item in plain.items():
            _flatten(f"{name}.{key}" if name else str(key), item, flat)
    elif isinstance(plain, list):
        flat[name] = ", ".join(str(item) for item in plain) or "none"
    else:
        flat[name] = "none" if plain is None else str(plain)


def results(runs: Sequence[Run], figures: Mapping[str, RunFigures]) -> pd.DataFrame:
    """A row for each run: where it ended, and its best and last figures."""
    return pd.DataFrame([_result(run, figures[run.id]) for run in runs])


def _result(run: Run, figures: RunFigures) -> dict[str, object]:
    ended = run.ended or run.heartbeat
    seconds = ended - run.started if run.started and ended else None
    index = run_lci(figures.f1, config_of(run))
    return {
        "Run": run.title,
        "State": run.state,
        "Epochs": run.done,
        "Minutes": math.nan if seconds is None else round(seconds / 60, 1),
        "Best F1": _rounded(max((f1 for _, f1 in figures.f1), default=None)),
        "Best epoch": _best_epoch(figures),
        "Last F1": _rounded(last(figures.f1)),
        "AUROC": _rounded(last(figures.auroc)),
        "LCI": _rounded(index.value),
        "Lowest loss": _rounded(min((loss for _, loss in figures.validation_loss), default=None)),
        "Last loss": _rounded(last(figures.validation_loss)),
        "Windows/s": _rounded(last(figures.throughput)),
        "Device": run.device,
        "Id": run.id[:6],
    }


def _best_epoch(figures: RunFigures) -> int | None:
    """The epoch of the highest F1, or in pretraining of the lowest loss."""
    scores = figures.f1 or [(epoch, -loss) for epoch, loss in figures.validation_loss]
    return int(max(scores, key=lambda point: point[1])[0]) if scores else None


def _rounded(value: float | None) -> float:
    return math.nan if value is None else round(value, DIGITS)


def curve_names(runs: Sequence[Run]) -> dict[str, str]:
    """The name of each run's curve, by the run's id: its title, with the id if two share it."""
    titles = [run.title for run in runs]
    return {
        run.id: run.title if titles.count(run.title) == 1 else f"{run.title} ({run.id[:6]})" for run in runs
    }


def newest_alike(runs: Sequence[Run], most: int) -> list[Run]:
    """The newest runs of one phase that have done an epoch; none where no phase has ``most`` of them."""
    for phase in dict.fromkeys(run.phase for run in runs):
        alike = [run for run in runs if run.done and run.phase == phase]
        if len(alike) >= most:
            return alike[:most]
    return []


def shared_labels(figures: Mapping[str, RunFigures]) -> list[str]:
    """The labels that at least one of the runs has an F1 of, in order of appearance."""
    return list(dict.fromkeys(label for each in figures.values() for label in each.f1_by_label))
