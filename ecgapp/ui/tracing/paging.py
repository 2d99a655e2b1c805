"""Which page of a long record is on the paper: an overview to draw on, a slider, buttons and keys."""

from dataclasses import dataclass

import streamlit as st

from ecgapp.records import ECGRecord
from ecgapp.ui.shell.ecg_in_view import page_state
from ecgapp.ui.tracing.overview import clock, overview, stretch_around, table

CHART = "overview"
STEP = 0.5  # s between two places where a page can begin
STRETCHES = {"1 min": 60.0, "10 min": 600.0}
WHOLE = "whole record"
PLAIN = {"displayModeBar": False}


@dataclass
class PagePosition:
    """Where the page begins, s. A jump counts up, so that the slider is drawn anew at its new place."""

    start: float = 0.0
    jumps: int = 0

    def go_to(self, start: float, last: float) -> None:
        """Jump to the step nearest ``start``, no further than ``last``."""
        self.start = min(max(round(start / STEP) * STEP, 0.0), last)
        self.jumps += 1


def choose_page(record: ECGRecord, length: float) -> float:
    """Where the page of ``length`` seconds begins, s; no control where all fits on one."""
    if record.duration <= length:
        return 0.0
    last = last_start(record.duration, length)
    page = page_state(PagePosition)
    page.start = min(page.start, last)
    _overview(record, page, length)
    _controls(page, length, last)
    return page.start


def page_start(record: ECGRecord, length: float) -> float:
    """Where the page on the screen begins, s, once it has been chosen."""
    if record.duration <= length:
        return 0.0
    return min(page_state(PagePosition).start, last_start(record.duration, length))


def go_to(record: ECGRecord, start: float, length: float) -> None:
    """Show the page of ``length`` seconds that begins nearest ``start``, s."""
    if record.duration > length:
        page_state(PagePosition).go_to(start, last_start(record.duration, length))


def last_start(duration: float, length: float) -> float:
    """The step at which a page begins that reaches the end of the record."""
    steps = -(-(duration - length) // STEP)  # upwards: the last samples have a page too
    return float(max(steps, 1) * STEP)


def _controls(page: PagePosition, length: float, last: float) -> None:
    key = f"page_start_{length:g}_{page.jumps}"

    def slide() -> None:
        page.start = st.session_state[key]

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Page back",
            key="page_back",
            shortcut="Shift+B",
            disabled=page.start <= 0,
            on_click=lambda: page.go_to(page.start - length, last),
        )
        st.button(
            "Page on",
            key="page_on",
            shortcut="Shift+N",
            disabled=page.start >= last,
            on_click=lambda: page.go_to(page.start + length, last),
        )
        label = f"Page starts at {clock(page.start)} (s)"
        st.slider(label, 0.0, last, page.start, STEP, key=key, on_change=slide)


def _overview(record: ECGRecord, page: PagePosition, length: float) -> None:
    """One lead of the whole record, or of a stretch about the page; a box drawn on it is the next page."""
    shorter = [name for name, seconds in STRETCHES.items() if seconds < record.duration]
    name = st.segmented_control(
        "Overview: draw across it to go there", [*shorter, WHOLE], default=WHOLE, key="stretch", required=True
    )
    shown = page.start, min(page.start + length, record.duration)
    stretch = stretch_around(shown, STRETCHES.get(name or WHOLE, record.duration), record.duration)

    def jump() -> None:
        boxes = st.session_state[CHART]["selection"]["box"]
        if boxes:
            page.go_to(min(boxes[-1]["x"]), last_start(record.duration, length))

    st.plotly_chart(
        overview(record, stretch, shown),
        theme=None,
        config=PLAIN,
        key=CHART,
        on_select=jump,
        selection_mode="box",
        alt=f"Overview of one lead from {clock(stretch[0])} to {clock(stretch[1])}",
    )
    with st.expander("Overview as a table"):
        st.table(table(record, stretch).set_index("From"))
