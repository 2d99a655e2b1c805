"""A curve that grows while somebody looks at it: drawn anew when that shows, and not with each look."""

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
class Shown:
    """What a figure shows: ``parts`` of a run, up to ``end`` on their axis. It may go on while ``live``."""

    parts: tuple[object, ...]
    end: float
    live: bool

    @classmethod
    def of(cls, run: Run, end: float, *parts: object) -> "Shown":
        """Something of ``run``; one that goes on in another process repeats steps, so it is another's."""
        return cls((run.id, run.pid, *parts), end, run.active)


@dataclass(frozen=True)
class _Drawn:
    shown: Shown
    moment: float
    figure: go.Figure

    def does_for(self, shown: Shown, now: float) -> bool:
        """Whether it may stand for ``shown``: a new figure blinks for a frame, and loses the zoom."""
        if shown == self.shown:
            return True
        if shown.parts != self.shown.parts or not shown.live:
            return False
        return shown.end < GROWTH * self.shown.end and now - self.moment < LONGEST_WAIT


def chart(
    place: "st.delta_generator.DeltaGenerator",
    key: str,
    shown: Shown,
    draw: Callable[[], go.Figure],
    alt: str,
) -> None:
    """The figure of this key: what was drawn last, while that does for what is to be ``shown``."""
    figures: dict[str, _Drawn] = st.session_state.setdefault(DRAWN, {})
    now = time.monotonic()
    if key not in figures or not figures[key].does_for(shown, now):
        figure = draw().update_layout(uirevision=str(shown.parts[0]))
        figures[key] = _Drawn(shown, now, figure)
    place.plotly_chart(figures[key].figure, config=CONFIG, key=key, alt=alt)
