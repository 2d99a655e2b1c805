"""Preprocessing, step by step: each step's signal beside the one before it, for one lead."""

from collections.abc import Sequence
from itertools import pairwise
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ecgapp.analysis import Prepared
from ecgapp.records.record import FloatArray
from ecgapp.signals import Step
from ecgapp.signals.paper import keep_peaks
from ecgapp.ui.tracing.paper_layout import WHITE, signal_line

POINTS_PER_SECOND = 250.0
AROUND = 1.0  # seconds shown before and after the window
ROW_HEIGHT = 150  # px
TITLE_LENGTH = 70  # characters a line
BEFORE, AFTER, WINDOW = "#8a8a8a", "#1f5f99", "rgba(213,94,0,0.10)"


def preprocessing(prepared: Prepared, lead: str, window: int) -> go.Figure:
    """Left the signal before a step, right the same signal after it; the last row cuts the window."""
    row = prepared.config.leads.index(lead)
    stages = prepared.steps
    figure = make_subplots(
        rows=len(stages), cols=2, subplot_titles=_titles(prepared, window), shared_xaxes="all",
        vertical_spacing=0.1, horizontal_spacing=0.045,
    )  # fmt: skip
    span = _span(prepared, window)
    for place, (before, after) in enumerate(pairwise(stages), start=1):
        figure.add_trace(_line(before, row, span, BEFORE), row=place, col=1)
        figure.add_trace(_line(after, row, span, AFTER), row=place, col=2)
    figure.add_trace(_line(stages[-1], row, span, BEFORE), row=len(stages), col=1)
    figure.add_trace(_cut(prepared, row, window), row=len(stages), col=2)
    start = prepared.start(window)
    stop = start + prepared.config.window_seconds
    figure.add_vrect(start, stop, row=len(stages), col=1, fillcolor=WINDOW, line_width=0, layer="below")
    _style(figure, len(stages), span)
    return figure


def table(prepared: Prepared, lead: str) -> pd.DataFrame:
    """The figures behind the picture: a row a step, over the whole record."""
    row = prepared.config.leads.index(lead)
    return pd.DataFrame([_row(step, step.signal[row]) for step in prepared.steps])


def _row(step: Step, signal: FloatArray) -> dict[str, object]:
    known = signal[np.isfinite(signal)]
    figures = (known.min(), known.max(), known.mean(), known.std()) if known.size else (np.nan,) * 4
    names = ("Lowest", "Highest", "Mean", "Standard deviation")
    return {
        "Step": step.name,
        "Samples per second": f"{step.sampling_rate:g}",
        "Samples": signal.size,
        **{name: f"{figure:.3f}" for name, figure in zip(names, figures, strict=True)},
    }


def _titles(prepared: Prepared, window: int) -> list[str]:
    titles = []
    for before, after in pairwise(prepared.steps):
        titles += [_title(before), _title(after)]
    config = prepared.config
    cut = f"<b>Windowed</b>: {config.window} samples = {config.window_seconds:g} s"
    which = f"window {window + 1} of {len(prepared.windows)}, from {prepared.start(window):g} s"
    return [*titles, f"{_title(prepared.steps[-1])}; shaded: the window", f"{cut}, {which}"]


def _title(step: Step) -> str:
    return "<br>".join(wrap(f"<b>{step.name}</b>: {step.description}", TITLE_LENGTH))


def _span(prepared: Prepared, window: int) -> tuple[float, float]:
    start = prepared.start(window)
    longest = max(prepared.duration, start + prepared.config.window_seconds)
    return max(0.0, start - AROUND), min(longest, start + prepared.config.window_seconds + AROUND)


def _line(step: Step, row: int, span: Sequence[float], colour: str) -> go.Scatter:
    first = int(span[0] * step.sampling_rate)
    signal = step.signal[row, first : int(span[1] * step.sampling_rate)]
    return _scatter(signal, step.sampling_rate, first / step.sampling_rate, colour)


def _cut(prepared: Prepared, row: int, window: int) -> go.Scatter:
    signal = prepared.windows.windows[window, row]
    return _scatter(signal, prepared.config.sampling_rate, prepared.start(window), AFTER)


def _scatter(signal: FloatArray, sampling_rate: float, start: float, colour: str) -> go.Scatter:
    drawn, rate = keep_peaks(signal, sampling_rate, POINTS_PER_SECOND)
    return signal_line(drawn, start, 1 / rate, colour, 1)


def _style(figure: go.Figure, rows: int, span: Sequence[float]) -> None:
    figure.update_layout(
        **WHITE,
        height=rows * ROW_HEIGHT + 40,
        margin={"l": 36, "r": 4, "t": 36, "b": 24},  # fixed: automargin doubles the time to draw
        showlegend=False,
        hovermode=False,
        font={"color": "#101010"},
    )
    figure.update_annotations(font_size=11, xanchor="left", align="left")
    for place, annotation in enumerate(figure.layout.annotations):
        annotation.x = figure.layout[f"xaxis{place + 1 if place else ''}"].domain[0]
    figure.update_xaxes(range=list(span), gridcolor="#ececec", zeroline=False, ticksuffix=" s")
    figure.update_yaxes(gridcolor="#ececec", zeroline=False, nticks=4, tickfont_size=10)
