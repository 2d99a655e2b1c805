"""The two ECGs of the compare page, and what was computed from each. They live in the session alone."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

import streamlit as st

from ecgapp.analysis import OpenedECG
from ecgapp.records import ECGRecord
from ecgapp.ui.shell import opened, session
from ecgapp.ui.shell.opening import DEMO, Opening

T = TypeVar("T")

EARLIER, LATER = "earlier", "later"
_HELD = "compare_held"  # session state: what each slot holds, by its name


@dataclass(eq=False)
class Held:
    """One opened ECG with its own memory, so that nothing of one is ever taken for the other's.

    ``ecg`` holds what is computed from it, ``results`` what is drawn of it.
    """

    record: ECGRecord
    title: str
    of_review: bool = False  # it is the one in view on the Review page, and follows that
    results: dict[Hashable, object] = field(default_factory=dict)
    reference: str = ""  # what the reader calls it, for this page alone
    ecg: OpenedECG = field(init=False)

    def __post_init__(self) -> None:
        self.ecg = opened.current(self.record) if self.of_review else opened.opened_ecg(self.record)

    @property
    def name(self) -> str:
        """Its title, with the reader's reference behind it."""
        return f"{self.title} ({self.reference})" if self.reference else self.title

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """``compute()``, once for each ``key``; errors are not remembered."""
        if key not in self.results:
            self.results[key] = compute()
        value: T = self.results[key]  # type: ignore[assignment]
        return value


def held(slot: str) -> Held | None:
    """What lies in ``slot``, or None."""
    return _slots().get(slot)


def problem(slot: str) -> str | None:
    """Why the last drop into ``slot`` was refused, or None."""
    sentence: str | None = st.session_state.get(_problem(slot))
    return sentence


def opening(slot: str) -> Opening:
    """The ways into ``slot``."""
    return Opening(
        f"{slot}_",
        open=lambda record, title: _put(slot, Held(record, title)),
        close=lambda: _put(slot, None),
        refuse=lambda sentence: _refuse(slot, sentence),
        forget_problem=lambda: _forget_problem(slot),
    )


def follow_review() -> None:
    """Let the ECG in view on the Review page be the later one, until another is opened there or here."""
    record, slots = session.current_record(), _slots()
    slot = next((name for name, one in slots.items() if one.of_review), None)
    if slot is None and LATER not in slots and problem(LATER) is None:
        slot = LATER
    if slot is None or (slot in slots and slots[slot].record is record):
        return
    shown = None if record is None else Held(record, session.record_title(), of_review=True)
    if shown is not None or slot in slots:
        _put(slot, shown)


def swap() -> None:
    """Earlier becomes later: each takes what was computed from it along."""
    names = {EARLIER: LATER, LATER: EARLIER}
    st.session_state[_HELD] = {names[slot]: one for slot, one in _slots().items()}
    for slot in names:
        _forget_problem(slot)
    chosen = {slot: st.session_state.get(opening(slot).key(DEMO)) for slot in names}
    for slot, other in names.items():
        st.session_state[opening(slot).key(DEMO)] = chosen[other]


def _slots() -> dict[str, Held]:
    slots: dict[str, Held] = st.session_state.setdefault(_HELD, {})
    return slots


def _put(slot: str, one: Held | None) -> None:
    _forget_problem(slot)
    slots = {name: other for name, other in _slots().items() if name != slot}
    st.session_state[_HELD] = slots if one is None else slots | {slot: one}


def _refuse(slot: str, sentence: str) -> None:
    _put(slot, None)
    st.session_state[_problem(slot)] = sentence


def _forget_problem(slot: str) -> None:
    st.session_state.pop(_problem(slot), None)


def _problem(slot: str) -> str:
    return f"compare_{slot}_problem"
