"""Page: how well does a model do, on which records, and at which threshold?"""

import streamlit as st

from ecgapp import analysis
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard, Predictions
from ecgapp.ui import choosing, gate_figures, performance, session, ventricular_figures
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.trying import thresholds_panel


def show_classifier(card: ModelCard) -> None:
    """Its figures, then the slider that moves them where the validation predictions were kept."""
    if card.validation is None or card.task is None:
        st.warning("This model was not validated. Do not rely on its probabilities.")
        return
    st.markdown(performance.tested_on(card.validation))
    if card.task.name in performance.PAPERS:
        st.caption(f"The studies, on their own data: {performance.PAPERS[card.task.name]}")
    predictions = kept_predictions(card)
    if predictions is not None:
        thresholds_panel(card, card.task, predictions)
        return
    st.dataframe(performance.macro(card.validation), hide_index=True)
    st.dataframe(performance.per_class(card.validation), hide_index=True, height="content")
    if not card.predictions_sha256:
        st.info("The validation predictions of this model were not kept, so there are no curves.")


def kept_predictions(card: ModelCard) -> Predictions | None:
    """Its validation predictions; where they are damaged that is told, and the card's figures stay."""
    try:
        return analysis.version_predictions(card, session.settings())
    except EcgAppError as error:
        st.warning(str(error))
        return None


def show_autoencoder(card: ModelCard) -> None:
    """Its reconstruction error beside the paper's."""
    if card.reconstruction is None:
        st.warning("This autoencoder was not validated.")
        return
    st.markdown(
        f"**{card.reconstruction.dataset}**, in standard deviations squared, 95 % intervals in brackets."
    )
    st.dataframe(performance.reconstruction(card.reconstruction), hide_index=True)
    st.caption(performance.JANG)


def show_delineator(card: ModelCard) -> None:
    """How well it meets the boundaries that were marked by hand."""
    if card.delineation is None:
        st.warning("This delineator was not validated.")
        return
    st.markdown(
        f"**{card.delineation.dataset}**: {card.delineation.n:,} records, "
        f"{card.delineation.n_leads:,} leads. "
        "Found within 150 ms of a mark; errors are found minus marked; 95 % intervals over records."
    )
    st.dataframe(performance.delineation(card.delineation), hide_index=True)


def show(card: ModelCard) -> None:
    """The figures that a model of this kind has."""
    if card.is_classifier:
        show_classifier(card)
    elif card.is_delineator:
        show_delineator(card)
    elif card.is_gate:
        gate_figures.gate_panel(card)
    elif card.is_ventricular:
        ventricular_figures.ventricular_panel(card)
    else:
        show_autoencoder(card)


bootstrap("Performance")
try:
    cards = choosing.installed()
    ordered = choosing.classifiers(cards) | choosing.autoencoders(cards) | choosing.delineators(cards)
    ordered |= choosing.gates(cards) | choosing.ventricular(cards)
    card = choosing.choose_model("Model", ordered, "performance_model")
    if card is not None:
        show(card)
        with st.expander("Model card"):
            st.table(performance.card_facts(card))
except EcgAppError as error:
    st.error(str(error))
