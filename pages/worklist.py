"""Page: many ECGs at once, scored in the background, in the order in which to read them."""

import streamlit as st

from ecgapp.ui.shell import model_choice, session
from ecgapp.ui.shell.page_start import bootstrap
from ecgapp.ui.sign_off import reader
from ecgapp.ui.worklist.worklist_drop import drop_panel
from ecgapp.ui.worklist.worklist_view import worklist_view

bootstrap("Worklist")
settings = session.settings()
cards = model_choice.installed()

left, right = st.columns([2, 3], gap="medium")
with left:
    classifier = model_choice.choose_model(
        "Classifier", model_choice.classifiers(cards), "worklist_classifier"
    )
with right:
    drop_panel(settings, classifier)
worklist_view(settings, hidden=reader.reads_first())
