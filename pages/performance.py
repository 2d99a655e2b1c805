"""Page: how well does a model do, on which records, and at which threshold?"""

import streamlit as st

from ecgapp import analysis
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard, Predictions
from ecgapp.ui.performance import figure_tables, gate_performance, ventricular_performance
from ecgapp.ui.performance.threshold_panel import thresholds_panel
from ecgapp.ui.shell import model_choice, session
from ecgapp.ui.shell.page_start import bootstrap


def show_classifier(card: ModelCard) -> None:
    """Its figures, then the slider that moves them where the validation predictions were kept."""
    if card.validation is None or card.task is None:
        st.warning("This model was not validated. Do not rely on its probabilities.")
        return
    st.markdown(figure_tables.tested_on(card.validation))
    if card.task.name in figure_tables.PAPERS:
        st.caption(f"The studies, on their own data: {figure_tables.PAPERS[card.task.name]}")
    predictions = kept_predictions(card)
    if predictions is not None:
        thresholds_panel(card, card.task, predictions)
        return
    st.dataframe(figure_tables.macro(card.validation), hide_index=True)
    st.dataframe(figure_tables.per_class(card.validation), hide_index=True, height="content")
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
    st.dataframe(figure_tables.reconstruction(card.reconstruction), hide_index=True)
    st.caption(figure_tables.JANG)


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
    st.dataframe(figure_tables.delineation(card.delineation), hide_index=True)


def show(card: ModelCard) -> None:
    """The figures that a model of this kind has."""
    if card.is_classifier:
        show_classifier(card)
    elif card.is_delineator:
        show_delineator(card)
    elif card.is_gate:
        gate_performance.gate_panel(card)
    elif card.is_ventricular:
        ventricular_performance.ventricular_panel(card)
    else:
        show_autoencoder(card)


bootstrap("Performance")
try:
    cards = model_choice.installed()
    ordered = (
        model_choice.classifiers(cards) | model_choice.autoencoders(cards) | model_choice.delineators(cards)
    )
    ordered |= model_choice.gates(cards) | model_choice.ventricular(cards)
    card = model_choice.choose_model("Model", ordered, "performance_model")
    if card is not None:
        show(card)
        with st.expander("Model card"):
            st.table(figure_tables.card_facts(card))
except EcgAppError as error:
    st.error(str(error))
