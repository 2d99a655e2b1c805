"""What the gate says of the record in view: whether labels may be shown, and why not."""

from collections.abc import Callable, Hashable, Mapping
from typing import Protocol

import streamlit as st

from ecgapp import analysis
from ecgapp.analysis import Admission
from ecgapp.analysis.gate import broken_gate
from ecgapp.errors import EcgAppError
from ecgapp.models import ModelCard
from ecgapp.records import ECGRecord
from ecgapp.ui import choosing, session


class Remember(Protocol):
    """The memory of one record: ``session.remember`` for the one in view."""

    def __call__(
        self, key: Hashable, compute: Callable[[], Admission], /, *, heavy: bool = ...
    ) -> Admission: ...


def admission(
    record: ECGRecord, cards: Mapping[str, ModelCard], remember: Remember = session.remember
) -> Admission | None:
    """The judgement of ``record``, computed once for each gate; None where no gate is installed."""
    card = analysis.gate_for(record, cards)
    if card is None:
        return None
    try:
        gate = choosing.opened(card)
    except EcgAppError as error:
        return broken_gate(card, error)
    return remember(("admit", card.digest), lambda: analysis.admit(record, gate), heavy=True)


def refused(
    record: ECGRecord, cards: Mapping[str, ModelCard], headline: st.delta_generator.DeltaGenerator
) -> bool:
    """Whether no label may be shown; the headline says why. A record that was not judged is told below it."""
    judged = admission(record, cards)
    if judged is None:
        return False
    if judged.refused:
        headline.error(f"**{judged.reason}**\n\n{in_figures(judged)}", icon=":material/block:")
    elif not judged.judged:
        st.warning(judged.reason)
    return judged.refused


def in_figures(judged: Admission) -> str:
    """The score beside its threshold, and what the reader can still do."""
    stays = "The tracing stays for you to read. How often good records are refused: see the Performance page."
    return f"{judged.in_figures} {stays}".lstrip()
