"""Page: many ECGs at once, scored in the background, in the order in which to read them."""

import streamlit as st

from ecgapp.ui import choosing, reading, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.worklist_drop import drop_panel
from ecgapp.ui.worklist_view import worklist_view

bootstrap("Worklist")
settings = session.settings()
cards = choosing.installed()

left, right = st.columns([2, 3], gap="medium")
with left:
    classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "worklist_classifier")
with right:
    drop_panel(settings, classifier)
worklist_view(settings, hidden=reading.reads_first())
