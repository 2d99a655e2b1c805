"""The models that are installed on this machine: promoted ones before shipped ones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ecgapp import models
from ecgapp.config import Settings
from ecgapp.models import (
    ModelCard,
    Predictions,
    TrainedModel,
    installed_models,
    load_model,
    load_version,
    load_version_predictions,
)


def available_models(settings: Settings) -> dict[str, ModelCard]:
    """Cards by name; those promoted here come first, and stand before shipped ones of their name."""
    promoted = installed_models([settings.weights])
    shipped = installed_models([settings.shipped_weights])
    return promoted | {name: card for name, card in shipped.items() if name not in promoted}


def damaged_models(settings: Settings) -> tuple[str, ...]:
    """A sentence for each installed model whose card cannot be read; it is not offered."""
    return models.damaged_models(_folders(settings))


def open_model(name: str, settings: Settings) -> TrainedModel:
    """The model of this name, its weights checked against its card.

    Raises:
        ModelNotFoundError: there is none.
        WeightsMismatchError: weights and card disagree.
    """
    return load_model(_folders(settings), name)


def open_version(card: ModelCard, settings: Settings) -> TrainedModel:
    """The model of exactly this card, also where another one took its name a moment ago.

    Raises:
        WeightsMismatchError: its weights are gone or damaged.
    """
    return load_version(_folders(settings), card)


def version_predictions(card: ModelCard, settings: Settings) -> Predictions | None:
    """The validation predictions of the classifier of exactly this card, or None if they were not stored.

    Raises:
        WeightsMismatchError: they are gone, or damaged.
    """
    return load_version_predictions(_folders(settings), card)


def _folders(settings: Settings) -> tuple[Path, Path]:
    return settings.weights, settings.shipped_weights


class Models(Protocol):
    """The models that a program or a page uses."""

    def cards(self) -> Mapping[str, ModelCard]:
        """The cards of all installed models, by name."""

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model of this card.

        Raises:
            ModelError: its weights are missing or damaged.
        """


class InstalledModels:
    """The models installed at the time it is made, each opened once; for programs that read many ECGs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cards = available_models(settings)
        self._opened: dict[str, TrainedModel] = {}

    def cards(self) -> Mapping[str, ModelCard]:
        """The cards by name."""
        return self._cards

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model of this card.

        Raises:
            WeightsMismatchError: its weights are gone or damaged.
        """
        if card.digest not in self._opened:
            self._opened[card.digest] = open_version(card, self._settings)
        return self._opened[card.digest]
