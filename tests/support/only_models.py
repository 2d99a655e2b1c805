"""An open ECG with the models that a test hands in, and no others."""

from ecgapp.analysis import OpenedECG
from ecgapp.errors import WeightsMismatchError


class OnlyModels:
    """The models of a test; those named ``broken`` cannot be opened."""

    def __init__(self, *models, broken=()):
        self.models = {model.card.name: model for model in models}
        self.broken = broken

    def cards(self):
        return {name: model.card for name, model in self.models.items()}

    def opened(self, card):
        if card.name in self.broken:
            raise WeightsMismatchError("The weights are damaged.")
        return self.models[card.name]


def open_with(record, *models):
    """``record`` open, with these models alone."""
    return OpenedECG(record, OnlyModels(*models))
