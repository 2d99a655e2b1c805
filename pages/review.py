"""Page: read one ECG. The headline, its tracing, findings, measurements, and what moved the classes."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui import choosing, gate_panel, reading, review, saliency_panel, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.findings_panel import findings_panel
from ecgapp.ui.measurements_panel import measurements_panel
from ecgapp.ui.opening import choose_record
from ecgapp.ui.reading_panel import FIRST, read_first_panel, reading_panel, status_of_findings
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
    review.empty_panel(choosing.installed())
    st.stop()

read = reading.current(record)
reviewed = read.review
headline = review.headline_place()
tracing_panel(record)

cards = choosing.installed()

left, right = st.columns(2)
with left:
    classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "classifier")
with right:
    autoencoder = choosing.choose_model("Autoencoder", choosing.autoencoders(cards), "autoencoder")

if read.blind:  # nothing of what a model says may be computed, or sent, before this
    headline.info(FIRST)
    read_first_panel(reviewed, classifier)
    st.stop()

found = None
refused = gate_panel.refused(record, cards, headline)
if classifier is not None and not refused:
    try:
        found = review.found(record, classifier)
        reviewed = reading.note_shown(reviewed, found, classifier)
        headline.info(review.headline(record, found, reviewed, classifier))
    except EcgAppError as error:
        headline.warning(str(error))

if found is not None and classifier is not None:
    st.subheader(f"Findings, {reviewed.word}")
    statuses = status_of_findings(reviewed, found, classifier)
    findings_panel(record, found, classifier, cards, statuses)

reading_panel(record, reviewed, classifier, found)

if not refused:
    measurements_panel(record, cards)

if found is not None and classifier is not None:
    st.subheader("Saliency: which leads and moments moved the class")
    saliency_panel.saliency_panel(record, found, classifier, statuses)

if classifier is not None and (found is not None or refused):
    review.preprocessing_section(record, classifier)

if autoencoder is not None:
    st.subheader("The autoencoder's reconstruction")
    review.reconstruction_panel(record, autoencoder)

st.subheader("Report")
report_panel(record, classifier, cards, reviewed)
