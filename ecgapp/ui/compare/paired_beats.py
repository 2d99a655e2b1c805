"""Median beats of two ECGs over each other: every lead on ECG paper, aligned at R, at one scale."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ecgapp.analysis import TypicalBeat
from ecgapp.records import LEADS, FloatArray
from ecgapp.ui.compare.slots import EARLIER, LATER
from ecgapp.ui.tracing.paper_layout import lay_on_paper

ROWS_OF_A_COLUMN = 3
STEP = 1.2  # s from one column to the next
SHOWN = (-0.40, 0.62)  # s around R
SPACING = (1.5, 6.0)  # mV between two rows, least and most
LANE = 0.3  # mV between the two lanes in which the waves' lengths are drawn
POINTS_PER_SECOND = 500.0
STYLES: Mapping[str, dict[str, object]] = {  # distinct by dash and width, and in grey print too
    EARLIER: {"color": "#7a7a7a", "width": 1.6, "dash": "4px,3px"},
    LATER: {"color": "#000000", "width": 1.4, "dash": "solid"},
}


def leads_of(earlier: TypicalBeat, later: TypicalBeat) -> list[str]:
    """Every lead that one of the two beats has, in the usual order."""
    leads = [lead for lead in LEADS if lead in earlier.leads or lead in later.leads]
    return leads or list(dict.fromkeys((*earlier.leads, *later.leads)))


def overlay(earlier: TypicalBeat, later: TypicalBeat) -> go.Figure:
    """The figure of both beats of every lead; above each column, how long P, QRS and T last in either."""
    beats = {EARLIER: earlier, LATER: later}
    leads = leads_of(earlier, later)
    spacing = _spacing(beats.values(), leads)
    rows = min(len(leads), ROWS_OF_A_COLUMN)
    columns = -(-len(leads) // ROWS_OF_A_COLUMN)
    top, bottom = _top(beats.values(), leads), -(rows - 1) * spacing - _bottom(beats.values(), leads)
    figure = go.Figure()
    for place, lead in enumerate(leads):
        column, row = divmod(place, ROWS_OF_A_COLUMN)
        for slot, beat in beats.items():
            if lead in beat.leads:
                figure.add_trace(_trace(slot, beat, lead, column * STEP, -row * spacing))
        figure.add_annotation(**_name(beats, lead), x=column * STEP + SHOWN[0], y=-row * spacing + 0.3)
    for column in range(columns):
        for number, (slot, beat) in enumerate(beats.items()):
            height = top + (2 - number) * LANE
            _lane(figure, slot, beat, column * STEP, (bottom, height))
            figure.add_annotation(
                x=column * STEP + SHOWN[0], y=height, text=slot, showarrow=False, xanchor="left", yshift=8,
                font={"size": 9}, bgcolor="rgba(255,255,255,0.75)", borderpad=0,
            )  # fmt: skip
    across = (SHOWN[0] - 0.04, (columns - 1) * STEP + SHOWN[1] + 0.04)
    lay_on_paper(figure, across, (bottom, top + 2.6 * LANE), 34)
    return figure


def in_words(earlier: TypicalBeat, later: TypicalBeat) -> str:
    """The caption of the overlaid beats' figure."""
    counts = f"{earlier.n_beats} beats of the earlier ECG (grey, dashed) and {later.n_beats} of the later one"
    return (
        f"Medians of {counts} (black, solid), aligned at R, 25 mm/s and 10 mm/mV for every lead, level "
        "before QRS, as recorded (no filter). The bars above are P, QRS and T over all leads; thin lines "
        "carry the onset and the end of QRS down to the beats."
    )


def _name(beats: Mapping[str, TypicalBeat], lead: str) -> dict[str, object]:
    only = [slot for slot, beat in beats.items() if lead in beat.leads]
    words = f"<b>{lead}</b>" if len(only) == len(beats) else f"<b>{lead}</b> ({only[0]} only)"
    return {
        "text": words, "showarrow": False, "xanchor": "left", "yanchor": "bottom", "font": {"size": 12},
        "bgcolor": "rgba(255,255,255,0.75)", "borderpad": 0,
    }  # fmt: skip


def _drawn_signal(beats: Iterable[TypicalBeat], lead: str) -> FloatArray:
    return np.concatenate([beat.between(lead, *SHOWN) for beat in beats if lead in beat.leads])


def _top(beats: Iterable[TypicalBeat], leads: Sequence[str]) -> float:
    """The height above the first row's zero, in whole 5 mm."""
    highest = max(float(_drawn_signal(beats, lead).max()) for lead in leads[::ROWS_OF_A_COLUMN])
    return float(np.ceil((max(highest, 0.6) + 0.1) / 0.5) * 0.5)


def _bottom(beats: Iterable[TypicalBeat], leads: Sequence[str]) -> float:
    """The height below the last row's zero, in whole 5 mm."""
    last = leads[min(len(leads), ROWS_OF_A_COLUMN) - 1 :: ROWS_OF_A_COLUMN]
    lowest = min(float(_drawn_signal(beats, lead).min()) for lead in last)
    return float(np.ceil((max(-lowest, 0.3) + 0.1) / 0.5) * 0.5)


def _spacing(beats: Iterable[TypicalBeat], leads: Sequence[str]) -> float:
    """Rows so far apart, in whole 5 mm, that no lead runs into the one below it."""
    reaches = [
        float(_drawn_signal(beats, leads[place]).max() - _drawn_signal(beats, leads[place - 1]).min())
        for place in range(1, len(leads))
        if place % ROWS_OF_A_COLUMN
    ]
    return float(np.clip(np.ceil(max(reaches, default=0.0) / 0.5) * 0.5, *SPACING))


def _trace(slot: str, beat: TypicalBeat, lead: str, right: float, up: float) -> go.Scatter:
    signal = beat.between(lead, *SHOWN)
    step = max(1, round(beat.sampling_rate / POINTS_PER_SECOND))
    first = max(0, round((SHOWN[0] + beat.before) * beat.sampling_rate))
    start, name = right + first / beat.sampling_rate - beat.before, f"{lead}, {slot}"
    y, line = np.ascontiguousarray(signal[::step] + np.float32(up), np.float32), dict(STYLES[slot])
    dx = step / beat.sampling_rate
    return go.Scatter(x0=start, dx=dx, y=y, mode="lines", line=line, name=name, hoverinfo="skip")


def _lane(figure: go.Figure, slot: str, beat: TypicalBeat, right: float, reach: tuple[float, float]) -> None:
    """A bar a wave at height ``reach[1]``, and thin lines down to ``reach[0]`` at both ends of QRS."""
    bottom, height = reach
    thin = {"color": STYLES[slot]["color"], "width": 0.8, "dash": STYLES[slot]["dash"]}
    for kind, span in beat.spans.items():
        onset, offset = (right + float(np.clip(end, *SHOWN)) for end in span)
        figure.add_shape(
            type="line", x0=onset, x1=offset, y0=height, y1=height,
            line={**STYLES[slot], "width": 3.0}, layer="between",
        )  # fmt: skip
        if slot == EARLIER:
            figure.add_annotation(
                x=(onset + offset) / 2, y=height, yshift=2, text=f"<b>{kind}</b>", showarrow=False,
                yanchor="bottom", font={"size": 10},
            )  # fmt: skip
        if kind == "QRS":
            for end in (onset, offset):
                figure.add_shape(
                    type="line", x0=end, x1=end, y0=bottom, y1=height, line=thin, layer="between", opacity=0.7
                )
