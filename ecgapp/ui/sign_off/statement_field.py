"""The field for a reader's own statements, completed from the vocabulary; other words stay as typed."""

import functools
from collections.abc import Collection, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ecgapp.reviews import MOST_STATEMENTS, as_stored
from ecgapp.tasks.statement_vocabulary import find_statement, offered_terms, vocabulary


def draw_statement_field(place: DeltaGenerator, key: str, stored: Collection[str]) -> None:
    """Draw the field under the widget's ``key``; it begins with the ``stored`` statements."""
    st.session_state.setdefault(key, list(stored))
    place.multiselect(
        "Further statements: an acronym, a code or your own words",
        list(_offered()),
        key=key,
        format_func=lambda term: _offered().get(term, term),
        max_selections=MOST_STATEMENTS,
        accept_new_options=True,
        filter_mode="contains",
        select_all=False,
        wrap=True,
        placeholder="Type to search, or to add your own words",
    )


def chosen_statements(key: str, stored: Collection[str]) -> tuple[str, ...]:
    """The statements in the field as they are to be stored, each once.

    Those that are ``stored`` already stay as they are: an earlier version kept synonyms as typed.
    """
    chosen: list[str] = st.session_state[key]
    words = (text if text in stored else as_stored(text) for text in chosen if text.strip())
    return tuple(dict.fromkeys(words))


@functools.cache
def _offered() -> Mapping[str, str]:
    """The words shown for each offered term: ``LAFB · left anterior fascicular block``.

    A synonym or a code stands before the statement that it leads to.
    """
    statements = {term: find_statement(term) for term in offered_terms()}
    words = {term: f"{known.key} · {known.name}" for term, known in statements.items() if known is not None}
    return {term: text if term in vocabulary() else f"{term} → {text}" for term, text in words.items()}
