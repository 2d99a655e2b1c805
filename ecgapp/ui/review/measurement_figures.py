"""The table of measurements, the ST levels, and the median beat with its waves marked."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ecgapp.analysis import Measurement, Measurements, TypicalBeat
from ecgapp.analysis.ecg_comparison import heights
from ecgapp.analysis.judgement.measured_lines import RULES
from ecgapp.analysis.rules import Verdict
from ecgapp.records import LEADS
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.tracing.paper_layout import INK, lay_on_paper, signal_line

ROWS_OF_A_COLUMN = 3
STEP = 1.3  # s from one column to the next
SHOWN = (-0.40, 0.62)  # s around R
SPACING = (1.5, 4.0)  # mV between two rows, least and most
WAVES = {"P": "#0072b2", "QRS": "#d55e00", "T": "#009e73"}
POINTS_PER_SECOND = 500.0


def table(measured: Measurements) -> pd.DataFrame:
    """One row a measurement, the blank ones with a dash."""
    return pd.DataFrame([_row(row) for row in measured.rows])


def _row(row: Measurement) -> dict[str, str]:
    low, high = row.normal or (None, None)
    return {
        "Measurement": row.name,
        "Value": "-" if row.value is None else f"{row.value:.0f} {row.unit}",
        "Normal": "-" if low is None else f"{low:.0f} to {high:.0f} {row.unit}",
        "": row.side,
        "How measured": row.how,
    }


def rules_table(results: Mapping[str, Verdict]) -> pd.DataFrame:
    """One row a rule: its label in full, its result, and the figures behind it."""
    rows = [results[label] for label in (*RULES, "Normal") if label in results]
    return pd.DataFrame(
        [{"Rule": in_full(row.label), "Result": str(row.presence), "Figures": row.words} for row in rows]
    )


def st_table(measured: Measurements) -> pd.DataFrame:
    """Two rows: the ST level of each lead at J and at J+60, in mm."""
    rows = {"J, mm": measured.j_levels, "J+60, mm": measured.st_levels}
    cells = [
        {lead: "-" if level is None else _signed(level) for lead, level in levels.items()}
        for levels in rows.values()
    ]
    return pd.DataFrame(cells, index=list(rows))


def _signed(level: float) -> str:
    words = f"{level:+.1f}"
    return "0.0" if words in ("+0.0", "-0.0") else words


def beat_figure(beat: TypicalBeat) -> go.Figure:
    """Every lead's median beat on ECG paper, in columns, with P, QRS and T as bands over all of them."""
    places = {lead: divmod(place, ROWS_OF_A_COLUMN) for place, lead in enumerate(_in_order(beat.leads))}
    rows = max(row for _, row in places.values()) + 1
    spacing = _spacing(beat)
    figure = go.Figure()
    for lead, (column, row) in places.items():
        figure.add_trace(_trace(beat, lead, column * STEP, -row * spacing))
    columns = max(column for column, _ in places.values()) + 1
    top, bottom = 0.55 * spacing + 0.4, -(rows - 1) * spacing - 0.55 * spacing
    bands = [band for column in range(columns) for band in _bands(beat, column * STEP, (bottom, top))]
    words = [word for column in range(columns) for word in _waves(beat, column * STEP, top)]
    figure.update_layout(shapes=bands, annotations=[*words, *_names(places, spacing)])  # one by one is slow
    across = (SHOWN[0] - 0.06, (columns - 1) * STEP + SHOWN[1] + 0.06)
    lay_on_paper(figure, across, (bottom, top), 6)
    return figure


def beat_table(beat: TypicalBeat) -> pd.DataFrame:
    """The figures behind the picture: how tall each lead's waves are, from the level before QRS."""
    rows = []
    for lead in _in_order(beat.leads):
        waves = heights(beat, lead)
        t = "-" if waves.t is None else f"{waves.t:+.2f}"
        rows.append(
            {
                "Lead": lead,
                "QRS highest": f"{waves.highest:+.2f}",
                "QRS lowest": f"{waves.lowest:+.2f}",
                "T": t,
            }
        )
    return pd.DataFrame(rows)


def in_words(beat: TypicalBeat) -> str:
    """The caption of the median beats' figure."""
    kinds = ", ".join(f"{kind} {_milliseconds(span)}" for kind, span in beat.spans.items())
    return (
        f"Median of {beat.n_beats} of {beat.n_all} beats, 25 mm/s and 10 mm/mV, level before QRS, as "
        "recorded (no filter). "
        f"Bands: {kinds}, in ms from R; from the earliest onset to the latest end seen in several leads."
    )


def _milliseconds(span: tuple[float, float]) -> str:
    return f"{1000 * span[0]:.0f} to {1000 * span[1]:.0f}"


def _in_order(leads: tuple[str, ...]) -> list[str]:
    return [lead for lead in LEADS if lead in leads] or list(leads)


def _spacing(beat: TypicalBeat) -> float:
    """Rows so far apart, in whole 5 mm, that no lead runs into the one below it."""
    signals = [beat.between(lead, *SHOWN) for lead in _in_order(beat.leads)]
    reaches = [
        float(lower.max() - upper.min())
        for place, (upper, lower) in enumerate(pairwise(signals), start=1)
        if place % ROWS_OF_A_COLUMN
    ]
    return float(np.clip(np.ceil(max(reaches, default=0.0) / 0.5) * 0.5, *SPACING))


def _trace(beat: TypicalBeat, lead: str, right: float, up: float) -> go.Scatter:
    signal = beat.between(lead, *SHOWN)
    step = max(1, round(beat.sampling_rate / POINTS_PER_SECOND))
    first = max(0, round((SHOWN[0] + beat.before) * beat.sampling_rate))
    start = right + first / beat.sampling_rate - beat.before
    return signal_line(signal[::step] + np.float32(up), start, step / beat.sampling_rate, INK, 1.2, name=lead)


def _bands(beat: TypicalBeat, right: float, reach: tuple[float, float]) -> Iterator[dict[str, object]]:
    """A band a wave."""
    for kind, (onset, offset) in beat.spans.items():
        yield {
            "type": "rect", "x0": right + onset, "x1": right + offset, "y0": reach[0], "y1": reach[1],
            "fillcolor": WAVES[kind], "opacity": 0.16, "line": {"width": 0}, "layer": "below",
        }  # fmt: skip


def _waves(beat: TypicalBeat, right: float, top: float) -> Iterator[dict[str, object]]:
    """Each band's name, at its top."""
    for kind, (onset, offset) in beat.spans.items():
        side, x = {
            "P": ("right", offset - 0.03),
            "QRS": ("center", (onset + offset) / 2),
            "T": ("left", onset + 0.03),
        }[kind]
        yield {
            "x": right + x, "y": top, "text": f"<b>{kind}</b>", "showarrow": False, "xanchor": side,
            "yanchor": "bottom", "font": {"size": 11, "color": WAVES[kind]},
        }  # fmt: skip


def _names(places: dict[str, tuple[int, int]], spacing: float) -> Iterator[dict[str, object]]:
    """Each lead's name, above its beat's beginning."""
    for lead, (column, row) in places.items():
        yield {
            "x": column * STEP + SHOWN[0], "y": -row * spacing + 0.35, "text": f"<b>{lead}</b>",
            "showarrow": False, "xanchor": "left", "yanchor": "bottom", "font": {"size": 12},
        }  # fmt: skip
