"""The state of a whole browser session: the installation's folders, and the dialog over a page."""

import streamlit as st

from ecgapp.config import Settings

CHOSEN_RUN = "chosen_run"  # the run that the Training page shows
STARTED_RUN = "started_run"  # the run that this browser session started last
DIALOG = "dialog_open"  # what the dialog over the page is about, until it is closed
TRAINING_ORDER = "training_order"  # the training that a click ordered, until it is started or refused
_PAGE = "page"  # the page that was drawn last


def settings() -> Settings:
    """This installation's folders."""
    return Settings.from_environment()


def begin_page(title: str) -> None:
    """Forget the dialog and the order that another page left open, for when the reader comes back to it."""
    if st.session_state.get(_PAGE) != title:
        st.session_state[_PAGE] = title
        st.session_state.pop(DIALOG, None)
        st.session_state.pop(TRAINING_ORDER, None)
