"""Saliency behind the tracing: a band for each lead, one colour scale for all, a bar for each lead."""

import numpy as np
import plotly.graph_objects as go

from ecgapp.analysis import Explanation, Finding
from ecgapp.explain import GRAD_CAM, INTEGRATED_GRADIENTS, OCCLUSION, SMOOTHGRAD
from ecgapp.records import ECGRecord
from ecgapp.records.record import FloatArray
from ecgapp.signals.paper import STACKED, Cell, Sheet, lay_out
from ecgapp.tasks.meanings import in_full
from ecgapp.ui.tracing.paper_layout import FRAME
from ecgapp.ui.tracing.tracing import tracing, zeros_of

BIN_SECONDS = 0.02  # attribution is summed over stretches of this length
POINTS_PER_SECOND = 200.0  # of the leads behind which the bands lie; peaks are kept
BAND = 0.9  # mV above and below a lead's zero
CLIPPED = 0.995  # quantile of the bins at which the colours end
STEPS = 127  # of the colour scale on either side of 0
FOR, AGAINST = "213,94,0", "0,114,178"  # colour-blind-safe orange and blue (Okabe and Ito 2008)
OPACITY = 0.85  # of the strongest colour
BARS = 0.13  # of the figure's width
LEGEND = 32  # px above the tracing
METHOD_NAMES = {
    INTEGRATED_GRADIENTS: "Integrated Gradients",
    SMOOTHGRAD: "SmoothGrad",
    GRAD_CAM: "Grad-CAM",
    OCCLUSION: "Occlusion",
}
METHOD_WORDS = {
    INTEGRATED_GRADIENTS: "Contribution of each sample to the score, relative to the baseline.",
    SMOOTHGRAD: "Average gradient over noisy copies x difference from the baseline.",
    GRAD_CAM: "What the encoder's last features added, at moments about 0.2 s long. It cannot tell leads "
    "apart: each lead shows the same.",
    OCCLUSION: "What the score loses where the baseline replaces 0.4 s of one lead, and 0.2 s where that "
    "matters most.",
}


def saliency(record: ECGRecord, explanation: Explanation, opacity: float = OPACITY) -> go.Figure:
    """The explained window's tracing, one lead below the other, with what moved the label behind it."""
    length = explanation.stop - explanation.start
    sheet = lay_out(record, STACKED, explanation.start, length)
    figure = tracing(
        record,
        sheet,
        [f"relevance for <b>{explanation.label}</b>, {METHOD_NAMES[explanation.attribution.method]}"],
        POINTS_PER_SECOND,
    )
    zeros = zeros_of(record, sheet)
    bins, rate = binned(explanation)
    limit = colour_limit(bins)
    for cell in sheet.cells:
        if cell.lead in explanation.leads:
            row = bins[explanation.leads.index(cell.lead)]
            figure.add_trace(_band(cell, float(zeros[cell.row]), row / limit, rate, explanation))
    if explanation.attribution.method != GRAD_CAM:
        _add_bars(figure, explanation, sheet, zeros)
    width = figure.layout.xaxis.domain[1] if figure.layout.xaxis.domain else 1.0
    height = round((figure.layout.height - FRAME) * width) + FRAME + LEGEND
    colours = {"cmin": -STEPS, "cmax": STEPS, "colorscale": _scale(opacity)}
    colours["colorbar"] = _legend(limit, width, explanation)
    figure.update_layout(coloraxis=colours, margin={"t": 24 + LEGEND}, height=height)
    return figure


def in_words(explanation: Explanation, finding: Finding, status: str = "unconfirmed") -> str:
    """The label, its probability and status, and the window and leads that the picture shows."""
    side = "above" if finding.positive else "below"
    strongest = np.argsort(explanation.lead_shares)[::-1][:3]
    leads = ", ".join(
        f"{explanation.leads[i]}\N{NO-BREAK SPACE}{100 * explanation.lead_shares[i]:.0f}\N{NO-BREAK SPACE}%"
        for i in strongest
    )
    most = f" Most relevance in {leads}." if explanation.attribution.method != GRAD_CAM else ""
    return (
        f"**{in_full(finding.label)}**: probability {finding.probability:.2f}, {side} its threshold of "
        f"{finding.threshold:.2f}, {status}. "
        f"Window shown: {explanation.start:.1f}-{explanation.stop:.1f} s.{most}"
    )


def method_in_words(explanation: Explanation) -> str:
    """A caption on how the picture was made, and how far it can be trusted."""
    made = explanation.attribution
    change = (
        f"The score (logit: the network's raw score) is {made.baseline_logit:.2f} at the baseline and "
        f"{made.logit:.2f} here"
    )
    if made.method == INTEGRATED_GRADIENTS:
        change += f"; the map's sum misses that change by {100 * made.completeness_error:.1f} %"
    sees_leads = made.method != GRAD_CAM
    against = f", against this baseline: {made.baseline}" if sees_leads else ""
    bars = "; bars are each lead's share of the absolute relevance" if sees_leads else ""
    return (
        f"{METHOD_NAMES[made.method]} (Captum){against}. {METHOD_WORDS[made.method]} Orange, in the "
        f"upper half of a lead's band: raised the score. Blue, in the lower half: lowered it. One colour "
        f"scale for all leads{bars}. {change}. Such maps show what the "
        "network used, not the cause of a finding."
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
    """The end of the colour scale, in logits a bin, the same for every lead."""
    return max(float(np.quantile(np.abs(bins), CLIPPED)), 1e-9)


def _band(cell: Cell, zero: float, row: FloatArray, rate: float, explanation: Explanation) -> go.Heatmap:
    """A lead's band: relevance for the class in its upper half, against it in the lower one."""
    steps = np.rint(np.clip(row, -1, 1) * STEPS).astype(np.int8)
    return go.Heatmap(
        x0=first_bin(explanation, rate),
        dx=1 / rate,
        y=[zero - BAND, zero, zero + BAND],
        z=np.stack([np.minimum(steps, 0), np.maximum(steps, 0)]),
        coloraxis="coloraxis",
        name=cell.lead,
        hoverinfo="skip",
    )


def _scale(opacity: float) -> list[list[object]]:
    """The colour scale from blue through transparent to orange, a little over half as strong half way."""
    half = 0.53 * opacity
    steps = ((AGAINST, opacity), (AGAINST, half), (FOR, 0.0), (FOR, half), (FOR, opacity))
    return [[place / 4, f"rgba({colour},{alpha:.3g})"] for place, (colour, alpha) in enumerate(steps)]


def _legend(limit: float, width: float, explanation: Explanation) -> dict[str, object]:
    """The colour bar, whose right end is that of the paper: ``width`` of the figure."""
    unit = " logits" if explanation.attribution.method != GRAD_CAM else ""
    return {
        "orientation": "h",
        "x": width,
        "xanchor": "right",
        "y": 1.0,
        "yanchor": "bottom",
        "len": 0.3,
        "thickness": 9,
        "tickvals": [-STEPS, 0, STEPS],
        "ticktext": ["against", f"0   (ends at {limit:.2g}{unit} in 20 ms)", "for"],
        "tickfont": {"size": 11},
        "outlinewidth": 0.5,
    }


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
