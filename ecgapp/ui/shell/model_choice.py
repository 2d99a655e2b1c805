"""The choice of a model by a select box over the cards, and the opened weights, shared by all sessions."""

from collections.abc import Mapping

import streamlit as st

from ecgapp import analysis
from ecgapp.config import Settings
from ecgapp.models import ModelCard, TrainedModel
from ecgapp.ui.shell import session

MODELS_IN_MEMORY = 8


def installed() -> dict[str, ModelCard]:
    """The cards of all models on this machine; a warning is drawn for each that cannot be read."""
    damaged_models_notice()
    return analysis.available_models(session.settings())


def damaged_models_notice() -> None:
    """A sentence for each installed model whose card cannot be read."""
    for sentence in analysis.damaged_models(session.settings()):
        st.warning(sentence)


def classifiers(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The classifiers among ``cards``, by name."""
    return {name: card for name, card in cards.items() if card.is_classifier}


def autoencoders(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The autoencoders among ``cards``, by name."""
    return {name: card for name, card in cards.items() if card.is_autoencoder}


def delineators(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The models among ``cards`` that find where waves begin and end, by name."""
    return {name: card for name, card in cards.items() if card.is_delineator}


def gates(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The models among ``cards`` that judge whether a record can be read, by name."""
    return {name: card for name, card in cards.items() if card.is_gate}


def ventricular(cards: Mapping[str, ModelCard]) -> dict[str, ModelCard]:
    """The models among ``cards`` that recognise ventricular rhythms, by name."""
    return {name: card for name, card in cards.items() if card.is_ventricular}


def choose_model(label: str, cards: Mapping[str, ModelCard], key: str) -> ModelCard | None:
    """A select box over ``cards``, with the version's hash below; None, with a hint, where there are none.

    Models that share a title have their names beside it.
    """
    if not cards:
        st.info(f"{label}: none is installed yet. Train and promote one on the Training page.")
        return None
    titles = [card.title for card in cards.values()]

    def words(name: str) -> str:
        title = cards[name].title
        return f"{title} ({name})" if title and titles.count(title) > 1 else title or name

    name = st.selectbox(label, list(cards), format_func=words, key=key)
    st.caption(f"{name}, sha256 {cards[name].sha256[:12]}")
    return cards[name]


def opened(card: ModelCard) -> TrainedModel:
    """The model of this card, read once for all sessions.

    Raises:
        ModelError: its weights are missing, or are not the card's.
    """
    return _opened(card.digest, card, session.settings())


@st.cache_resource(max_entries=MODELS_IN_MEMORY, show_spinner=False)
def _opened(digest: str, _card: ModelCard, _settings: Settings) -> TrainedModel:
    """``digest`` keys the cache: a promotion under an old name is read afresh."""
    return analysis.open_version(_card, _settings)
