"""The calipers of the record in view: the box just drawn, and those kept under a name, with its review."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.records import ECGRecord
from ecgapp.reviews import KeptCaliper
from ecgapp.signals.paper import Sheet
from ecgapp.ui.shell.ecg_in_view import page_state
from ecgapp.ui.sign_off import reader
from ecgapp.ui.tracing.caliper import FLAT, Caliper, draw, draw_march, measure

MOST = 12  # calipers that are kept of a record
NAME_LENGTH = 24
CHART = "tracing"
HINT = (
    "Calipers: draw a box on the tracing from one moment to another; it snaps to the samples. A level drag, "
    f"less than {FLAT:g} mm high, measures time alone."
)


@dataclass
class NamedCaliper:
    """A caliper under its reader's name; ``filtered`` says on which tracing it was measured."""

    number: int
    name: str
    caliper: Caliper
    filtered: str


@dataclass
class Calipers:
    """The calipers of one record: the latest box, and those that have a name."""

    latest: NamedCaliper | None = None
    named: list[NamedCaliper] = field(default_factory=list)
    drawn: int = 0

    def add(self, caliper: Caliper, filtered: str) -> None:
        """A box was drawn: it takes the place of the latest one."""
        self.drawn += 1
        self.latest = NamedCaliper(self.drawn, "", caliper, filtered)

    def keep(self, name: str) -> None:
        """Keep the latest under a name, which holds no signs that a page would take for markup."""
        if self.latest is not None:
            words = "".join(sign for sign in name if sign.isalnum() or sign in " -").strip()[:NAME_LENGTH]
            self.latest.name = words or f"Caliper {self.latest.number}"
            self.named.append(self.latest)
            self.latest = None

    def delete(self, number: int) -> None:
        self.named = [one for one in self.named if one.number != number]

    @property
    def all(self) -> list[NamedCaliper]:
        """The calipers under a name, and the latest one."""
        return [*self.named, *([self.latest] if self.latest else [])]


@dataclass
class CaliperState:
    """The calipers of the ECG in view, None until they are read, and why the last change was not stored."""

    calipers: Calipers | None = None
    problem: str = ""


def calipers() -> Calipers:
    """The calipers of the ECG in view; at first those that were stored with its review."""
    state = page_state(CaliperState)
    if state.calipers is None:
        documents = reader.stored_calipers()
        named = [_named(number, one) for number, one in enumerate(documents, start=1)]
        state.calipers = Calipers(named=named, drawn=len(named))
    return state.calipers


def read_again() -> None:
    """Let the calipers of the ECG in view be read from its review again."""
    page_state(CaliperState).calipers = None


def to_keep() -> tuple[KeptCaliper, ...]:
    """The calipers under a name, as a review stores them."""
    return tuple(_document(one) for one in calipers().named)


def _document(one: NamedCaliper) -> KeptCaliper:
    box = one.caliper
    low, high = (float(value) if np.isfinite(value) else None for value in (box.lowest, box.highest))
    times, heights = (float(box.start), float(box.stop)), (float(box.bottom), float(box.top))
    return KeptCaliper(one.name, box.lead, *times, *heights, low, high, one.filtered)


def _named(number: int, one: KeptCaliper) -> NamedCaliper:
    low, high = (np.nan if value is None else value for value in (one.lowest, one.highest))
    box = Caliper(one.lead, one.start, one.stop, one.bottom, one.top, low, high)
    return NamedCaliper(number, one.name, box, one.filter)


def _change(change: Callable[[], None]) -> None:
    """Keep or delete one, and let the review keep what there is then."""
    change()
    try:
        reader.store_calipers(to_keep())
    except EcgAppError as error:
        page_state(CaliperState).problem = str(error)


def select_box(record: ECGRecord, sheet: Sheet, filtered: str) -> None:
    """Measure the box that was just drawn on the tracing; called when it is."""
    boxes = st.session_state[CHART]["selection"]["box"]
    if boxes:
        caliper = measure(record, sheet, tuple(boxes[-1]["x"]), tuple(boxes[-1]["y"]))
        if caliper is not None:
            calipers().add(caliper, filtered)


def with_calipers(figure: go.Figure, record: ECGRecord, sheet: Sheet) -> go.Figure:
    """A copy of the tracing on which boxes can be drawn, with all calipers on it."""
    drawn = go.Figure(figure)
    for one in calipers().all:
        draw(drawn, record, sheet, one.caliper, one.name)
        if st.session_state.get(_march_key(one)):
            draw_march(drawn, sheet, one.caliper)
    return drawn.update_layout(dragmode="select", selectdirection="d")  # a level drag is no full height


def caliper_list(record: ECGRecord) -> None:
    """One line a caliper, with its march-out; the latest can be kept, those kept can be deleted."""
    measured = calipers()
    if measured.latest is None:
        st.caption(HINT)
    state = page_state(CaliperState)
    if state.problem:
        st.warning(state.problem)
        state.problem = ""
    for one in measured.all:
        with st.container(horizontal=True, vertical_alignment="center"):
            name = f"{one.name}: " if one.name else ""
            st.markdown(
                f"{name}{one.caliper.in_words(record.units == 'mV')}; filter: {one.filtered}", width="content"
            )
            st.toggle("March out", key=_march_key(one))
            if one is measured.latest:
                _offer_to_keep(measured, one)
            else:
                key, number = f"delete_caliper_{one.number}", one.number
                st.button(
                    "Delete", key=key, on_click=_change, args=(lambda number=number: measured.delete(number),)
                )


def _offer_to_keep(measured: Calipers, one: NamedCaliper) -> None:
    key = f"caliper_name_{one.number}"
    st.text_input("Name", key=key, placeholder="Name, e.g. RR", label_visibility="collapsed", width=150)
    full = len(measured.named) >= MOST
    help_text = f"At most {MOST}; delete one first." if full else None
    st.button(
        "Keep",
        key="keep_caliper",
        on_click=_change,
        args=(lambda: measured.keep(st.session_state[key]),),
        disabled=full,
        help=help_text,
    )


def _march_key(one: NamedCaliper) -> str:
    return f"march_{one.number}"
