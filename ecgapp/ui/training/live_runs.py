"""The live view of runs: one fragment that runs every two seconds."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import show_problem
from ecgapp.ui.shell.session import TRAINING_ORDER
from ecgapp.ui.training.run_comparison_view import comparison
from ecgapp.ui.training.run_dialogs import is_wished
from ecgapp.ui.training.run_list import choose, queue, run_list
from ecgapp.ui.training.run_view import run_view

POLL = "2s"
ONE, SEVERAL = "One run", "Compare runs"
_SEEN_ORDER = "seen_order"  # session state: the order that the whole page was last run for


@st.fragment(run_every=POLL)
def live_runs(settings: Settings) -> None:
    """Show all runs, and one of them closely or several side by side."""
    if not auth.is_admin(settings) or is_wished() or _order_waits():
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


def _order_waits() -> bool:
    """Whether a click has ordered a training that no run of the whole page has carried out; once a click.

    A click may come with a run of the live view alone, in which the form takes no part.
    """
    order = st.session_state.get(TRAINING_ORDER)
    if order is None or st.session_state.get(_SEEN_ORDER) == order:
        return False
    st.session_state[_SEEN_ORDER] = order
    return True
