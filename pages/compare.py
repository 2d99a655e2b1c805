"""Page: an ECG beside an earlier one of the same patient. What changed, and whether it can be told."""

import streamlit as st

from ecgapp.analysis import change_tables
from ecgapp.analysis.ecg_comparison import level_changes, measured_changes
from ecgapp.errors import EcgAppError
from ecgapp.ui.compare import compare_admission, compare_panels
from ecgapp.ui.compare.paired_tracings import pair_panel
from ecgapp.ui.shell import model_choice
from ecgapp.ui.shell.page_start import bootstrap

bootstrap("Compare")
both = compare_panels.openings()
if not both:
    st.stop()

headline = st.empty()
st.subheader("Tracings at the same scale")
pair_panel(both)
if len(both) < 2:
    headline.info("Open the second ECG above to see what changed.")
    st.stop()

cards = model_choice.installed()
with headline.container():
    if not compare_admission.may_show(both):
        st.stop()
    compare_panels.critical_findings(both)
    withheld = compare_admission.withheld(both)
    changed = st.empty()

classifier = model_choice.choose_model("Classifier", model_choice.classifiers(cards), "classifier")
findings = (
    compare_panels.compared_findings(both, classifier) if classifier is not None and not withheld else ()
)
if findings and classifier is not None:
    st.subheader("Findings, unconfirmed")
    compare_panels.findings_panel(both, findings, classifier)

delineator = next(iter(model_choice.delineators(cards).values()), None)
changes, levels = (), ()
if delineator is not None:
    try:
        measured = compare_panels.measured(both)
        changes = measured_changes(*measured.values(), delineator)
        levels = level_changes(*measured.values())
    except EcgAppError as error:
        st.warning(str(error))
    else:
        st.subheader("Intervals, axes and ST, unconfirmed")
        compare_panels.intervals_panel(measured, changes, delineator)
        st.subheader("Median beats, superimposed")
        compare_panels.beats_panel(both, measured)

shifted = change_tables.shifts(levels, changes)
words = f"{change_tables.summary(findings, changes, levels)} {compare_admission.doubts_of_all(both)}".rstrip()
(changed.warning if shifted else changed.info)(words, icon=":material/compare_arrows:")
