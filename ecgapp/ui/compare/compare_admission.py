"""Whether what models say of two ECGs may be shown beside each other: the gate, and reading first."""

from collections.abc import Mapping

import streamlit as st

from ecgapp.records import fingerprint
from ecgapp.ui.compare.slots import Held
from ecgapp.ui.sign_off import reader

READ_FIRST = (
    "The {slot} ECG is to be read first, so nothing that a model says of it is computed here. Commit your "
    "read of it on the Review page, or let it be shown unread."
)


def may_show(both: Mapping[str, Held]) -> bool:
    """Whether neither of ``both`` is to be read first; a sentence for each ECG that is.

    What is shown counts as seen: no later read of this session is a first one.
    """
    keys = {slot: _key_of(one) for slot, one in both.items()}
    unread = [slot for slot, key in keys.items() if reader.to_be_read_first(key)]
    for slot in unread:
        _ask_to_read(slot, keys[slot])
    if unread:
        return False
    reader.mark_seen(*keys.values())
    return True


def _key_of(one: Held) -> str:
    return one.remember("fingerprint", lambda: fingerprint(one.record))


def _ask_to_read(slot: str, key: str) -> None:
    st.info(READ_FIRST.format(slot=slot))
    st.button(
        f"Show the {slot} ECG unread", key=f"compare_unread_{slot}", on_click=reader.mark_seen, args=(key,)
    )


def withheld(both: Mapping[str, Held]) -> bool:
    """Whether labels of one ECG are withheld; a sentence for each ECG of which there is something to say."""
    found = [_withheld(slot, one) for slot, one in both.items()]
    return any(found)


def _withheld(slot: str, one: Held) -> bool:
    judged = one.ecg.admission()
    words = f"The {slot} ECG: {judged.reason}"
    if judged.labels_withheld:
        words = f"{words} No labels are compared. {judged.in_figures}".rstrip()
    if judged.reason:
        st.warning(words)
    return judged.labels_withheld
