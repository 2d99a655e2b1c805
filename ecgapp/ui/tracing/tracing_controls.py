"""The controls above the tracing: leads, paper, gain and filter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from ecgapp.records import ECGRecord
from ecgapp.signals import DisplayFilter
from ecgapp.signals.paper import CHEST, Layout, Scale

T = TypeVar("T")

COLUMNS = {"3x4": 4, "6x2": 2, "12x1": 1}
RHYTHM = {"3x4": "II", "6x2": None, "12x1": None}  # the lead of the rhythm strip, until one is chosen
ORDERS = ("Standard", "Cabrera")
SPEEDS, GAINS = (25, 50), (5, 10, 20)  # mm/s, mm/mV
BANDS = {"as recorded": (None, None), "0.05-150 Hz": (0.05, 150.0), "0.5-40 Hz": (0.5, 40.0)}
NOTCHES = {"off": None, "50 Hz": 50.0, "60 Hz": 60.0}


@dataclass(frozen=True)
class View:
    """The reader's choice of what is drawn, and on which paper."""

    layout: Layout
    scale: Scale
    filter: DisplayFilter
    as_model: bool  # shows what the model saw, instead of the filter


def choose_view(record: ECGRecord, alarms: bool = False) -> View:
    """The controls in one line at 1440 px, so that the tracing stays in view; the seldom used are folded.

    With ``alarms`` a switch hides the marks of critical findings; see ``marks_alarms``.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = one_of("Layout", tuple(COLUMNS), "3x4", "layout")
        one_of("Speed, mm/s", SPEEDS, 25, "speed")
        one_of("Gain, mm/mV", GAINS, 10, "gain")
        as_model = bool(st.session_state.get("as_model", False))
        st.selectbox("Filter", list(BANDS), key="band", disabled=as_model, width=150)
        if alarms:
            st.toggle(
                "Mark critical findings",
                True,
                key="mark_alarms",
                help="Shade what shows the critical findings",
            )
        with st.popover("More"):
            choose_rhythm(record.leads, name)
            one_of("Limb leads", ORDERS, "Standard", "lead_order")
            st.selectbox("Mains notch", list(NOTCHES), key="notch", disabled=as_model, width=130)
            st.toggle("Chest leads at half gain", key="half_chest")
            st.toggle(
                "What the model saw", key="as_model", help="The classifier's own filter and sampling rate"
            )
        st.button("Next layout", key="next_layout", shortcut="Shift+L", on_click=_next_layout)
    return chosen_view()


def marks_alarms() -> bool:
    """Whether the stretches that show critical findings are marked."""
    return bool(st.session_state.get("mark_alarms", True))


def chosen_view() -> View:
    """The view that the controls are set to, for others that draw like the tracing; at first the defaults."""
    state = st.session_state
    name = state.get("layout", "3x4")
    layout = Layout(
        COLUMNS[name], state.get(f"rhythm_{name}", RHYTHM[name]), state.get("lead_order") == "Cabrera"
    )
    scale = Scale(state.get("speed", 25), state.get("gain", 10), bool(state.get("half_chest", False)))
    notch = NOTCHES[state.get("notch", "off")]
    wanted = DisplayFilter(*BANDS[state.get("band", "as recorded")], notch)
    return View(layout, scale, wanted, bool(state.get("as_model", False)))


def one_of(label: str, options: tuple[T, ...], first: T, key: str) -> T:
    """Draw a few options as buttons, of which one is always chosen; return it."""
    st.session_state.setdefault(key, first)  # a default beside a value that a button sets is refused
    chosen = st.segmented_control(label, options, key=key, required=True)
    return first if chosen is None else chosen


def _next_layout() -> None:
    names = list(COLUMNS)
    st.session_state["layout"] = names[(names.index(st.session_state["layout"]) + 1) % len(names)]


def offer_half_gain(leads: Sequence[str], view: View) -> None:
    """Name the sound leads that run through another row, with a button for half the gain."""
    if not leads:
        return
    chest = view.scale.half_chest is False and all(lead in CHEST for lead in leads)
    lower = [gain for gain in GAINS if gain < view.scale.gain]
    with st.container(horizontal=True, vertical_alignment="center"):
        verb = "overlaps" if len(leads) == 1 else "overlap"
        st.markdown(f"{', '.join(leads)} {verb} the neighbouring row.", width="content")
        if chest:
            st.button(
                "Chest leads at half gain", key="to_half_chest", on_click=_set, args=("half_chest", True)
            )
        elif lower:
            words = f"All leads at {lower[-1]} mm/mV"
            st.button(words, key="to_half_gain", on_click=_set, args=("gain", lower[-1]))


def _set(key: str, value: object) -> None:
    st.session_state[key] = value


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
