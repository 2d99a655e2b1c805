"""Page: read one ECG. The judgement, its tracing, findings, measurements, and what moved the classes."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.ui.review import judgement_panel, page_parts, saliency_panel
from ecgapp.ui.review.findings_panel import findings_panel, prevalences
from ecgapp.ui.review.measurements_panel import measurements_panel, rules_panel
from ecgapp.ui.review.report_buttons import report_panel
from ecgapp.ui.review.tracing_panel import tracing_panel
from ecgapp.ui.shell import ecg_in_view, model_choice
from ecgapp.ui.shell.opening import choose_record
from ecgapp.ui.shell.page_start import bootstrap
from ecgapp.ui.sign_off import reader
from ecgapp.ui.sign_off.reading_panel import read_first_panel, reading_panel, status_of_findings
from ecgapp.ui.worklist.worklist_walk import walk_bar

bootstrap("Review")
walk_bar()
choose_record()
reader.reading_bar()

if (sentence := ecg_in_view.problem()) is not None:
    st.error(sentence)
in_view = ecg_in_view.current()
if in_view is None:
    page_parts.empty_panel(model_choice.installed())
    st.stop()

ecg = in_view.ecg
read = reader.current(ecg)
reviewed = read.review
headline = page_parts.headline_place()
tracing_panel(ecg, in_view.title)
in_detail = st.container()

cards = model_choice.installed()

left, right = st.columns(2)
with left:
    classifier = model_choice.choose_model("Classifier", model_choice.classifiers(cards), "classifier")
with right:
    autoencoder = model_choice.choose_model("Autoencoder", model_choice.autoencoders(cards), "autoencoder")

if read.blind:  # nothing of what a classifier says may be computed, or sent, before this
    judgement_panel.before_reading(headline, ecg, reviewed)
    read_first_panel(reviewed, classifier)
    st.stop()

findings, no_labels = ecg.labels(classifier)
if findings is not None and classifier is not None:
    try:
        reviewed = reader.note_shown(reviewed, findings, classifier)
    except EcgAppError as error:
        st.error(str(error))
with in_detail:
    judgement_panel.details(ecg, classifier)
judgement_panel.show_judgement(headline, ecg, classifier, page_parts.status(reviewed, classifier))

if findings is not None and classifier is not None:
    st.subheader(f"Findings, {reviewed.word}")
    statuses = status_of_findings(reviewed, findings, classifier)
    findings_panel(ecg, findings, classifier, statuses)

reading_panel(ecg.record, reviewed, classifier, findings)
measurements_panel(ecg)
if findings is None:
    rules_panel(ecg)

if findings is not None and classifier is not None:
    st.subheader("Saliency: which leads and moments moved the class")
    saliency_panel.saliency_panel(ecg, findings, classifier, statuses)

if classifier is not None:
    page_parts.preprocessing_section(ecg, classifier)

if autoencoder is not None:
    st.subheader("The autoencoder's reconstruction")
    page_parts.reconstruction_panel(ecg, autoencoder)

st.subheader("Report")
report_panel(ecg, in_view.title, classifier, reviewed, prevalences())
