"""The live view of runs: one fragment that runs every two seconds."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import show_problem
from ecgapp.ui.training.run_comparison_view import comparison
from ecgapp.ui.training.run_dialogs import is_wished
from ecgapp.ui.training.run_list import choose, queue, run_list
from ecgapp.ui.training.run_view import run_view

POLL = "2s"
ONE, SEVERAL = "One run", "Compare runs"


@st.fragment(run_every=POLL)
def live_runs(settings: Settings) -> None:
    """Show all runs, and one of them closely or several side by side."""
    if not auth.is_admin(settings) or is_wished():
        st.rerun()
    store = RunStore(settings.runs)
    try:
        runs = store.refresh()
        if not runs:
            st.info("No training yet. Start one above; it goes on when this page is closed.")
            return
        matches = run_list(runs)
        queue(runs, store, settings)
        show_problem()
        st.segmented_control(
            "View", (ONE, SEVERAL), default=ONE, key="runs_view", label_visibility="collapsed", required=True
        )
        if st.session_state["runs_view"] == SEVERAL:
            comparison(matches, runs, store)
        else:
            run_view(choose(matches), runs, store, settings)
    except EcgAppError as error:
        st.error(str(error))
