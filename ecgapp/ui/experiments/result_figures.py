"""The figures of an experiment's report as Plotly charts: lines, points and bars with their intervals."""

import html

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ecgapp.experiments.report_parts import FigurePanel, FigureSeries, ResultFigure
from ecgapp.ui.training.curves import DASHES, LABEL_COLOURS, MARKERS

HEIGHT = 380  # px
MOST_COLUMNS = 3  # panels side by side
_MANY = 40  # points; a line with more has no markers


def result_figure(figure: ResultFigure) -> go.Figure:
    """The figure with its panels side by side; series of one name share a colour and a legend entry."""
    rows = -(-len(figure.panels) // MOST_COLUMNS)
    columns = -(-len(figure.panels) // rows)  # two and two rather than three and one
    drawn = make_subplots(
        rows, columns, subplot_titles=[html.escape(panel.title) for panel in figure.panels],
        horizontal_spacing=0.09, vertical_spacing=0.35 / rows,
    )  # fmt: skip
    names = list(dict.fromkeys(series.name for panel in figure.panels for series in panel.series))
    for place, panel in enumerate(figure.panels):
        _draw_panel(drawn, panel, (place // columns + 1, place % columns + 1), names)
    seen: set[str] = set()
    for trace in drawn.data:
        trace.showlegend = len(names) > 1 and trace.name not in seen
        seen.add(trace.name)
    return drawn.update_layout(
        height=HEIGHT * rows,
        margin={"l": 60, "r": 8, "t": 40, "b": 48},
        legend={"orientation": "h", "y": 1.06 + 0.04 / rows, "yanchor": "bottom", "x": 0},
        barmode="group",
        uirevision="keep",
    )


def _draw_panel(drawn: go.Figure, panel: FigurePanel, place: tuple[int, int], names: list[str]) -> None:
    row, column = place
    for series in panel.series:
        drawn.add_trace(_trace(series, names.index(series.name)), row=row, col=column)
    drawn.update_xaxes(title_text=html.escape(panel.x_title), row=row, col=column)
    drawn.update_yaxes(title_text=html.escape(panel.y_title), row=row, col=column)


def _trace(series: FigureSeries, number: int) -> go.Scatter | go.Bar:
    """The series in the colour, dash and marker of its number; ``name`` is escaped, as plotly reads HTML."""
    colour = LABEL_COLOURS[number % len(LABEL_COLOURS)]
    shared = {
        "x": list(series.x), "y": list(series.y), "name": html.escape(series.name),
        "legendgroup": series.name, "error_y": _interval(series), "hovertemplate": "%{x}: %{y:.4g}",
    }  # fmt: skip
    if series.style == "bars":
        return go.Bar(marker={"color": colour}, **shared)
    marker = {"symbol": MARKERS[number % len(MARKERS)], "size": 8, "color": colour}
    if series.style == "points":
        return go.Scatter(mode="markers", marker=marker, **shared)
    mode = "lines" if len(series.x) > _MANY else "lines+markers"
    line = {"color": colour, "width": 2, "dash": DASHES[number % len(DASHES)]}
    return go.Scatter(mode=mode, marker=marker, line=line, **shared)


def _interval(series: FigureSeries) -> dict[str, object] | None:
    """The interval of each y as lengths above and below it; none where an end is undefined."""
    if not series.low:
        return None
    above = [_length(high, y) for high, y in zip(series.high, series.y, strict=True)]
    below = [_length(y, low) for y, low in zip(series.y, series.low, strict=True)]
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1.2}


def _length(upper: float | None, lower: float | None) -> float:
    return 0.0 if upper is None or lower is None else max(0.0, upper - lower)
