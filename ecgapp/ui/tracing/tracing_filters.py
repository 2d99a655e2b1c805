"""The record behind the tracing: as recorded, filtered for the eye, or as the classifier takes it."""

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import OpenedECG
from ecgapp.errors import EcgAppError
from ecgapp.records import ECGRecord
from ecgapp.signals import StChange, st_changes
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.st_level import st_warning
from ecgapp.ui.shell import model_choice, session
from ecgapp.ui.tracing.tracing_controls import View

MILLIMETRES = 10.0  # a mV, in which ST is given


def displayed(ecg: OpenedECG, view: View) -> tuple[ECGRecord, str]:
    """The record as it is drawn, and the filter in the words that stand on the tracing.

    Where it cannot be made, a sentence says why, and the record is drawn as recorded.
    """
    try:
        if view.as_model:
            return _as_model(ecg)
        return ecg.filtered(view.filter), view.filter.description(ecg.record.sampling_rate)
    except EcgAppError as error:
        st.warning(f"{error} The tracing is shown as recorded.")
        return ecg.record, UNFILTERED


def heading(title: str, ecg: OpenedECG) -> list[str]:
    """The words above a tracing: its title in bold, and the heart rate."""
    rate = ecg.heart_rate
    beats = "heart rate not measurable" if rate is None else f"heart rate {rate:.0f}/min"
    return [f"<b>{title}</b>", beats]


def badges(ecg: OpenedECG) -> dict[str, str]:
    """A few words for each lead with a fault."""
    return {lead.lead: ", ".join(lead.faults) for lead in ecg.quality.leads if lead.faults}


def _as_model(ecg: OpenedECG) -> tuple[ECGRecord, str]:
    cards = model_choice.classifiers(analysis.available_models(session.settings()))
    card = cards.get(st.session_state.get("classifier", ""), next(iter(cards.values()), None))
    if card is None:
        return ecg.record, UNFILTERED
    config = card.preprocessing
    low, high = config.highpass or 0.0, config.lowpass or config.sampling_rate / 2
    band = f"{low:g}-{high:g} Hz, zero phase"
    return ecg.as_preprocessed(card), f"as filtered for {card.name}, {band}; leads are then normalised"


def st_notice(ecg: OpenedECG, drawn: ECGRecord) -> None:
    """ST of each lead as recorded and as drawn, and a warning where a filter moves it."""
    record = ecg.record
    if drawn is record or record.units != "mV":
        return
    changes = st_changes(record, drawn, ecg.beats.times.tolist())
    if moved := [change for change in changes if change.large]:
        st.warning(st_warning(moved))
    levels = ", ".join(f"{change.lead} {_pair(change)}" for change in changes)
    st.caption(f"ST 110 ms after R, relative to the PR level, recorded -> shown, in mm (10 mm/mV): {levels}.")


def _pair(change: StChange) -> str:
    return f"{MILLIMETRES * change.recorded:+.1f} -> {MILLIMETRES * change.filtered:+.1f}"
