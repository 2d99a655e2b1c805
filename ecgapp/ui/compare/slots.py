"""The two ECGs of the compare page, and what was computed from each. They live in the session alone."""

from dataclasses import dataclass

import streamlit as st

from ecgapp.analysis import OpenedECG
from ecgapp.records import ECGRecord
from ecgapp.ui.shell import ecg_in_view
from ecgapp.ui.shell.open_ecgs import open_ecg
from ecgapp.ui.shell.opening import DEMO, Opening

EARLIER, LATER = "earlier", "later"
_HELD = "compare_held"  # session state: what each slot holds, by its name


@dataclass(eq=False)
class ComparedECG:
    """One of the two ECGs, with everything that is computed from it."""

    ecg: OpenedECG
    title: str
    of_review: bool = False  # it is the one in view on the Review page, and follows that
    reference: str = ""  # what the reader calls it, for this page alone

    @property
    def record(self) -> ECGRecord:
        return self.ecg.record

    @property
    def name(self) -> str:
        """The ECG's title, with the reader's reference behind it."""
        return f"{self.title} ({self.reference})" if self.reference else self.title


def compared(slot: str) -> ComparedECG | None:
    """The ECG in ``slot``, or None."""
    return _slots().get(slot)


def problem(slot: str) -> str | None:
    """The reason why the last drop into ``slot`` was refused, or None."""
    sentence: str | None = st.session_state.get(_problem(slot))
    return sentence


def opening(slot: str) -> Opening:
    """The ways into ``slot``."""
    return Opening(
        f"{slot}_",
        open=lambda record, title: _put(slot, ComparedECG(open_ecg(record), title)),
        close=lambda: _put(slot, None),
        refuse=lambda sentence: _refuse(slot, sentence),
        forget_problem=lambda: _forget_problem(slot),
    )


def follow_review() -> None:
    """Let the ECG in view on the Review page be the later one, until another is opened there or here."""
    in_view, slots = ecg_in_view.current(), _slots()
    slot = next((name for name, one in slots.items() if one.of_review), None)
    if slot is None and LATER not in slots and problem(LATER) is None:
        slot = LATER
    ecg = None if in_view is None else in_view.ecg
    if slot is None or (slot in slots and slots[slot].ecg is ecg):
        return
    later = None if in_view is None else ComparedECG(in_view.ecg, in_view.title, of_review=True)
    if later is not None or slot in slots:
        _put(slot, later)


def swap() -> None:
    """Earlier becomes later: each takes what was computed from it along."""
    names = {EARLIER: LATER, LATER: EARLIER}
    st.session_state[_HELD] = {names[slot]: one for slot, one in _slots().items()}
    for slot in names:
        _forget_problem(slot)
    chosen = {slot: st.session_state.get(opening(slot).key(DEMO)) for slot in names}
    for slot, other in names.items():
        st.session_state[opening(slot).key(DEMO)] = chosen[other]


def _slots() -> dict[str, ComparedECG]:
    slots: dict[str, ComparedECG] = st.session_state.setdefault(_HELD, {})
    return slots


def _put(slot: str, one: ComparedECG | None) -> None:
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
