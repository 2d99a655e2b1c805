"""The validation predictions that a model was saved with, by the model's name."""

from ecgapp.analysis import available_models, version_predictions
from ecgapp.models import load_card, load_version_predictions


def load_predictions(folders, name):
    """The predictions of the model in the first folder that has it."""
    folder = next(folder for folder in folders if (folder / f"{name}.json").is_file())
    return load_version_predictions([folder], load_card(folder, name))


def validation_predictions(name, settings):
    """The predictions of an installed model."""
    return version_predictions(available_models(settings)[name], settings)
