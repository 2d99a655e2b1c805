"""What an administrator can do to a run: stop, resume, promote, delete. The right is checked each time."""

from collections.abc import Callable

import streamlit as st

from ecgapp.analysis import available_models
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, JobError
from ecgapp.jobs import Run, RunStore
from ecgapp.promotion import promote_run
from ecgapp.ui import auth


def actions(run: Run, store: RunStore, settings: Settings) -> None:
    """The buttons that this run's state allows."""
    buttons = st.container(horizontal=True)
    if run.state in ("queued", "starting", "running"):
        words = "Take from the queue" if run.state == "queued" else "Stop"
        stop = _guarded(settings, lambda: store.request_stop(run.id))
        buttons.button(words, key=f"stop_{run.id}", on_click=stop, icon=":material/stop:")
    if run.resumable:
        resume = _guarded(settings, lambda: store.resume(run.id))
        buttons.button("Resume", key=f"resume_{run.id}", on_click=resume, icon=":material/resume:")
    if run.ended_for_now:
        with buttons.popover("Delete", icon=":material/delete:"):
            st.write("Its curves, checkpoints and log are deleted. A promoted model stays.")
            delete = _guarded(settings, lambda: store.delete(run.id))
            st.button("Delete this run", key=f"delete_run_{run.id}", on_click=delete)
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        st.error(problem)
    if run.state == "finished":
        _promotion(run, store, settings)


_PROBLEM = "run_action_problem"  # session state: why the last action was refused


def _guarded(settings: Settings, act: Callable[[], object]) -> Callable[[], None]:
    """``act`` for administrators only; what it refuses is shown with the next drawing."""

    def on_click() -> None:
        try:
            auth.check_admin(settings)
            act()
        except EcgAppError as error:
            st.session_state[_PROBLEM] = str(error)

    return on_click


def _promotion(run: Run, store: RunStore, settings: Settings) -> None:
    """Promote the run's model under a name, with a reason that is kept."""
    promoted = [event for event in store.events(run.id) if event.kind == "promoted"]
    for event in promoted:
        st.caption(event.text)
    with st.expander("Promote: let the review page use this model", expanded=not promoted):
        left, right = st.columns([1, 2])
        name = left.text_input("Name", run.name, key=f"promote_name_{run.id}", max_chars=60).strip()
        right.text_input("Why (is kept with the run)", key=f"promote_why_{run.id}", max_chars=200)
        if name in available_models(settings):
            st.caption(f"There is a model {name} already: the review page will use this one in its place.")

        def promote() -> None:
            chosen, reason = (
                st.session_state[f"promote_{part}_{run.id}"].strip() for part in ("name", "why")
            )
            if not reason:
                raise JobError("Say in a few words why this model is promoted.")
            promote_run(store, run.id, chosen, settings)
            store.add_event(run.id, "note", f"Reason for the promotion: {reason}")

        on_click = _guarded(settings, promote)
        st.button("Promote", key=f"promote_{run.id}", on_click=on_click, type="primary")
