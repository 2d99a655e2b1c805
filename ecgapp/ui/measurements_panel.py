"""The measurements of the review page: table, ST levels, and the beat that they were read from."""

import streamlit as st

from ecgapp.analysis import Measurements, OpenedECG
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.ui import measurements, session
from ecgapp.ui.paper_chart import paper

PLAIN = {"displayModeBar": False}
WIDTHS = {
    name: st.column_config.TextColumn(width=pixels)
    for name, pixels in {"Measurement": 115, "Value": 64, "Normal": 106, "": 50, "How measured": 155}.items()
}
RULE_WIDTHS = {
    "Rule": st.column_config.TextColumn(width=190),
    "Result": st.column_config.TextColumn(width=90),
    "Figures": st.column_config.TextColumn(width=700),
}


def measurements_panel(ecg: OpenedECG) -> None:
    """Everything measured in the ECG by the installed delineator; nothing where there is none."""
    card = ecg.delineator
    if card is None:
        return
    st.subheader("Measurements, unconfirmed")
    try:
        measured = ecg.measurements()
    except EcgAppError as error:
        st.warning(str(error))
        return
    if measured is None:
        return
    for sentence in measured.warnings:
        st.warning(sentence)
    left, right = st.columns([11, 9])
    with left:
        st.dataframe(measurements.table(measured), hide_index=True, column_config=WIDTHS, height="content")
        for sentence in measurements.blanks(measured):
            st.info(sentence)
    with right:
        _show_beat(measured, card)
    if measured.st_levels:
        st.caption("ST level at J+60 ms, against the level just before QRS, as recorded:")
        st.dataframe(measurements.st_table(measured))
    st.caption(
        f"Read by {card.name}, sha256 {card.sha256[:12]}. Normal ranges are those of adults. "
        "For how close its boundaries come to those that cardiologists marked, see the Performance page."
    )


def rules_panel(ecg: OpenedECG) -> None:
    """What the textbook rules find, for where no classifier's findings stand beside them."""
    results = ecg.rules()
    if not results:
        return
    st.subheader("Textbook rules, unconfirmed")
    st.dataframe(
        measurements.rules_table(results), hide_index=True, height="content", column_config=RULE_WIDTHS
    )


def _show_beat(measured: Measurements, card: ModelCard) -> None:
    if measured.beat is None:
        st.info("There is no median beat: too few beats are alike.")
        return
    beat = measured.beat
    figure = session.remember(("beat figure", card.digest), lambda: measurements.beat_figure(beat))
    alt = "Median beat of each lead, with the P wave, QRS complex and T wave marked"
    with paper(figure, "median_beat"):
        st.plotly_chart(figure, theme=None, config=PLAIN, key="median_beat", height="stretch", alt=alt)
    st.caption(measurements.in_words(measured.beat))
    with st.expander("Median beat as a table"):
        st.table(measurements.beat_table(measured.beat).set_index("Lead"))
        st.caption("mV (where the volts are lost, standard deviations), T where it is largest.")
