"""Page: how well does a model do, on which records, and at which threshold?"""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui.performance.model_view import card_facts, show_model
from ecgapp.ui.shell import model_choice
from ecgapp.ui.shell.page_start import bootstrap

bootstrap("Performance")
try:
    cards = model_choice.installed()
    ordered = (
        model_choice.classifiers(cards) | model_choice.autoencoders(cards) | model_choice.delineators(cards)
    )
    ordered |= model_choice.gates(cards) | model_choice.ventricular(cards)
    card = model_choice.choose_model("Model", ordered, "performance_model")
    if card is not None:
        show_model(card)
        with st.expander("Model card"):
            st.table(card_facts(card))
except EcgAppError as error:
    st.error(str(error))
