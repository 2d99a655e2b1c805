"""Page: read one ECG. Tracing, preprocessing, reconstruction, findings, and what moved them."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui import choosing, findings, reading, review, saliency_panel, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.measurements_panel import measurements_panel
from ecgapp.ui.opening import choose_record
from ecgapp.ui.reading_panel import read_first_panel, reading_panel, status_of_findings
from ecgapp.ui.report_buttons import report_panel
from ecgapp.ui.tracing_panel import tracing_panel
from ecgapp.ui.worklist_walk import walk_bar

bootstrap("Review")
walk_bar()
choose_record()
reading.reading_bar()

if (sentence := session.problem()) is not None:
    st.error(sentence)
record = session.current_record()
if record is None:
    review.empty_panel()
    st.stop()

read = reading.current(record)
reviewed = read.review
tracing_panel(record)
headline = st.empty()

cards = choosing.installed()

left, right = st.columns(2)
with left:
    classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "classifier")
with right:
    autoencoder = choosing.choose_model("Autoencoder", choosing.autoencoders(cards), "autoencoder")

if read.blind:  # nothing of what a model says may be computed, or sent, before this
    read_first_panel(reviewed, classifier)
    st.stop()

found = None
if classifier is not None:
    try:
        found = review.found(record, classifier)
        reviewed = reading.note_shown(reviewed, found, classifier)
        headline.info(findings.summary(found, reviewed.status))
    except EcgAppError as error:
        headline.warning(str(error))

measurements_panel(record, cards)

if found is not None and classifier is not None:
    st.subheader("Preprocessing, step by step")
    review.preprocessing_panel(found.prepared, classifier)

if autoencoder is not None:
    st.subheader("The autoencoder's reconstruction")
    review.reconstruction_panel(record, autoencoder)

if found is not None and classifier is not None:
    st.subheader(f"Findings, {reviewed.word}")
    statuses = status_of_findings(reviewed, found, classifier)
    review.findings_panel(found, classifier, statuses)

reading_panel(record, reviewed, classifier, found)

if found is not None and classifier is not None:
    st.subheader("Saliency: which leads and moments moved the class")
    saliency_panel.saliency_panel(record, found, classifier, statuses)

st.subheader("Report")
report_panel(record, classifier, cards, reviewed)
