"""The dialogs over the Training page: what each is about, how it acts, and how it closes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from ecgapp.config import Settings
from ecgapp.jobs import Run, RunStore
from ecgapp.runs.start_training import new_form
from ecgapp.training.result.examples import RankedRecord
from ecgapp.ui.shell.admin_action import act_now
from ecgapp.ui.shell.session import DIALOG


def close() -> None:
    """Close the dialog, from the next drawing of the page on."""
    st.session_state.pop(DIALOG, None)


@dataclass(frozen=True)
class DialogContext:
    """The run that a dialog is about, and what it needs to act."""

    run: Run
    store: RunStore
    settings: Settings
    ranked: RankedRecord | None
    form: str = field(default_factory=new_form)  # creates one run, however often it is sent

    def run_as_admin(self, act: Callable[[], object]) -> None:
        """Call ``act`` for an administrator and close the dialog, or show the error in it."""
        if act_now(self.settings, act):
            close()
            st.rerun()
