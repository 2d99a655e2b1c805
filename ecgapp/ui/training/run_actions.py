"""The buttons for an administrator's actions on a run. The right is checked each time."""

from typing import Literal

import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import store_names
from ecgapp.jobs import Run, RunStore
from ecgapp.runs.next_config import transferable_phase
from ecgapp.runs.run_figures import config_of
from ecgapp.runs.run_words import size_words
from ecgapp.runs.start_training import run_reference
from ecgapp.training import Initialisation, Phase
from ecgapp.ui.shell.admin_action import guarded
from ecgapp.ui.training.run_dialogs import AGAIN, EPOCHS, EXPORT, FORM, NAME, ask_for
from ecgapp.ui.training.training_form import FORM_OPEN, STORES

SIZES = "run_sizes"  # session state: what deleting each ended run frees


def actions(run: Run, store: RunStore, settings: Settings) -> None:
    """Show the buttons that this run's state allows."""
    buttons = st.container(horizontal=True, gap="small")
    with buttons:
        _stop_and_resume(run, store, settings)
        _next_trainings(run, settings)
        st.button(
            "Name and note", key=f"name_{run.id}", on_click=ask_for(NAME, run.id), icon=":material/edit:"
        )
        st.button(
            "Export", key=f"export_{run.id}", on_click=ask_for(EXPORT, run.id), icon=":material/download:"
        )
        if run.ended_for_now:
            _delete(run, store, settings)


def _stop_and_resume(run: Run, store: RunStore, settings: Settings) -> None:
    if run.state in ("queued", "starting", "running"):
        words = "Remove from the queue" if run.state == "queued" else "Stop"
        stop = guarded(settings, lambda: store.request_stop(run.id))
        st.button(words, key=f"stop_{run.id}", on_click=stop, icon=":material/stop:")
    if run.resumable:
        resume = guarded(settings, lambda: store.resume(run.id))
        look: Literal["primary", "secondary"] = "primary" if run.resume_helps else "secondary"
        st.button("Resume", key=f"resume_{run.id}", on_click=resume, icon=":material/resume:", type=look)


def _next_trainings(run: Run, settings: Settings) -> None:
    """Show the buttons for more epochs, a new run of these settings, and a training from these weights."""
    config = config_of(run)
    if config is None:
        return
    if run.state == "finished":
        st.button(
            "Continue with more epochs", key=f"more_{run.id}", on_click=ask_for(EPOCHS, run.id),
            icon=":material/add:",
        )  # fmt: skip
    st.button(
        "New run from these settings", key=f"again_{run.id}", on_click=ask_for(AGAIN, run.id),
        icon=":material/content_copy:",
        type="primary" if run.resumable and not run.resume_helps else "secondary",
    )  # fmt: skip
    if run.state == "finished" and transferable_phase(config) and config.members == 1:
        st.button(
            "Start from these weights", key=f"from_{run.id}", icon=":material/arrow_forward:",
            on_click=guarded(settings, lambda: _fill_form(run, config.stores, settings)),
            help="Fills in the form above: a fine-tuning that begins with this run's encoder.",
        )  # fmt: skip


def _fill_form(run: Run, stores: tuple[str, ...], settings: Settings) -> None:
    st.session_state[FORM_OPEN] = True
    st.session_state["train_phase"] = Phase.FINETUNE
    st.session_state["train_start"] = Initialisation.TRANSFER
    known = store_names(settings)  # others were deleted, or named by a path on the command line
    st.session_state[STORES] = [name for name in stores if name in known]
    st.session_state["train_pretrained"] = run_reference(run.id)
    ask_for(FORM, run.id)()


def _delete(run: Run, store: RunStore, settings: Settings) -> None:
    sizes = st.session_state.setdefault(SIZES, {})
    key = (run.id, run.ended)
    if key not in sizes:
        sizes[key] = store.size(run.id)
    with st.popover("Delete", icon=":material/delete:"):
        st.write(
            f"Its curves, checkpoints and log are deleted, which frees {size_words(sizes[key])}. "
            "A promoted model stays."
        )
        delete = guarded(settings, lambda: store.delete(run.id))
        st.button("Delete this run", key=f"delete_run_{run.id}", on_click=delete, type="primary")
