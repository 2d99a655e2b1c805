"""The fields for the author and the reason of a change, beside every button that changes a model in use."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from ecgapp.promotion import Decision
from ecgapp.promotion.history import LONGEST_WORDS

_NAME = "decided_by"  # session state: the name that was typed last, for the next form


def ask(key: str) -> None:
    """Two fields, for ``decided`` to read when a button is pressed."""
    who, why = st.columns([1, 2])
    known = st.session_state.get(_NAME, "")
    who.text_input("Your name", known, key=f"by_{key}", max_chars=LONGEST_WORDS)
    why.text_input("Why (is kept in the history)", key=f"why_{key}", max_chars=LONGEST_WORDS)


@contextmanager
def decided(key: str, despite: str = "") -> Iterator[Decision]:
    """The decision typed into the fields of this key; the reason is cleared once it was used.

    ``despite`` is the name that was typed where something speaks against the change.

    Raises:
        ModelError: one of them is empty.
    """
    decision = Decision(st.session_state[f"by_{key}"], st.session_state[f"why_{key}"], despite)
    st.session_state[_NAME] = decision.by
    yield decision
    st.session_state[f"why_{key}"] = ""
