"""The ECGs that are open in a session: one object each, whichever pages show it."""

from collections.abc import Hashable, Mapping
from weakref import WeakValueDictionary

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import OpenedECG
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.system.memory import give_back_freed
from ecgapp.ui.shell import model_choice, session

OPEN_ECGS = "open_ecgs"  # session state


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


def open_ecg(record: ECGRecord) -> OpenedECG:
    """The session's one object for this ECG, with everything that was computed from it already.

    Two pages that open the same samples share it, also when they read them from two files. It is dropped
    when the last page lets it go. Results within it are held by the digests of the models that made them.
    """
    ecg = OpenedECG(record, InstalledNow(), give_back_freed)
    table: WeakValueDictionary[Hashable, OpenedECG]
    table = st.session_state.setdefault(OPEN_ECGS, WeakValueDictionary())
    return table.setdefault(_identity(ecg), ecg)


def _identity(ecg: OpenedECG) -> Hashable:
    """The samples' fingerprint with what a file says beside them that a page shows."""
    record = ecg.record
    return ecg.fingerprint, record.derived, record.codes, record.warnings, record.synthetic
