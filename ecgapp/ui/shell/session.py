"""The state of a whole browser session: the installation's folders, and the dialog over a page."""

import streamlit as st

from ecgapp.config import Settings

CHOSEN_RUN = "chosen_run"  # the run that the Training page shows
DIALOG = "dialog_open"  # what the dialog over the page is about, until it is closed
_PAGE = "page"  # the page that was drawn last


def settings() -> Settings:
    """This installation's folders."""
    return Settings.from_environment()


def begin_page(title: str) -> None:
    """Close a dialog that another page left open, so that it does not open when the reader comes back."""
    if st.session_state.get(_PAGE) != title:
        st.session_state[_PAGE] = title
        st.session_state.pop(DIALOG, None)
