"""The record behind the tracing: as recorded, filtered for the eye, or as the classifier takes it."""

from dataclasses import replace

import streamlit as st

from ecgapp import analysis
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.signals import StChange, filtered, st_changes, steps
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.st_level import st_warning
from ecgapp.ui.shell import model_choice, opened, session
from ecgapp.ui.tracing.tracing_controls import View

MILLIMETRES = 10.0  # a mV, in which ST is told
SHOWN = "shown record"  # the only filtered one that is kept: hours of signal are large


def shown(record: ECGRecord, view: View) -> tuple[ECGRecord, str]:
    """What is drawn, and the filter in the words that stand on the tracing.

    Where it cannot be made, a sentence says why, and the record is drawn as recorded.
    """
    try:
        if view.as_model:
            return _as_model(record)
        return _last(record, view), view.filter.description(record.sampling_rate)
    except EcgAppError as error:
        st.warning(f"{error} The tracing is shown as recorded.")
        return record, UNFILTERED


def _last(record: ECGRecord, view: View) -> ECGRecord:
    """The record under this filter; the one under the filter before is let go."""
    kept = session.remember(SHOWN, dict[object, ECGRecord])
    if view.filter not in kept:
        kept.clear()
        kept[view.filter] = filtered(record, view.filter)
    return kept[view.filter]


def _as_model(record: ECGRecord) -> tuple[ECGRecord, str]:
    card = _classifier()
    if card is None:
        return record, UNFILTERED
    config = card.preprocessing
    low, high = config.highpass or 0.0, config.lowpass or config.sampling_rate / 2
    band = f"{low:g}-{high:g} Hz, zero phase"
    taken = session.remember(("as model", card.digest), lambda: _taken(record, card))
    return taken, f"what {card.name} saw, {band}; it then takes each lead at unit variance"


def _classifier() -> ModelCard | None:
    """The one that is chosen further down on the page."""
    cards = model_choice.classifiers(analysis.available_models(session.settings()))
    return cards.get(st.session_state.get("classifier", ""), next(iter(cards.values()), None))


def _taken(record: ECGRecord, card: ModelCard) -> ECGRecord:
    """In mV at the model's rate, before each lead is brought to unit variance.

    Raises:
        EcgAppError: the model cannot take this record.
    """
    config = card.preprocessing
    stage = steps(record.select(config.leads), record.sampling_rate, config)[-2]
    derived = record.derived & set(config.leads)
    rate = stage.sampling_rate
    return replace(record, signal=stage.signal, leads=config.leads, sampling_rate=rate, derived=derived)


def tell_st(record: ECGRecord, drawn: ECGRecord) -> None:
    """ST of each lead as recorded and as drawn, and a warning where a filter moves it."""
    if drawn is record or record.units != "mV":
        return
    changes = st_changes(record, drawn, opened.current(record).beats.times.tolist())
    if moved := [change for change in changes if change.large]:
        st.warning(st_warning(moved))
    levels = ", ".join(f"{change.lead} {_pair(change)}" for change in changes)
    st.caption(f"ST 110 ms behind R against PR, recorded -> shown, in mm (10 mm/mV): {levels}.")


def _pair(change: StChange) -> str:
    return f"{MILLIMETRES * change.recorded:+.1f} -> {MILLIMETRES * change.filtered:+.1f}"
