"""What one browser session remembers: its record, and what was computed from it.

A patient's ECG lives here and nowhere else: never in ``st.cache_data``, which all users share.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st

from ecgapp.config import Settings
from ecgapp.records import ECGRecord
from ecgapp.system.memory import give_back_freed

T = TypeVar("T")

RECORD = "record"
RESULTS = "results"
PROBLEM = "upload_problem"
DIALOG = "dialog_open"  # what the dialog over the page is about, until it is closed
_PAGE = "page"  # the page that was drawn last


def settings() -> Settings:
    """This installation's folders."""
    return Settings.from_environment()


def begin_page(title: str) -> None:
    """A dialog does not outlive its page: it would open by itself when the reader comes back."""
    if st.session_state.get(_PAGE) != title:
        st.session_state[_PAGE] = title
        st.session_state.pop(DIALOG, None)


def open_record(record: ECGRecord, title: str) -> None:
    """Make ``record`` the one in view; everything computed from the one before is dropped.

    Record and title are one value: Streamlit can break off a callback between two assignments.
    """
    close_record()
    st.session_state[RECORD] = (record, title)


def close_record() -> None:
    """Drop the record in view and all that was computed from it."""
    for key in (RECORD, RESULTS, PROBLEM):
        st.session_state.pop(key, None)


def current_record() -> ECGRecord | None:
    """The record in view, or None."""
    opened: tuple[ECGRecord, str] | None = st.session_state.get(RECORD)
    return None if opened is None else opened[0]


def record_title() -> str:
    """What the record in view is called; never a name from a file."""
    opened: tuple[ECGRecord, str] | None = st.session_state.get(RECORD)
    return "" if opened is None else opened[1]


def refuse(sentence: str) -> None:
    """Close the record, and keep the sentence that says why the last drop was refused."""
    close_record()
    st.session_state[PROBLEM] = sentence


def forget_problem() -> None:
    """The refused files are gone."""
    st.session_state.pop(PROBLEM, None)


def problem() -> str | None:
    """Why the last drop was refused, or None."""
    sentence: str | None = st.session_state.get(PROBLEM)
    return sentence


def remember(key: Hashable, compute: Callable[[], T], *, heavy: bool = False) -> T:
    """``compute()``, once for each ``key`` and record in view; errors are not remembered.

    ``heavy``: a network runs in it, and what that frees goes back to the system.
    """
    results = st.session_state.setdefault(RESULTS, {})
    if key not in results:
        results[key] = compute()
        if heavy:
            give_back_freed()
    value: T = results[key]
    return value


def remembered(key: Hashable) -> bool:
    """Whether ``remember`` holds something under ``key`` for the record in view."""
    return key in st.session_state.get(RESULTS, {})


def keep(key: Hashable, value: object) -> None:
    """Let ``remember`` hold ``value`` under ``key``, where it holds nothing there yet."""
    st.session_state.setdefault(RESULTS, {}).setdefault(key, value)


def forget(key: Hashable) -> None:
    """Let ``remember`` compute what is under ``key`` anew."""
    st.session_state.get(RESULTS, {}).pop(key, None)
