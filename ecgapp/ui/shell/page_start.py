"""The first call of every page: heavy imports once, the page's head, and what the app is not.

A fresh server answers a deep link by running that page without ``streamlit_app.py``, so nothing
here may rely on the entry script having run; such a page starts over by way of it.
"""

import gc
import threading

import captum.attr  # noqa: F401  sessions on a cold server race inside these imports
import pandas  # noqa: F401
import plotly.graph_objects  # noqa: F401
import streamlit as st
import torch
from streamlit.runtime.pages_manager import PagesManager

from ecgapp.config import DISCLAIMER
from ecgapp.ui.shell import session

TORCH_THREADS = 1  # of one inference: the browser and other sessions need the other cores meanwhile
# Drawn here, for a browser fetches the Material icon of a tab from Google.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
<path d="M1 13h6l2-4 3 12 4-18 3 10h4" fill="none" stroke="#1f5f99" stroke-width="2"/></svg>"""
# A tracing is 250 mm wide on paper and wants to be seen whole: Streamlit's margins and large headings are
# taken back for it. Its captions are too pale.
STYLE = """<style>
[data-testid="stMainBlockContainer"] { padding: 1rem 1.75rem 3rem; }
[data-testid="stHeading"] h2 { font-size: 1.75rem; padding: 0.25rem 0 0; }
[data-testid="stHeading"] h3 { font-size: 1.35rem; }
[data-testid="stCaptionContainer"] { opacity: 0.8; }
.st-key-headline { min-height: 3.5rem; }
[data-testid="stMetricValue"] { font-size: 1.2rem; }
[data-testid="stCode"] code { font-size: 0.75rem; }
</style>"""

# Until streamlit_app.py has run once, Streamlit lists the files of pages/ in a navigation of its own.
_DEEP_LINK_CAME_FIRST = bool(PagesManager.uses_pages_directory)
_ENTERED = "entered"  # session state: it has the app's own navigation

_lock = threading.Lock()
_ready = threading.Event()


def bootstrap(title: str) -> None:
    """Begin a page: its tab title, its heading, and the disclaimer that every page carries."""
    _prepare_process()
    if _DEEP_LINK_CAME_FIRST and _ENTERED not in st.session_state:
        st.session_state[_ENTERED] = True  # the page runs again, by way of streamlit_app.py
        PagesManager.uses_pages_directory = False
        st.rerun()
    session.begin_page(title)
    st.set_page_config(page_title=f"{title} - ecgapp", page_icon=ICON, layout="wide")
    st.html(STYLE)
    st.header(title)
    st.caption(f"**{DISCLAIMER}** Every finding is unconfirmed until a clinician has read the ECG.")


def _prepare_process() -> None:
    """Set the number of threads, and exempt imported modules from garbage collection, once in a process."""
    with _lock:
        if _ready.is_set():
            return
        torch.set_num_threads(min(TORCH_THREADS, torch.get_num_threads()))
        gc.collect()
        gc.freeze()
        _ready.set()
