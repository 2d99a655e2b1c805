"""Page: an ECG beside an earlier one of the same patient. What changed, and whether it can be told."""

import streamlit as st

from ecgapp.analysis import change_tables
from ecgapp.analysis.ecg_comparison import level_changes, measured_changes
from ecgapp.errors import EcgAppError
from ecgapp.ui import choosing, compare, compare_doubts, compare_gate
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.compare_view import pair_panel

bootstrap("Compare")
both = compare.openings()
if not both:
    st.stop()

headline = st.empty()
st.subheader("Tracings, at one scale")
pair_panel(both)
if len(both) < 2:
    headline.info("Open the other ECG above: what changed stands here then.")
    st.stop()

cards = choosing.installed()
with headline.container():
    if not compare_gate.may_show(both):
        st.stop()
    compare.critical_findings(both)
    withheld = compare_gate.withheld(both)
    changed = st.empty()

classifier = choosing.choose_model("Classifier", choosing.classifiers(cards), "classifier")
found = compare.compared_findings(both, classifier) if classifier is not None and not withheld else ()
if found and classifier is not None:
    st.subheader("Findings, unconfirmed")
    compare.findings_panel(both, found, classifier)

delineator = next(iter(choosing.delineators(cards).values()), None)
changes, levels = (), ()
if delineator is not None:
    try:
        measured = compare.measured(both)
        changes = measured_changes(*measured.values(), delineator)
        levels = level_changes(*measured.values())
    except EcgAppError as error:
        st.warning(str(error))
    else:
        st.subheader("Intervals, axes and ST, unconfirmed")
        compare.intervals_panel(measured, changes, delineator)
        st.subheader("Median beats, laid over each other")
        compare.beats_panel(both, measured)

shifted = change_tables.shifts(levels, changes)
words = f"{change_tables.summary(found, changes, levels)} {compare_doubts.headline(both)}".rstrip()
(changed.warning if shifted else changed.info)(words, icon=":material/compare_arrows:")
