"""The ECG paper under median beats: its grid at 25 mm/s and 10 mm/mV, whatever the window's width."""

import plotly.graph_objects as go

from ecgapp.ui.tracing.tracing import FRAME, INK, MAJOR, MINOR, SIDES

SECONDS_PER_MILLIVOLT = 0.4  # 10 mm at 25 mm/s, as in the tracing


def lay_on_paper(
    figure: go.Figure, across: tuple[float, float], upwards: tuple[float, float], head: int
) -> None:
    """The grid from ``across`` (s) and ``upwards`` (mV), with ``head`` pixels less above than the tracing."""
    figure.update_layout(
        template="none", margin={"l": SIDES // 2, "r": SIDES // 2, "t": FRAME - head, "b": 6},
        paper_bgcolor="white", plot_bgcolor="white", showlegend=False, hovermode=False, dragmode=False,
        font={"color": INK},
    )  # fmt: skip
    figure.update_xaxes(**_axis(across, 0.2, 0.04), constraintoward="left")
    figure.update_yaxes(
        **_axis(upwards, 0.5, 0.1), scaleanchor="x", scaleratio=SECONDS_PER_MILLIVOLT, constraintoward="top"
    )


def _axis(span: tuple[float, float], major: float, minor: float) -> dict[str, object]:
    return {
        "range": list(span), "dtick": major, "tick0": 0, "gridcolor": MAJOR, "zeroline": False,
        "showline": False, "ticks": "", "showticklabels": False, "constrain": "domain",
        "minor": {"dtick": minor, "tick0": 0, "showgrid": True, "gridcolor": MINOR, "ticks": ""},
    }  # fmt: skip
