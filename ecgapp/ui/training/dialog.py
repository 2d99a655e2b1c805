"""What a dialog over the Training page is about, how it acts, and how it closes."""

from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.runs.start_training import new_form
from ecgapp.training.result.examples import RankedRecord
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.session import DIALOG


def close() -> None:
    """No dialog is open any more, from the next drawing of the page on."""
    st.session_state.pop(DIALOG, None)


@dataclass(frozen=True)
class Asked:
    """What a dialog is about."""

    run: Run
    store: RunStore
    settings: Settings
    ranked: RankedRecord | None
    form: str = field(default_factory=new_form)  # makes one run, however often it is sent

    def do(self, act: Callable[[], object]) -> None:
        """Do it for an administrator, and close the dialog; what is refused is said in it."""
        try:
            auth.check_admin(self.settings)
            act()
        except EcgAppError as error:
            st.error(str(error))
        else:
            close()
            st.rerun()
