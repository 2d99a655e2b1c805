"""The evidence of critical findings on a tracing: a shaded stretch with a dashed frame and a label."""

from collections.abc import Sequence

import plotly.graph_objects as go

from ecgapp.analysis.critical import CriticalFinding
from ecgapp.analysis.evidence_marks import evidence_marks
from ecgapp.records import ECGRecord
from ecgapp.signals.paper import Sheet
from ecgapp.ui.tracing.tracing import HALO, zeros_of

# Orange stays apart from the trace in every colour blindness (Okabe and Ito); the frame shows in grey print.
FILL, FRAME = "rgba(230, 159, 0, 0.20)", "#7a3e00"
REACH = 9.5  # mm above and below the lead's zero
LINE = 3.4  # mm from one label to the next


def mark_evidence(
    figure: go.Figure, record: ECGRecord, sheet: Sheet, findings: Sequence[CriticalFinding]
) -> go.Figure:
    """``figure``, the tracing of ``record`` on ``sheet``, with the stretches that show ``findings``."""
    marks = evidence_marks(findings, sheet)
    if not marks:
        return figure
    zeros, gain = zeros_of(record, sheet), sheet.scale.gain
    for mark in marks:
        zero = float(zeros[mark.cell.row])
        bottom, top = zero - REACH / gain, zero + REACH / gain
        figure.add_shape(
            type="rect", x0=mark.start, x1=mark.stop, y0=bottom, y1=top, layer="below",
            fillcolor=FILL, line={"color": FRAME, "width": 1.2, "dash": "dash"}, name="evidence",
        )  # fmt: skip
        if mark.words:
            figure.add_annotation(
                x=mark.start, y=bottom + (0.4 + LINE * mark.number) / gain, text=f"<b>{mark.words}</b>",
                showarrow=False, xanchor="left", yanchor="bottom", borderpad=1, name="evidence",
                bgcolor="rgba(255, 255, 255, 0.75)",
                font={"size": 11, "color": FRAME, "shadow": HALO},
            )  # fmt: skip
    return figure
