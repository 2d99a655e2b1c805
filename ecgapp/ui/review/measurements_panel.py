"""The measurements of the review page: table, ST levels, and the beat that they were read from."""

from dataclasses import dataclass

import streamlit as st

from ecgapp.analysis import OpenedECG
from ecgapp.analysis.measurement.measurements import LONGEST, Measurements
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.ui.review import measurement_figures
from ecgapp.ui.shell.ecg_in_view import figures, page_state
from ecgapp.ui.tracing.paging import page_start
from ecgapp.ui.tracing.paper_frame import PLAIN, paper
from ecgapp.ui.tracing.tracing_controls import chosen_view

WIDTHS = {
    name: st.column_config.TextColumn(width=pixels)
    for name, pixels in {"Measurement": 115, "Value": 64, "Normal": 106, "": 50, "How measured": 155}.items()
}
RULE_WIDTHS = {
    "Rule": st.column_config.TextColumn(width=190),
    "Result": st.column_config.TextColumn(width=90),
    "Figures": st.column_config.TextColumn(width=700),
}


@dataclass
class MeasuredStretch:
    """The start of the measured 30 s of a long record, in s."""

    start: float = 0.0


@dataclass(frozen=True)
class BeatFigure:
    """The key of a figure of the median beat."""

    digest: str
    start: float


def measurements_panel(ecg: OpenedECG) -> None:
    """Draw everything that the installed delineator measures; nothing if none is installed."""
    card = ecg.delineator
    if card is None:
        return
    st.subheader("Measurements, unconfirmed")
    start = _choose_start(ecg.record)
    try:
        measured = ecg.measurements(start)
    except EcgAppError as error:
        st.warning(str(error))
        return
    if measured is None:
        return
    for sentence in measured.warnings:
        st.warning(sentence)
    left, right = st.columns([11, 9])
    with left:
        st.dataframe(
            measurement_figures.table(measured), hide_index=True, column_config=WIDTHS, height="content"
        )
        for sentence in measured.blanks:
            st.info(sentence)
    with right:
        _show_beat(measured, card)
    if measured.st_levels:
        st.caption("ST level at J and at J+60 ms, against the level just before QRS, as recorded:")
        st.dataframe(measurement_figures.st_table(measured))
    st.caption(
        f"Read by {card.name}, sha256 {card.sha256[:12]}. Normal ranges are those of adults. "
        "For how close its boundaries come to those that cardiologists marked, see the Performance page."
    )


def rules_panel(ecg: OpenedECG) -> None:
    """Draw what the textbook rules find, if no classifier's findings stand beside them."""
    results = ecg.rules()
    if not results:
        return
    st.subheader("Textbook rules, unconfirmed")
    st.dataframe(
        measurement_figures.rules_table(results), hide_index=True, height="content", column_config=RULE_WIDTHS
    )


def _choose_start(record: ECGRecord) -> float:
    """The start of the measured 30 s, in s; of a longer record, a button measures the page shown."""
    if record.duration <= LONGEST:
        return 0.0
    stretch = page_state(MeasuredStretch)
    start = stretch.start

    def begin(at: float) -> None:
        stretch.start = at

    def at_page() -> None:  # asked when pressed: turning the page does not draw this panel anew
        begin(page_start(record, chosen_view().scale.page_seconds))

    with st.container(horizontal=True):
        st.button("Measure the page shown", key="measure_page", on_click=at_page)
        if start:
            st.button("Measure from the beginning", key="measure_start", on_click=lambda: begin(0.0))
    if start:
        st.caption(f"The rules beside the findings and the report use 0 to {LONGEST:g} s.")
    return start


def _show_beat(measured: Measurements, card: ModelCard) -> None:
    if measured.beat is None:
        st.info(f"There is no median beat. {measured.doubt}")
        return
    beat = measured.beat
    key = BeatFigure(card.digest, measured.start)
    figure = figures().once(key, lambda: measurement_figures.beat_figure(beat), heavy=True)
    alt = "Median beat of each lead, with the P wave, QRS complex and T wave marked"
    with paper(figure, "median_beat"):
        st.plotly_chart(figure, theme=None, config=PLAIN, key="median_beat", height="stretch", alt=alt)
    st.caption(measurement_figures.in_words(measured.beat))
    with st.expander("Median beat as a table"):
        st.table(measurement_figures.beat_table(measured.beat).set_index("Lead"))
        st.caption("mV (standard deviations if the file has no voltage calibration), T where it is largest.")
