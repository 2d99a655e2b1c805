"""The choice of a page of a long record: an overview to draw on, a slider, buttons and keys."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from ecgapp.records import ECGRecord
from ecgapp.signals.paper import RHYTHM_LEAD, keep_peaks, middle
from ecgapp.ui.shell.ecg_in_view import page_state
from ecgapp.ui.tracing.paper_frame import PLAIN
from ecgapp.ui.tracing.paper_layout import INK, WHITE, signal_line
from ecgapp.ui.tracing.tracing import NOTE

CHART = "overview"
STEP = 0.5  # s between two places where a page can begin
STRETCHES = {"1 min": 60.0, "10 min": 600.0}
WHOLE = "whole record"
POINTS = 2400  # lowest and highest sample of 1200 stretches: one for each column of pixels, or more
HEIGHT = 120  # px
PARTS = 20  # of the stretch, a line each in the table behind it
LIMITS = (0.5, 5.0)  # mV shown above and below zero, least and most
TICKS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)  # s between two labels
MOST_TICKS = 12
PAGE_COLOUR = "rgba(11,79,138,0.18)"


@dataclass
class PagePosition:
    """The start of the page, s. A jump counts up, so that the slider is drawn anew at its new place."""

    start: float = 0.0
    jumps: int = 0

    def go_to(self, start: float, last: float) -> None:
        """Jump to the step nearest ``start``, no further than ``last``."""
        self.start = min(max(round(start / STEP) * STEP, 0.0), last)
        self.jumps += 1


def choose_page(record: ECGRecord, length: float) -> float:
    """Draw the choice of a page of ``length`` seconds if there are several; return where it begins, s."""
    if record.duration <= length:
        return 0.0
    last = last_start(record.duration, length)
    page = page_state(PagePosition)
    page.start = min(page.start, last)
    _overview(record, page, length)
    _controls(page, length, last)
    return page.start


def page_start(record: ECGRecord, length: float) -> float:
    """The start of the page on the screen, s, once it has been chosen."""
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
    on_page = page.start, min(page.start + length, record.duration)
    stretch = stretch_around(on_page, STRETCHES.get(name or WHOLE, record.duration), record.duration)

    def jump() -> None:
        boxes = st.session_state[CHART]["selection"]["box"]
        if boxes:
            page.go_to(min(boxes[-1]["x"]), last_start(record.duration, length))

    st.plotly_chart(
        overview(record, stretch, on_page),
        theme=None,
        config=PLAIN,
        key=CHART,
        on_select=jump,
        selection_mode="box",
        alt=f"Overview of one lead from {clock(stretch[0])} to {clock(stretch[1])}",
    )
    with st.expander("Overview as a table"):
        st.table(overview_table(record, stretch).set_index("From"))


def clock(seconds: float) -> str:
    """A moment of the recording as h:mm:ss or m:ss, with tenths where it has some."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    last = f"{rest // 10:02d}" + (f".{rest % 10}" if rest % 10 else "")
    return f"{minutes // 60}:{minutes % 60:02d}:{last}" if minutes >= 60 else f"{minutes}:{last}"


def stretch_around(page: tuple[float, float], length: float, duration: float) -> tuple[float, float]:
    """``length`` seconds of the recording with ``page`` in their middle, or as near to it as it has them."""
    length = min(length, duration)
    start = float(np.clip(sum(page) / 2 - length / 2, 0.0, duration - length))
    return start, start + length


def overview(record: ECGRecord, stretch: tuple[float, float], page: tuple[float, float]) -> go.Figure:
    """One lead over ``stretch`` (s), with ``page`` (s) marked; x in seconds of the recording, y in mV."""
    lead = RHYTHM_LEAD if RHYTHM_LEAD in record.leads else record.leads[0]
    first, last = (round(end * record.sampling_rate) for end in stretch)
    signal = record.signal[record.leads.index(lead), first:last] - middle(record, lead)
    drawn, rate = keep_peaks(signal, record.sampling_rate, POINTS / (stretch[1] - stretch[0]))
    known = np.abs(drawn[np.isfinite(drawn)])
    limit = float(np.clip(known.max() * 1.1 if known.size else 0.0, *LIMITS))
    figure = go.Figure(layout=_layout(stretch, limit, lead))
    figure.add_trace(signal_line(drawn, first / record.sampling_rate, 1 / rate, INK, 0.8, name=lead))
    edge = {"color": "#0b4f8a", "width": 1.5}
    figure.add_shape(x0=page[0], x1=page[1], y0=0, y1=1, yref="paper", fillcolor=PAGE_COLOUR, line=edge)
    return figure


def overview_table(record: ECGRecord, stretch: tuple[float, float]) -> pd.DataFrame:
    """The figures behind the picture: the lead's lowest and highest point in each of a few parts of it."""
    lead = RHYTHM_LEAD if RHYTHM_LEAD in record.leads else record.leads[0]
    signal = record.signal[record.leads.index(lead)]
    ends = np.linspace(*stretch, PARTS + 1)
    rows = []
    for start, stop in pairwise(ends.tolist()):
        part = signal[round(start * record.sampling_rate) : round(stop * record.sampling_rate)]
        known = part[np.isfinite(part)] - middle(record, lead)
        low, high = (known.min(), known.max()) if known.size else (np.nan, np.nan)
        rows.append(
            {
                "From": clock(start),
                "To": clock(stop),
                f"{lead}, lowest ({record.units})": f"{low:.2f}",
                f"{lead}, highest ({record.units})": f"{high:.2f}",
            }
        )
    return pd.DataFrame(rows)


def _layout(stretch: tuple[float, float], limit: float, lead: str) -> go.Layout:
    length = stretch[1] - stretch[0]
    step = next((step for step in TICKS if length / step <= MOST_TICKS), TICKS[-1])
    ticks = [float(tick) for tick in np.arange(np.ceil(stretch[0] / step) * step, stretch[1] + 1e-6, step)]
    name = {"text": f"<b>{lead}</b>", "x": 0.003, "y": 1.0, "xref": "paper", "yref": "paper"}
    placed = {"showarrow": False, "font": {"size": 12, "color": INK}, "yanchor": "top", "bgcolor": "white"}
    return go.Layout(
        **WHITE,
        height=HEIGHT,
        margin={"l": 4, "r": 4, "t": 2, "b": 22},
        showlegend=False,
        dragmode="select",
        selectdirection="h",
        hovermode=False,
        annotations=[name | placed],
        xaxis={
            "range": list(stretch),
            "tickvals": ticks,
            "ticktext": [clock(tick) for tick in ticks],
            "tickfont": {"size": 10, "color": NOTE},
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"range": [-limit, limit], "visible": False},
    )
