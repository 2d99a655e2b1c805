"""Buttons of administrators: the right is checked at the moment of the action; a refusal is a sentence."""

from collections.abc import Callable

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.ui import auth

_PROBLEM = "action_problem"  # session state, with the place: why the last action there was refused


def guarded(settings: Settings, act: Callable[[], object], place: str = "") -> Callable[[], None]:
    """``act`` for administrators only, as a button's callback; ``show_problem`` tells of it at ``place``."""

    def on_click() -> None:
        try:
            auth.check_admin(settings)
            act()
        except EcgAppError as error:
            st.session_state[_PROBLEM + place] = str(error)

    return on_click


def show_problem(place: str = "") -> None:
    """Why the last action of this place was refused, once; nothing where it was not."""
    problem = st.session_state.pop(_PROBLEM + place, None)
    if problem:
        st.error(problem)
