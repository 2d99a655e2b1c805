"""A tracing as wide as the window allows, and as tall as its paper then is: no blank paper beside it."""

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp.ui.tracing.paper_layout import SIDES, height_per_width

PLAIN = {"displayModeBar": False}  # of charts that have no tools
# A chart knows its width only in the browser, so that its height is worked out there too.
STYLE = """<style>
.st-key-{key}_wide {{ container-type: inline-size; }}
.st-key-{key}_tall {{ flex: none; height: calc((100cqw - {sides}px) * {ratio:.5f} + {frame}px); }}
</style>"""


def paper(figure: go.Figure, key: str) -> DeltaGenerator:
    """The container for the chart of ``figure`` with ``height="stretch"``; ``key`` is the chart's own."""
    frame = figure.layout.margin.t + figure.layout.margin.b
    st.html(STYLE.format(key=key, sides=SIDES, ratio=height_per_width(figure), frame=frame))
    return st.container(key=f"{key}_wide").container(key=f"{key}_tall", height="stretch")
