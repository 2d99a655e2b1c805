"""Saliency behind the tracing: a band for each lead, one colour scale for all, a bar for each lead."""

import numpy as np
import plotly.graph_objects as go

from ecgapp.analysis import Explanation, Finding
from ecgapp.paper import STACKED, Cell, Sheet, lay_out
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.ui.tracing import FRAME, tracing, zeros_of
from ecgapp.words import in_full

BIN_SECONDS = 0.02  # attribution is summed over stretches of this length
POINTS_PER_SECOND = 200.0  # of the leads behind which the bands lie; peaks are kept
BAND = 0.9  # mV above and below a lead's zero
CLIPPED = 0.995  # quantile of the bins at which the colours end
STEPS = 127  # of the colour scale on either side of 0
FOR, AGAINST = "213,94,0", "0,114,178"  # colour-blind-safe orange and blue (Okabe and Ito 2008)
SCALE = [
    [0.0, f"rgba({AGAINST},0.85)"],
    [0.25, f"rgba({AGAINST},0.45)"],
    [0.5, f"rgba({FOR},0)"],
    [0.75, f"rgba({FOR},0.45)"],
    [1.0, f"rgba({FOR},0.85)"],
]
BARS = 0.13  # of the figure's width
LEGEND = 32  # px above the tracing


def saliency(record: ECGRecord, explanation: Explanation) -> go.Figure:
    """The explained window's tracing, one lead below the other, with what moved the label behind it."""
    length = explanation.stop - explanation.start
    sheet = lay_out(record, STACKED, explanation.start, length)
    figure = tracing(record, sheet, [f"relevance for <b>{explanation.label}</b>"], POINTS_PER_SECOND)
    zeros = zeros_of(record, sheet)
    bins, rate = binned(explanation)
    limit = colour_limit(bins)
    for cell in sheet.cells:
        if cell.lead in explanation.leads:
            row = bins[explanation.leads.index(cell.lead)]
            figure.add_trace(_band(cell, float(zeros[cell.row]), row / limit, rate, explanation))
    _add_bars(figure, explanation, sheet, zeros)
    height = round((figure.layout.height - FRAME) * (1 - BARS)) + FRAME + LEGEND
    figure.update_layout(coloraxis=_colours(limit), margin={"t": 24 + LEGEND}, height=height)
    return figure


def in_words(explanation: Explanation, finding: Finding) -> str:
    """The label, its probability, and the window and leads that the picture shows."""
    side = "above" if finding.positive else "below"
    strongest = np.argsort(explanation.lead_shares)[::-1][:3]
    leads = ", ".join(
        f"{explanation.leads[i]}\N{NO-BREAK SPACE}{100 * explanation.lead_shares[i]:.0f}\N{NO-BREAK SPACE}%"
        for i in strongest
    )
    return (
        f"**{in_full(finding.label)}**: probability {finding.probability:.2f}, {side} its threshold of "
        f"{finding.threshold:.2f}, unconfirmed. "
        f"Window shown: {explanation.start:.1f}-{explanation.stop:.1f} s. Most relevance in {leads}."
    )


def method_in_words(explanation: Explanation) -> str:
    """How the picture was made, and how far it can be trusted."""
    attribution = explanation.attribution
    return (
        "Integrated Gradients (Captum) against a flat line. Orange spoke for the class, blue against it; "
        "one colour scale for all leads; bars are each lead's share of the absolute relevance. "
        f"The sum misses the logit's change ({attribution.baseline_logit:.2f} to {attribution.logit:.2f}) by "
        f"{100 * attribution.completeness_error:.1f} %. Such maps show what the network used, not the cause "
        "of a finding."
    )


def binned(explanation: Explanation) -> tuple[FloatArray, float]:
    """Attribution summed over ``BIN_SECONDS``, float32 (n_leads, n_bins), and the bins' rate in Hz."""
    size = max(1, round(BIN_SECONDS * explanation.sampling_rate))
    values = explanation.values
    padded = np.pad(values, ((0, 0), (0, -values.shape[1] % size)))
    bins = padded.reshape(len(values), -1, size).sum(axis=2, dtype=np.float32)
    return bins, explanation.sampling_rate / size


def first_bin(explanation: Explanation, rate: float) -> float:
    """The middle of the first bin, in seconds of the recording; samples reach half a step either side."""
    return explanation.start + (explanation.sampling_rate / rate - 1) / 2 / explanation.sampling_rate


def colour_limit(bins: FloatArray) -> float:
    """Where the colours end, in logits a bin, the same for every lead."""
    return max(float(np.quantile(np.abs(bins), CLIPPED)), 1e-9)


def _band(cell: Cell, zero: float, row: FloatArray, rate: float, explanation: Explanation) -> go.Heatmap:
    return go.Heatmap(
        x0=first_bin(explanation, rate),
        dx=1 / rate,
        y=[zero - BAND, zero + BAND],
        z=np.rint(np.clip(row, -1, 1) * STEPS).astype(np.int8)[None],
        coloraxis="coloraxis",
        name=cell.lead,
        hoverinfo="skip",
    )


def _colours(limit: float) -> dict[str, object]:
    bar = {
        "orientation": "h",
        "x": 1 - BARS,
        "xanchor": "right",
        "y": 1.0,
        "yanchor": "bottom",
        "len": 0.3,
        "thickness": 9,
        "tickvals": [-STEPS, 0, STEPS],
        "ticktext": ["against", f"0   (ends at {limit:.2g} logits in 20 ms)", "for"],
        "tickfont": {"size": 11},
        "outlinewidth": 0.5,
    }
    return {"cmin": -STEPS, "cmax": STEPS, "colorscale": SCALE, "colorbar": bar}


def _add_bars(figure: go.Figure, explanation: Explanation, sheet: Sheet, zeros: FloatArray) -> None:
    """Each lead's share of the absolute relevance, at the height of its row."""
    shares = dict(zip(explanation.leads, explanation.lead_shares, strict=True))
    cells = [cell for cell in sheet.cells if cell.lead in shares]
    percent = [100 * float(shares[cell.lead]) for cell in cells]
    figure.add_trace(
        go.Bar(
            x=percent,
            y=[float(zeros[cell.row]) for cell in cells],
            text=[f"{cell.lead} {value:.0f} %" for cell, value in zip(cells, percent, strict=True)],
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            width=0.6,
            marker={"color": "#6b6b6b"},
            xaxis="x2",
            yaxis="y",
            name="share",
            hoverinfo="skip",
        )
    )
    hidden = {"showgrid": False, "showticklabels": False, "zeroline": False, "fixedrange": True}
    figure.update_layout(
        xaxis={"domain": [0, 1 - BARS]},
        xaxis2={"domain": [1 - BARS + 0.01, 1], "range": [0, 2.1 * max(percent, default=1)], **hidden},
    )
