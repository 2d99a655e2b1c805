"""Promote a finished run's model: under which name, and why."""

import streamlit as st

from ecgapp.analysis import available_models
from ecgapp.config import Settings
from ecgapp.errors import JobError
from ecgapp.jobs import Run, RunStore
from ecgapp.promotion import promote_run
from ecgapp.ui.guarded import guarded


def promotion(run: Run, store: RunStore, settings: Settings) -> None:
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

        on_click = guarded(settings, promote)
        st.button("Promote", key=f"promote_{run.id}", on_click=on_click, type="primary")
