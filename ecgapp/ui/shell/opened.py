"""The ECG in view with everything computed from it: one object for each record that is open in a session."""

from collections.abc import Mapping

from ecgapp import analysis
from ecgapp.analysis import OpenedECG
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.system.memory import give_back_freed
from ecgapp.ui.shell import model_choice, session


class InstalledNow:
    """The models that are installed at the moment of asking; their weights are shared by all sessions."""

    def cards(self) -> Mapping[str, ModelCard]:
        """The cards by name."""
        return analysis.available_models(session.settings())

    def opened(self, card: ModelCard) -> TrainedModel:
        """The model of this card.

        Raises:
            ModelError: its weights are missing, or are not the card's.
        """
        return model_choice.opened(card)


def opened_ecg(record: ECGRecord) -> OpenedECG:
    """``record`` with everything that will be computed from it; freed memory goes back to the system."""
    return OpenedECG(record, InstalledNow(), give_back_freed)


def current(record: ECGRecord) -> OpenedECG:
    """The ECG in view, whose record is ``record``; the same object at every call."""
    return session.remember("ecg", lambda: opened_ecg(record))
