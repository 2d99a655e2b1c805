"""Whether what models say of two ECGs may be shown beside each other: the gate, and reading first."""

from collections.abc import Mapping

import streamlit as st

from ecgapp.models import ModelCard
from ecgapp.records import fingerprint
from ecgapp.ui import gate_panel, reading
from ecgapp.ui.compare_slots import Held

READ_FIRST = (
    "The {slot} ECG is to be read first, so nothing that a model says of it is computed here. Commit your "
    "read of it on the Review page, or let it be shown unread."
)


def may_show(both: Mapping[str, Held], cards: Mapping[str, ModelCard]) -> bool:
    """Whether all of ``both`` may be spoken of; a sentence for each ECG of which it may not.

    What is shown counts as seen: no later read of this session is a first one.
    """
    keys = {slot: _key_of(one) for slot, one in both.items()}
    unread = [slot for slot, key in keys.items() if reading.to_be_read_first(key)]
    for slot in unread:
        _ask_to_read(slot, keys[slot])
    if unread:
        return False
    refused = [_refused(slot, one, cards) for slot, one in both.items()]
    if any(refused):
        return False
    reading.mark_seen(*keys.values())
    return True


def _key_of(one: Held) -> str:
    return one.remember("fingerprint", lambda: fingerprint(one.record))


def _ask_to_read(slot: str, key: str) -> None:
    st.info(READ_FIRST.format(slot=slot))
    st.button(
        f"Show the {slot} ECG unread", key=f"compare_unread_{slot}", on_click=reading.mark_seen, args=(key,)
    )


def _refused(slot: str, one: Held, cards: Mapping[str, ModelCard]) -> bool:
    """Whether the gate refuses this ECG; the reason. One that it could not judge is told."""
    judged = gate_panel.admission(one.record, cards, one.remember)
    if judged is None or (judged.judged and not judged.refused):
        return False
    if judged.refused:
        words = f"**The {slot} ECG: {judged.reason}**\n\n{gate_panel.in_figures(judged)}"
        st.error(f"{words} Nothing is compared but the tracings.", icon=":material/block:")
    else:
        st.warning(f"The {slot} ECG: {judged.reason}")
    return judged.refused
