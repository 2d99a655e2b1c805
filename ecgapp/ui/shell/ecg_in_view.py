"""The ECG in view on the Review page, its title, and what the page remembers of it until another is opened.

A patient's ECG lives here and nowhere else: never in ``st.cache_data``, which all users share.
"""

from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st

from ecgapp.analysis import OpenedECG
from ecgapp.analysis.computed_results import ComputedResults
from ecgapp.records import ECGRecord
from ecgapp.ui.shell.open_ecgs import open_ecg

IN_VIEW = "ecg_in_view"  # session state
PROBLEM = "upload_problem"  # session state
MOST_FIGURES = 16  # that are held of an ECG: those drawn last
T = TypeVar("T")


@dataclass(eq=False)
class ECGInView:
    """An open ECG under its title; ``page_state`` holds one object of each type of a page's own state."""

    ecg: OpenedECG
    title: str  # never a name from a file
    page_state: dict[type, object] = field(default_factory=dict)
    figures: ComputedResults = field(default_factory=lambda: ComputedResults(MOST_FIGURES))


def open_record(record: ECGRecord, title: str) -> ECGInView:
    """Make ``record`` the ECG in view, and return it; what the page remembers of the one before is dropped.

    It is one value, since Streamlit can break off a callback between two assignments.
    """
    in_view = ECGInView(open_ecg(record), title)
    st.session_state[IN_VIEW] = in_view
    forget_problem()
    return in_view


def close_record() -> None:
    """Close the ECG in view."""
    for key in (IN_VIEW, PROBLEM):
        st.session_state.pop(key, None)


def current() -> ECGInView | None:
    """The ECG in view, or None."""
    in_view: ECGInView | None = st.session_state.get(IN_VIEW)
    return in_view


def page_state(kind: type[T]) -> T:
    """The page's state of this type for the ECG in view: the same object at each call, at first ``kind()``.

    Without an ECG in view, a new object.
    """
    in_view = current()
    if in_view is None:
        return kind()
    state: T = in_view.page_state.setdefault(kind, kind())  # type: ignore[assignment]
    return state


def figures() -> ComputedResults:
    """The figures drawn of the ECG in view, by what they show."""
    in_view = current()
    return ComputedResults() if in_view is None else in_view.figures


def refuse(sentence: str) -> None:
    """Close the ECG in view, and hold the sentence that says why the last drop was refused."""
    close_record()
    st.session_state[PROBLEM] = sentence


def forget_problem() -> None:
    """Drop that sentence: the refused files are gone."""
    st.session_state.pop(PROBLEM, None)


def problem() -> str | None:
    """The reason why the last drop was refused, or None."""
    sentence: str | None = st.session_state.get(PROBLEM)
    return sentence
