"""Page: read one ECG. The judgement, its tracing, findings, measurements, and what moved the classes."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui import choosing, judgement_panel, opened, reading, review, saliency_panel, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.findings_panel import findings_panel
from ecgapp.ui.measurements_panel import measurements_panel, rules_panel
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
    review.empty_panel(choosing.installed())
    st.stop()

ecg = opened.current(record)
read = reading.current(record)
reviewed = read.review
headline = review.headline_place()
tracing_panel(record)
in_detail = st.container()

cards = choosing.installed()

left, right = st.columns(2)
with left:
    classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "classifier")
with right:
    autoencoder = choosing.choose_model("Autoencoder", choosing.autoencoders(cards), "autoencoder")

if read.blind:  # nothing of what a classifier says may be computed, or sent, before this
    judgement_panel.before_reading(headline, ecg, reviewed)
    read_first_panel(reviewed, classifier)
    st.stop()

found, no_labels = ecg.labels(classifier)
if found is not None and classifier is not None:
    try:
        reviewed = reading.note_shown(reviewed, found, classifier)
    except EcgAppError as error:
        st.error(str(error))
with in_detail:
    judgement_panel.details(ecg, classifier)
judgement_panel.show_judgement(headline, ecg, classifier, review.status(reviewed, classifier))

if found is not None and classifier is not None:
    st.subheader(f"Findings, {reviewed.word}")
    statuses = status_of_findings(reviewed, found, classifier)
    findings_panel(ecg, found, classifier, statuses)

reading_panel(record, reviewed, classifier, found)
measurements_panel(ecg)
if found is None:
    rules_panel(ecg)

if found is not None and classifier is not None:
    st.subheader("Saliency: which leads and moments moved the class")
    saliency_panel.saliency_panel(record, found, classifier, statuses)

if classifier is not None:
    review.preprocessing_section(record, classifier)

if autoencoder is not None:
    st.subheader("The autoencoder's reconstruction")
    review.reconstruction_panel(record, autoencoder)

st.subheader("Report")
report_panel(record, classifier, reviewed)
