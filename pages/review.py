"""Page: read one ECG. Tracing, preprocessing, reconstruction, findings, and what moved them."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui import choosing, findings, gate_panel, review, saliency_panel, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.measurements_panel import measurements_panel
from ecgapp.ui.opening import choose_record
from ecgapp.ui.report_buttons import report_panel
from ecgapp.ui.tracing_panel import tracing_panel
from ecgapp.ui.worklist_walk import walk_bar

bootstrap("Review")
walk_bar()
choose_record()

if (sentence := session.problem()) is not None:
    st.error(sentence)
record = session.current_record()
if record is None:
    review.empty_panel()
    st.stop()

tracing_panel(record)
headline = st.empty()

cards = choosing.installed()

left, right = st.columns(2)
with left:
    classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "classifier")
with right:
    autoencoder = choosing.choose_model("Autoencoder", choosing.autoencoders(cards), "autoencoder")

found = None
refused = gate_panel.refused(record, cards, headline)
if classifier is not None and not refused:
    try:
        found = review.found(record, classifier)
        headline.info(findings.summary(found))
    except EcgAppError as error:
        headline.warning(str(error))

if not refused:
    measurements_panel(record, cards)

if classifier is not None and (found is not None or refused):
    review.preprocessing_section(record, classifier)

if autoencoder is not None:
    st.subheader("The autoencoder's reconstruction")
    review.reconstruction_panel(record, autoencoder)

if found is not None and classifier is not None:
    st.subheader("Findings, unconfirmed")
    review.findings_panel(found, classifier)
    st.subheader("Saliency: which leads and moments moved the class")
    saliency_panel.saliency_panel(record, found, classifier)

st.subheader("Report")
report_panel(record, classifier, cards)
