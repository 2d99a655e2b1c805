"""Buttons of administrators: the right is checked at the moment of the action; a refusal is a sentence."""

import time
from collections.abc import Callable

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.ui.shell import auth

STAYS = 15.0  # seconds that a refusal is shown, however often the page is drawn meanwhile
_PROBLEM = "action_problem"  # session state, with the place: why the last action there was refused, and when


def guarded(settings: Settings, act: Callable[[], object], place: str = "") -> Callable[[], None]:
    """``act`` for administrators only, as a button's callback; ``show_problem`` draws it at ``place``."""

    def on_click() -> None:
        st.session_state.pop(_PROBLEM + place, None)
        try:
            auth.check_admin(settings)
            act()
        except EcgAppError as error:
            st.session_state[_PROBLEM + place] = (str(error), time.monotonic())

    return on_click


def act_now(settings: Settings, act: Callable[[], object]) -> bool:
    """Call ``act`` for an administrator, or draw why it is refused.

    Returns:
        Whether it was done.
    """
    try:
        auth.check_admin(settings)
        act()
    except EcgAppError as error:
        st.error(str(error))
        return False
    return True


def show_problem(place: str = "") -> None:
    """Draw why the last action of this place was refused; nothing if it was not refused."""
    problem, refused = st.session_state.get(_PROBLEM + place, (None, 0.0))
    if problem is None:
        return
    if time.monotonic() - refused < STAYS:
        st.error(problem)
    else:
        del st.session_state[_PROBLEM + place]
