"""A curve that grows while it is watched: drawn anew only if the change is visible."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from ecgapp.jobs import Run
from ecgapp.ui.training.curves import CONFIG

DRAWN = "drawn_figures"  # session state: each figure with what it shows, and when it was drawn
GROWTH = 1.01  # a curve that is 1 % longer ends four pixels further
LONGEST_WAIT = 30.0  # seconds until a curve that has grown less is drawn all the same


@dataclass(frozen=True)
class ChartContent:
    """The content of a chart: ``parts`` of a run, up to ``end`` on their axis; it may grow while ``live``."""

    parts: tuple[object, ...]
    end: float
    live: bool

    @classmethod
    def of(cls, run: Run, end: float, *parts: object) -> "ChartContent":
        """The content of a chart of ``run``; each of its processes has its own, as a resume repeats steps."""
        return cls((run.id, run.pid, *parts), end, run.active)


@dataclass(frozen=True)
class _DrawnChart:
    content: ChartContent
    moment: float
    figure: go.Figure

    def is_good_for(self, content: ChartContent, now: float) -> bool:
        """Whether it need not be drawn anew for ``content``: a new figure flickers, and loses the zoom."""
        if content == self.content:
            return True
        if content.parts != self.content.parts or not content.live:
            return False
        return content.end < GROWTH * self.content.end and now - self.moment < LONGEST_WAIT


def chart(
    place: "st.delta_generator.DeltaGenerator",
    key: str,
    content: ChartContent,
    draw: Callable[[], go.Figure],
    alt: str,
) -> None:
    """Show the chart of this key: the one drawn last if it is good for ``content``, else a new one."""
    figures: dict[str, _DrawnChart] = st.session_state.setdefault(DRAWN, {})
    now = time.monotonic()
    if key not in figures or not figures[key].is_good_for(content, now):
        figure = draw().update_layout(uirevision=str(content.parts[0]))
        figures[key] = _DrawnChart(content, now, figure)
    place.plotly_chart(figures[key].figure, config=CONFIG, key=key, alt=alt)
