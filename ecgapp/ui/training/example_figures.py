"""Validation windows and their reconstructions by an autoencoder after several epochs, as small charts."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ecgapp.records.record import FloatArray
from ecgapp.training.result.examples import Reconstructions
from ecgapp.ui.tracing.paper_layout import WHITE, signal_line

ROW = 130  # px a window
ORIGINAL, ANSWER = "#101010", "#d55e00"
DASH = "3px,1.5px"  # of the reconstruction: colour never alone


def reconstructions(
    examples: Reconstructions, lead: int, epochs: Sequence[int], sampling_rate: float
) -> go.Figure:
    """A row of charts for each window, with a column for each of the ``epochs``.

    The original is black, the reconstruction lies over it. ``lead`` is its place among the network's leads.
    """
    n = len(examples.windows)
    figure = make_subplots(
        rows=n, cols=len(epochs), shared_xaxes="all", shared_yaxes="rows",
        subplot_titles=_titles(examples, epochs),
        horizontal_spacing=0.02, vertical_spacing=min(0.09, 0.3 / n),
    )  # fmt: skip
    for column, epoch in enumerate(epochs, start=1):
        answers = examples.answers[examples.epochs.index(epoch)]
        for row in range(n):
            for signal, name, colour in (
                (examples.windows[row, lead], "original", ORIGINAL),
                (answers[row, lead], "reconstruction", ANSWER),
            ):
                line = signal_line(signal, 0.0, 1 / sampling_rate, colour, 1.1, name=name, legendgroup=name)
                line.line.dash = DASH if name == "reconstruction" else "solid"
                line.showlegend = row == 0 and column == 1
                figure.add_trace(line, row=row + 1, col=column)
    _style(figure, n)
    return figure


def errors(examples: Reconstructions, epoch: int) -> FloatArray:
    """Mean squared error of each window over all leads, float32 (n,), after ``epoch``."""
    difference = examples.answers[examples.epochs.index(epoch)] - examples.windows
    return np.mean(np.square(difference), axis=(1, 2), dtype=np.float32)


def _titles(examples: Reconstructions, epochs: Sequence[int]) -> list[str]:
    """The titles of the charts, from left to right and from top to bottom."""
    by_epoch = [errors(examples, epoch) for epoch in epochs]
    return [
        f"window {row + 1}, epoch {epoch}: squared error {squared[row]:.3f}"
        for row in range(len(examples.windows))
        for epoch, squared in zip(epochs, by_epoch, strict=True)
    ]


def _style(figure: go.Figure, n: int) -> None:
    figure.update_layout(
        **WHITE,
        height=n * ROW + 70,
        margin={"l": 36, "r": 4, "t": 46, "b": 34},
        hovermode=False,
        uirevision="keep",
        font={"color": ORIGINAL},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 0.995}
        | {"yanchor": "top", "yref": "container"},
    )
    figure.update_annotations(font_size=11)
    figure.update_xaxes(gridcolor="#ececec", zeroline=False, ticksuffix=" s")
    figure.update_yaxes(gridcolor="#ececec", zeroline=False, nticks=4, tickfont_size=10)
