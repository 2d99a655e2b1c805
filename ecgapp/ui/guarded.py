"""Buttons of administrators: the right is checked at the moment of the action; a refusal is a sentence."""

from collections.abc import Callable

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.ui import auth

_PROBLEM = "action_problem"  # session state: why the last action was refused


def guarded(settings: Settings, act: Callable[[], object]) -> Callable[[], None]:
    """``act`` for administrators only, as a button's callback; see ``show_problem``."""

    def on_click() -> None:
        try:
            auth.check_admin(settings)
            act()
        except EcgAppError as error:
            st.session_state[_PROBLEM] = str(error)

    return on_click


def show_problem() -> None:
    """Why the last action was refused, once; nothing where it was not."""
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        st.error(problem)
