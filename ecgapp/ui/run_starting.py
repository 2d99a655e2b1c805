"""Starting a training from the page: once, however often it is clicked, and never on empty folds."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from ecgapp import documents
from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError
from ecgapp.jobs import Run, RunStore
from ecgapp.models import ModelCard, installed_models
from ecgapp.training import TrainingConfig
from ecgapp.ui.stores import folds_of

CHOSEN_RUN = "chosen_run"  # session state: the run that the page shows


def new_form() -> str:
    """What tells a form that is shown from every other one: another tab's, and the one after it was sent."""
    return secrets.token_hex(8)


def start_run(config: TrainingConfig, runs: RunStore, form: str) -> Run:
    """Queue the training, and start it where its devices are free; a second click gets the first's run.

    Raises:
        JobError: another form has made a run of these settings, which waits or is under way.
    """
    text = documents.dump(config)
    run = runs.create_once(config.name, config.phase, config.device, text, form)
    return runs.launch(run.id)


def refuse_empty_folds(config: TrainingConfig, stores: Sequence[DatasetStore]) -> None:
    """Say at once what the run would only find out later.

    Raises:
        ConfigError: no record lies in the folds to train on, or in those to validate on.
    """
    present = {fold for store in stores for fold in folds_of(store)}
    for folds, purpose in ((config.train_folds, "training"), (config.validation_folds, "validation")):
        if present.isdisjoint(folds):
            there = ", ".join(str(fold) for fold in sorted(present - {0}))
            raise ConfigError(
                f"The folds for {purpose} hold no record. The data sets have the folds {there}."
            )


def run_reference(run_id: str) -> str:
    """How a config names the result of a run of this machine."""
    return f"run:{run_id}"


def trained_here(runs: RunStore) -> dict[str, ModelCard]:
    """The cards of what finished runs have made, the newest first, by the name that a config gives them."""
    found: dict[str, ModelCard] = {}
    for run in runs.all():
        if run.state == "finished":
            cards = _cards(runs.folder(run.id) / "result", run.ended)
            found |= {
                run_reference(run.id): replace(card, title=f"{run.title}, {card.title}") for card in cards
            }
    return found


@lru_cache(maxsize=512)
def _cards(folder: Path, _ended: float | None) -> tuple[ModelCard, ...]:
    return tuple(installed_models([folder]).values())
