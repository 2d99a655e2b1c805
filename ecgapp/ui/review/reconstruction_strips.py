"""The autoencoder's reconstruction over its input, one strip a lead, with the error behind it."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ecgapp.analysis import WindowReconstruction
from ecgapp.models import ModelCard
from ecgapp.models.card_words import with_interval
from ecgapp.records.record import FloatArray
from ecgapp.ui.tracing.paper_layout import WHITE

BIN_SECONDS = 0.02  # squared error is averaged over stretches of this length
CLIPPED = 0.995  # quantile of the bins at which the colours end
STRIP = 62  # px a lead
UNIT = 0.01  # standard deviations a step of y: whole steps are half the bytes of float32
STEPS = 255  # of the colour scale
DASH = "3px,1.5px"  # of the reconstruction, which colour alone would not tell from the input
INPUT, OUTPUT, ERROR = "#101010", "#d55e00", "0,114,178"
SCALE = [[0.0, f"rgba({ERROR},0)"], [0.5, f"rgba({ERROR},0.35)"], [1.0, f"rgba({ERROR},0.75)"]]


def reconstruction(result: WindowReconstruction) -> go.Figure:
    """Input black, reconstruction orange and dashed, squared error blue behind; at the right its mean a lead.

    x in seconds of the recording, y in hundredths of a standard deviation, one scale for all leads.
    """
    figure = make_subplots(cols=2, column_widths=[0.86, 0.14], shared_yaxes=True, horizontal_spacing=0.01)
    spacing = float(max(4.0, 2 * np.quantile(np.abs(result.input), 0.995)))
    zeros = [-spacing * row for row in range(len(result.leads))]
    bins, rate = binned_error(result)
    limit = max(float(np.quantile(bins, CLIPPED)), 1e-9)
    for row, zero in enumerate(zeros):
        figure.add_trace(_band(result, bins[row] / limit, rate, zero, spacing), row=1, col=1)
        figure.add_trace(_line(result, result.input[row], zero, INPUT, "solid"), row=1, col=1)
        figure.add_trace(_line(result, result.output[row], zero, OUTPUT, DASH), row=1, col=1)
    figure.add_trace(_bars(result, zeros, spacing), row=1, col=2)
    _style(figure, result, zeros, spacing, limit)
    return figure


def in_words(result: WindowReconstruction, card: ModelCard) -> str:
    """The errors of this window, where they are high, and what is usual for this model."""
    worst = result.leads[int(result.mse_per_lead.argmax())]
    start, stop = result.worst_stretch()
    where = f"between {start:.1f} and {stop:.1f} s"
    if len(result.leads) > 1:
        where = f"in lead {worst} ({result.mse_per_lead.max():.2f}) and {where}"
    usual = ""
    if card.reconstruction is not None:
        mse = card.reconstruction.mse_per_sample
        usual = f" On {card.reconstruction.dataset} it was {with_interval(mse)} per sample."
    return (
        f"**MSE per sample {result.mse_per_sample:.3f}**; summed over the window's "
        f"{result.input.shape[1]:,} samples **{result.mse_summed:.1f}**"
        f"{', mean over leads' if len(result.leads) > 1 else ''}. Highest {where}.{usual}"
    )


def table(result: WindowReconstruction) -> pd.DataFrame:
    """The errors behind the picture: a row a lead, and where in the window each is largest."""
    bins, rate = binned_error(result)
    return pd.DataFrame(
        {
            "Lead": list(result.leads),
            "MSE per sample (SD²)": [f"{error:.3f}" for error in result.mse_per_lead],
            "Largest in 20 ms (SD²)": [f"{error:.2f}" for error in bins.max(axis=1)],
            "at (s)": [f"{result.start + place / rate:.2f}" for place in bins.argmax(axis=1)],
        }
    )


def binned_error(result: WindowReconstruction) -> tuple[FloatArray, float]:
    """Mean squared error of each ``BIN_SECONDS``, float32 (n_leads, n_bins), and the bins' rate in Hz."""
    size = max(1, round(BIN_SECONDS * result.sampling_rate))
    error = result.error
    padded = np.pad(error, ((0, 0), (0, -error.shape[1] % size)), mode="edge")
    bins = padded.reshape(len(error), -1, size).mean(axis=2, dtype=np.float32)
    return bins, result.sampling_rate / size


def _band(
    result: WindowReconstruction, row: FloatArray, rate: float, zero: float, spacing: float
) -> go.Heatmap:
    half_a_bin = (result.sampling_rate / rate - 1) / 2 / result.sampling_rate
    return go.Heatmap(
        x0=result.start + half_a_bin,
        dx=1 / rate,
        y=[(zero - 0.48 * spacing) / UNIT, (zero + 0.48 * spacing) / UNIT],
        z=np.rint(np.clip(row, 0, 1) * STEPS).astype(np.uint8)[None],
        coloraxis="coloraxis",
        hoverinfo="skip",
    )


def _line(
    result: WindowReconstruction, signal: FloatArray, zero: float, colour: str, dash: str
) -> go.Scatter:
    return go.Scatter(
        x0=result.start,
        dx=1 / result.sampling_rate,
        y=np.clip(np.rint((signal + zero) / UNIT), -32_767, 32_767).astype(np.int16),
        mode="lines",
        line={"color": colour, "width": 1, "dash": dash},
        hoverinfo="skip",
    )


def _bars(result: WindowReconstruction, zeros: list[float], spacing: float) -> go.Bar:
    errors = result.mse_per_lead
    return go.Bar(
        x=errors,
        y=[zero / UNIT for zero in zeros],
        text=[f"{error:.2f}" for error in errors],
        textposition="outside",
        cliponaxis=False,
        orientation="h",
        width=0.35 * spacing / UNIT,
        marker={"color": f"rgba({ERROR},0.75)"},
        hoverinfo="skip",
    )


def _style(
    figure: go.Figure, result: WindowReconstruction, zeros: list[float], spacing: float, limit: float
) -> None:
    figure.update_layout(
        **WHITE,
        height=max(220, STRIP * len(zeros) + 70),
        margin={"l": 38, "r": 4, "t": 36, "b": 24},
        showlegend=False,
        hovermode=False,
        font={"color": INPUT},
        coloraxis={"cmin": 0, "cmax": STEPS, "colorscale": SCALE, "colorbar": _colour_bar(limit)},
        annotations=[_heading()],
    )
    stop = result.start + result.input.shape[1] / result.sampling_rate
    figure.update_xaxes(
        range=[result.start, stop], gridcolor="#ececec", zeroline=False, ticksuffix=" s", row=1, col=1
    )
    reach = [0, 1.5 * float(result.mse_per_lead.max())]
    figure.update_xaxes(range=reach, showticklabels=False, showgrid=False, zeroline=False, row=1, col=2)
    figure.update_yaxes(
        range=[(zeros[-1] - 0.7 * spacing) / UNIT, 0.7 * spacing / UNIT],
        tickvals=[zero / UNIT for zero in zeros], ticktext=list(result.leads),
        gridcolor="#ececec", zeroline=False, showline=False, ticks="", ticksuffix=" ",
    )  # fmt: skip


def _colour_bar(limit: float) -> dict[str, object]:
    return {
        "orientation": "h", "x": 0.86, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "len": 0.28,
        "thickness": 9, "outlinewidth": 0.5, "tickvals": [0, STEPS], "tickfont": {"size": 11},
        "ticktext": ["error 0", f"{limit:.2g} SD²"],
    }  # fmt: skip


def _heading() -> dict[str, object]:
    dashed = f"<b><span style='color:{OUTPUT}'>reconstruction (dashed)</span></b>"
    text = f"<b>input</b> and {dashed}, standard deviations"
    place = {"x": 0, "y": 1, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {"text": text, "showarrow": False, "font": {"size": 12}, **place}
