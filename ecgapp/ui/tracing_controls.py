"""How the reader wants the tracing: leads, paper and gain, as buttons above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from ecgapp.paper import Layout, Scale
from ecgapp.records import ECGRecord
from ecgapp.signals import DisplayFilter

T = TypeVar("T")

COLUMNS = {"3x4": 4, "6x2": 2, "12x1": 1}
RHYTHM = {"3x4": "II", "6x2": None, "12x1": None}  # the lead of the rhythm strip, until one is chosen
ORDERS = ("Standard", "Cabrera")
SPEEDS, GAINS = (25, 50), (5, 10, 20)  # mm/s, mm/mV
BANDS = {"as recorded": (None, None), "0.05-150 Hz": (0.05, 150.0), "0.5-40 Hz": (0.5, 40.0)}
NOTCHES = {"off": None, "50 Hz": 50.0, "60 Hz": 60.0}


@dataclass(frozen=True)
class View:
    """What is drawn, and on which paper."""

    layout: Layout
    scale: Scale
    filter: DisplayFilter
    as_model: bool  # shows what the model saw, instead of the filter


def choose_view(record: ECGRecord) -> View:
    """The controls in one line, or in two where the window is narrow."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = one_of("Layout", tuple(COLUMNS), "3x4", "layout")
        rhythm = choose_rhythm(record.leads, name)
        cabrera = one_of("Limb leads", ORDERS, "Standard", "lead_order") == "Cabrera"
        speed = one_of("Speed, mm/s", SPEEDS, 25, "speed")
        gain = one_of("Gain, mm/mV", GAINS, 10, "gain")
        half = st.toggle("Chest leads at half gain", key="half_chest")
        chosen, as_model = _choose_filter()
        st.button("Next layout", key="next_layout", shortcut="Shift+L", on_click=_next_layout)
    return View(Layout(COLUMNS[name], rhythm, cabrera), Scale(speed, gain, half), chosen, as_model)


def _choose_filter() -> tuple[DisplayFilter, bool]:
    """The reader's filter, or the model's in its place."""
    as_model = bool(st.session_state.get("as_model", False))
    band = st.selectbox("Filter", list(BANDS), key="band", disabled=as_model, width=150)
    notch = st.selectbox("Mains notch", list(NOTCHES), key="notch", disabled=as_model, width=110)
    st.toggle("What the model saw", key="as_model", help="The classifier's own filter and sampling rate")
    return DisplayFilter(*BANDS[band], NOTCHES[notch]), as_model


def one_of(label: str, options: tuple[T, ...], first: T, key: str) -> T:
    """One of a few, as buttons; there is always one chosen."""
    st.session_state.setdefault(key, first)  # a default beside a value that a button sets is refused
    chosen = st.segmented_control(label, options, key=key, required=True)
    return first if chosen is None else chosen


def _next_layout() -> None:
    names = list(COLUMNS)
    st.session_state["layout"] = names[(names.index(st.session_state["layout"]) + 1) % len(names)]


def choose_rhythm(leads: Sequence[str], layout: str) -> str | None:
    """Any of ``leads``, or none; twelve rows hold no further one."""
    options = [None, *leads]
    first = options.index(RHYTHM[layout]) if RHYTHM[layout] in options else 0
    return st.selectbox(
        "Rhythm strip",
        options,
        first,
        format_func=lambda lead: lead or "none",
        key=f"rhythm_{layout}",
        disabled=layout == "12x1",
        width=130,
    )
