"""Starting a training: the checks before it, and one run however often a form is sent."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from ecgapp.datasets import DatasetStore
from ecgapp.datasets.folds import folds_of
from ecgapp.errors import ConfigError
from ecgapp.jobs import RESUME, TRAIN, NewRun, Run, RunStore
from ecgapp.models import ModelCard, installed_models
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig
from ecgapp.training.data.in_memory import choose_records
from ecgapp.training.data.sharding import shareable_batch
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.devices import n_devices
from ecgapp.training.ensembles import records_of_members
from ecgapp.training.objective import refuse_unanswered


def new_form() -> str:
    """A number for a form: another tab's form has another, and so has the form after it was sent."""
    return secrets.token_hex(8)


def start_run(config: TrainingConfig, runs: RunStore, form: str) -> Run:
    """Queue the training, and start it where its devices are free; a second click gets the first's run.

    Raises:
        JobError: another form has made a run of these settings, which waits or is under way.
    """
    text = documents.dump(config)
    run = runs.add(NewRun(TRAIN, config.name, config.phase, config.device, text, RESUME, form))
    return runs.launch(run.id)


def check_before_start(config: TrainingConfig, stores: Sequence[DatasetStore]) -> None:
    """Raise before the start, for a reader of the page, what the run itself would raise later.

    ``stores`` are those of the config. Only their columns are read, no signals.

    Raises:
        ConfigError: the folds for training or for validation hold no record, or several devices cannot
            share the work.
        TrainingError: none of those records answers what is asked, or a member of an ensemble has none.
    """
    n = n_devices(config.device)
    if n > 1 and config.compiled:
        raise ConfigError("A compiled network learns on one device. Choose one, or train without compiling.")
    _refuse_empty_folds(config, stores)
    records = choose_records(config, stores)
    networks = [one.train for one in records_of_members(config, records)]
    if not config.pretraining:
        refuse_unanswered(records.targets, networks)
    if n > 1:
        _refuse_uneven(config, records, networks, n)


def _refuse_uneven(config: TrainingConfig, records: RecordSet, networks: Sequence[Rows], n: int) -> None:
    """``n`` devices need as many records as ``n`` batches hold, and sometimes a few more."""
    fewest = min(map(len, networks))
    batch = shareable_batch(records, networks, config.batch_size, config.lanes, n)
    if batch == 0:
        raise ConfigError(f"There are too few records for {n} devices. Choose one of them.")
    if batch != config.batch_size:
        raise ConfigError(
            f"{n} devices cannot share {fewest:,} records out evenly in batches of {config.batch_size}. "
            f"Choose batch size {batch}, or one device."
        )


def _refuse_empty_folds(config: TrainingConfig, stores: Sequence[DatasetStore]) -> None:
    present = {fold for store in stores for fold in folds_of(store)}
    for folds, purpose in ((config.train_folds, "training"), (config.validation_folds, "validation")):
        if present.isdisjoint(folds):
            there = ", ".join(str(fold) for fold in sorted(present - {0}))
            raise ConfigError(
                f"The folds for {purpose} hold no record. The data sets have the folds {there}."
            )


def run_reference(run_id: str) -> str:
    """The name by which a config transfers from the result of a run of this machine."""
    return f"run:{run_id}"


def trained_here(runs: RunStore) -> dict[str, ModelCard]:
    """The cards of what finished runs have made, the newest first, by the name that a config gives them."""
    by_reference: dict[str, ModelCard] = {}
    for run in runs.all():
        if run.state == "finished":
            cards = _cards(runs.folder(run.id) / "result", run.ended)
            by_reference |= {
                run_reference(run.id): replace(card, title=f"{run.title}, {card.title}") for card in cards
            }
    return by_reference


@lru_cache(maxsize=512)
def _cards(folder: Path, _ended: float | None) -> tuple[ModelCard, ...]:
    return tuple(installed_models([folder]).values())
