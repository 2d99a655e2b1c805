"""Whether the answers of models on two ECGs may be compared, and what makes a comparison doubtful."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ecgapp.analysis.doubts import doubts, doubts_all
from ecgapp.analysis.ecg_comparison import FindingChange
from ecgapp.ui.compare.slots import ComparedECG
from ecgapp.ui.sign_off import reader

READ_FIRST = (
    "The {slot} ECG is to be read first, so nothing that a model says of it is computed here. Save your "
    "reading of it on the Review page, or show the model's output without reading it first."
)


def may_show(both: Mapping[str, ComparedECG]) -> bool:
    """Whether neither of ``both`` is to be read first; a sentence for each ECG that is.

    What is shown counts as seen: no later read of this session is a first one.
    """
    keys = {slot: one.ecg.fingerprint for slot, one in both.items()}
    unread = [slot for slot, key in keys.items() if reader.to_be_read_first(key)]
    for slot in unread:
        st.info(READ_FIRST.format(slot=slot))
        words, key = f"Show the model's output for the {slot} ECG", f"compare_unread_{slot}"
        st.button(words, key=key, on_click=reader.mark_seen, args=(keys[slot],))
    if unread:
        return False
    reader.mark_seen(*keys.values())
    return True


def withheld(both: Mapping[str, ComparedECG]) -> bool:
    """Whether labels of one ECG are withheld; a sentence for each ECG of which there is something to say."""
    return any([_withheld(slot, one) for slot, one in both.items()])  # a sentence for each of them


def _withheld(slot: str, one: ComparedECG) -> bool:
    judged = one.ecg.admission()
    words = f"The {slot} ECG: {judged.reason}"
    if judged.labels_withheld:
        words = f"{words} No labels are compared. {judged.in_figures}".rstrip()
    if judged.reason:
        st.warning(words)
    return judged.labels_withheld


def doubt_marks(both: Mapping[str, ComparedECG], changes: Sequence[FindingChange]) -> dict[str, str]:
    """The classes that are doubtful, with the ECGs in which they are: ``⚠ earlier and later``."""
    marks = {}
    for change in changes:
        slots = [slot for slot, one in both.items() if doubts(change.label, one.ecg.quality)]
        if slots:
            marks[change.label] = f"⚠ doubtful {' and '.join(slots)}"
    return marks


def doubt_sentences(both: Mapping[str, ComparedECG], changes: Sequence[FindingChange]) -> list[str]:
    """The doubts of each class above its threshold in either ECG, a sentence for each ECG."""
    return [
        f"**{change.label}**, {slot} ECG: {sentence}"
        for change in changes
        if change.earlier.positive or change.later.positive
        for slot, one in both.items()
        if (sentence := doubts(change.label, one.ecg.quality))
    ]


def doubts_of_all(both: Mapping[str, ComparedECG]) -> str:
    """The doubts that hold for every answer on an ECG, a sentence for each ECG."""
    by_slot = {slot: doubts_all(one.ecg.quality) for slot, one in both.items()}
    return " ".join(f"{slot.capitalize()} ECG: {sentence}" for slot, sentence in by_slot.items() if sentence)
