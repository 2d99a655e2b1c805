"""What an administrator can do to a run: stop, resume, promote, delete. The right is checked each time."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.jobs import Run, RunStore
from ecgapp.ui.guarded import guarded, show_problem
from ecgapp.ui.promotion_form import promotion


def actions(run: Run, store: RunStore, settings: Settings) -> None:
    """The buttons that this run's state allows."""
    buttons = st.container(horizontal=True)
    if run.state in ("queued", "starting", "running"):
        words = "Take from the queue" if run.state == "queued" else "Stop"
        stop = guarded(settings, lambda: store.request_stop(run.id))
        buttons.button(words, key=f"stop_{run.id}", on_click=stop, icon=":material/stop:")
    if run.resumable:
        resume = guarded(settings, lambda: store.resume(run.id))
        buttons.button("Resume", key=f"resume_{run.id}", on_click=resume, icon=":material/resume:")
    if run.ended_for_now:
        with buttons.popover("Delete", icon=":material/delete:"):
            st.write("Its curves, checkpoints and log are deleted. A promoted model stays.")
            delete = guarded(settings, lambda: store.delete(run.id))
            st.button("Delete this run", key=f"delete_run_{run.id}", on_click=delete)
    show_problem()
    if run.state == "finished":
        promotion(run, store, settings)
