"""Promotion: a finished run's model becomes one that the review page offers, at once."""

import re
from dataclasses import replace

from ecgapp.config import Settings
from ecgapp.errors import JobError
from ecgapp.jobs import RunStore
from ecgapp.models import ModelCard, TrainedModel, installed_models, load_model, load_predictions, save_model

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}", re.ASCII)
_RESULT = "result"  # the folder in a run's own that training leaves its model in


def promote_run(store: RunStore, run_id: str, name: str, settings: Settings) -> ModelCard:
    """Copy the run's model, card and validation predictions to the installed ones, as ``name``.

    A model of that name gives way to it; a shipped one comes back when the promoted is removed.
    The run's events keep when it was, under which name, and the sha256 of the weights.

    Raises:
        JobError: the run has not finished, its model is gone, the name is no name, or the disk is full.
        WeightsMismatchError: the model was changed since it was trained.
    """
    if not _NAME.fullmatch(name):
        raise JobError("Name the model with up to 60 letters, digits, dots, dashes or underscores.")
    if store.get(run_id).state != "finished":
        raise JobError("This run has not finished, so there is no model to promote yet.")
    folder = store.folder(run_id) / _RESULT
    trained = list(installed_models([folder]))
    if len(trained) != 1:
        raise JobError("The run's model is no longer there. Train it again.")
    model = load_model([folder], trained[0])
    predictions = load_predictions([folder], trained[0])
    renamed = TrainedModel(model.network, replace(model.card, name=name))
    try:
        card = save_model(settings.weights, renamed, predictions)
    except OSError as error:
        raise JobError("The model cannot be installed. Check that the disk is not full.") from error
    store.add_event(run_id, "promoted", f"Promoted as {name}, sha256 {card.sha256}.")
    return card
