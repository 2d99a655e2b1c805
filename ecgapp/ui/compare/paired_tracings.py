"""Two tracings on one paper: the controls are one for both, and neither is scaled by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import plotly.graph_objects as go
import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.records import LEADS, ECGRecord
from ecgapp.signals import DisplayFilter, remarks, st_changes
from ecgapp.signals.display import UNFILTERED
from ecgapp.signals.paper import Layout, Scale, Sheet, lay_out, pieces
from ecgapp.signals.st_level import st_warning
from ecgapp.ui.compare.slots import ComparedECG
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.paper_layout import CONFIG
from ecgapp.ui.tracing.tracing import Printed, printed_settings, tracing
from ecgapp.ui.tracing.tracing_controls import (
    BANDS,
    COLUMNS,
    GAINS,
    NOTCHES,
    ORDERS,
    SPEEDS,
    choose_rhythm,
    one_of,
)
from ecgapp.ui.tracing.tracing_filters import badges, heading

BESIDE, ABOVE = "Side by side", "One above the other"
LINE = 17  # px that a second line of print needs


@dataclass(frozen=True)
class PairView:
    """The drawing of both tracings; ``beside`` halves the paper's width, and with it the seconds on it."""

    beside: bool
    layout: Layout
    scale: Scale
    filter: DisplayFilter

    @property
    def seconds(self) -> float:
        """The seconds of each ECG that fit."""
        return self.scale.page_seconds / (2 if self.beside else 1)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """One of the two as it is shown, on its sheet."""

    record: ECGRecord
    filter: str
    sheet: Sheet


def choose_pair_view() -> PairView:
    """Draw one set of controls for both tracings; return what they are set to."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        beside = one_of("Tracings", (BESIDE, ABOVE), BESIDE, "arrangement") == BESIDE
        name = one_of("Layout", tuple(COLUMNS), "6x2", "pair_layout")
        rhythm = choose_rhythm(LEADS, name)
        cabrera = one_of("Limb leads", ORDERS, "Standard", "pair_order") == "Cabrera"
        speed = one_of("Speed, mm/s", SPEEDS, 25, "pair_speed")
        gain = one_of("Gain, mm/mV", GAINS, 10, "pair_gain")
        half = st.toggle("Chest leads at half gain", key="pair_half_chest")
        band = st.selectbox("Filter", list(BANDS), key="pair_band", width=150)
        notch = st.selectbox("Mains notch", list(NOTCHES), key="pair_notch", width=110)
    wanted = DisplayFilter(*BANDS[band], NOTCHES[notch])
    return PairView(beside, Layout(COLUMNS[name], rhythm, cabrera), Scale(speed, gain, half), wanted)


@st.fragment
def pair_panel(both: Mapping[str, ComparedECG]) -> None:
    """The tracings of one or two ECGs by their slots, on the same paper."""
    view = choose_pair_view()
    view = replace(view, beside=view.beside and len(both) > 1)
    places = st.columns(2, gap="small") if view.beside else [st.container() for _ in both]
    drawn = {}
    for place, (slot, one) in zip(places, both.items(), strict=True):
        with place:
            drawn[slot] = _drawn(slot, one, view)
    figures = _figures(both, drawn, view.beside)
    for place, slot in zip(places, drawn, strict=True):
        with place:
            _show(slot, figures[slot], drawn[slot])
            _tell(slot, both[slot], drawn[slot])


def _drawn(slot: str, one: ComparedECG, view: PairView) -> _Drawn:
    """The ECG under the reader's filter, from where the reader wants it to begin."""
    start = 0.0
    if one.record.duration > view.seconds:
        last = one.record.duration - view.seconds
        key = f"{slot}_start_{view.seconds:g}_{id(one)}"
        label = f"{slot.capitalize()} ECG begins at (s)"
        start = st.slider(label, 0.0, round(last + 0.05, 1), 0.0, 0.1, key=key)
    try:
        record, in_force = one.ecg.filtered(view.filter), view.filter.description(one.record.sampling_rate)
    except EcgAppError as error:
        st.warning(f"{error} The {slot} tracing is shown as recorded.")
        record, in_force = one.record, UNFILTERED
    return _Drawn(record, in_force, lay_out(record, view.layout, start, view.seconds, view.scale))


def _figures(
    both: Mapping[str, ComparedECG], drawn: Mapping[str, _Drawn], beside: bool
) -> dict[str, go.Figure]:
    """Rows at the same heights and paper of the same width, so that equal lengths are equal on both."""
    figures = {}
    for slot, one in drawn.items():
        room = [
            piece
            for other in drawn.values()
            if other is not one and _same_cells(one.sheet, other.sheet)
            for piece in pieces(other.record, other.sheet)
        ]
        words = Printed(one.filter, badges(both[slot].ecg), room)
        head = heading(f"{slot.upper()}: {both[slot].name}", both[slot].ecg)
        figures[slot] = tracing(one.record, one.sheet, head, words=words)
    widest = max(figure.layout.xaxis.range[1] - figure.layout.xaxis.range[0] for figure in figures.values())
    for figure in figures.values():
        left = figure.layout.xaxis.range[0]
        figure.update_xaxes(range=[left, left + widest])
        if beside:
            _narrow(figure)
    return figures


def _same_cells(one: Sheet, other: Sheet) -> bool:
    return [(cell.lead, cell.row) for cell in one.cells] == [(cell.lead, cell.row) for cell in other.cells]


def _narrow(figure: go.Figure) -> None:
    """Break what is printed above and below half a page into two lines."""
    below, above = figure.layout.annotations
    below.text = below.text.replace("   filter:", "<br>filter:")
    below.align = above.align = "left"
    above.text = above.text.replace("   ", "<br>", 1)
    margin = figure.layout.margin
    figure.update_layout(margin={"t": margin.t + LINE, "b": margin.b + LINE})


def _show(slot: str, figure: go.Figure, drawn: _Drawn) -> None:
    key = f"compare_{slot}"
    alt = f"The {slot} electrocardiogram: {printed_settings(drawn.record, drawn.sheet, drawn.filter)}"
    with paper(figure, key):
        st.plotly_chart(figure, theme=None, config=CONFIG, key=key, height="stretch", alt=alt)


def _tell(slot: str, one: ComparedECG, drawn: _Drawn) -> None:
    """Draw remarks on the recording, and where the filter moves its ST."""
    record = one.record
    if sentences := remarks(record, one.ecg.quality):
        st.warning("  \n".join(f"{slot.capitalize()}: {sentence}" for sentence in sentences))  # in one box
    if drawn.record is record or record.units != "mV":
        return
    changes = st_changes(record, drawn.record, one.ecg.beats.times.tolist())
    if moved := [change for change in changes if change.large]:
        st.warning(f"{slot.capitalize()}: {st_warning(moved)}")
