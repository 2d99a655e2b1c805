"""The way from the worklist through the Review page: the items in their order, and the one in view."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from ecgapp.errors import ArchiveError, EcgAppError
from ecgapp.ui.shell import ecg_in_view, session
from ecgapp.worklist import BY_NUMBER, CRITICAL_FIRST, Item, Worklist

_SORTS = {BY_NUMBER: "in the order of numbers", CRITICAL_FIRST: "critical findings first"}
_PASSED = "worklist_passed"  # why items were passed over by the last step
REVIEW, LIST = "pages/review.py", "pages/worklist.py"
PREVIOUS_KEY, NEXT_KEY, BACK_KEY = "Shift+K", "Shift+J", "Shift+U"


@dataclass(frozen=True)
class Walk:
    """The numbers in the list's order when it was left, and the one in view."""

    numbers: tuple[int, ...]
    number: int
    sort: str

    def neighbour(self, steps: int) -> int | None:
        """The number so many steps on, or None at the list's end."""
        place = self.numbers.index(self.number) + steps
        return self.numbers[place] if 0 <= place < len(self.numbers) else None

    @property
    def words(self) -> str:
        """``3 of 57, by urgency``."""
        sort = _SORTS.get(self.sort, f"by {self.sort}")
        return f"{self.numbers.index(self.number) + 1:,} of {len(self.numbers):,}, {sort}"


def open_item(number: int, order: Sequence[Item], sort: str) -> None:
    """Make this item the record in view, and remember the order to go on in.

    Raises:
        EcgAppError: it is no longer there.
    """
    _open(number, tuple(item.number for item in order if item.can_be_opened), sort)


def walk_bar() -> None:
    """Draw the place of the ECG in view on the worklist, and buttons to the next; nothing for other ECGs."""
    walk = _current()
    if walk is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        for words, steps, shortcut in (("Previous", -1, PREVIOUS_KEY), ("Next", 1, NEXT_KEY)):
            key, at_end = f"worklist_{words.lower()}", walk.neighbour(steps) is None
            st.button(words, key=key, shortcut=shortcut, disabled=at_end, on_click=_step, args=(steps,))
        if st.button("Back to the list", key="worklist_back", shortcut=BACK_KEY):
            st.switch_page(LIST)
        st.markdown(f"Worklist No. {walk.number}: {walk.words}")
    for sentence in st.session_state.pop(_PASSED, ()):
        st.warning(sentence)


def _current() -> Walk | None:
    """The walk that opened the record in view; None if something else opened it."""
    in_view = ecg_in_view.current()
    walk = None if in_view is None else in_view.page_state.get(Walk)
    return walk if isinstance(walk, Walk) else None


def _step(direction: int) -> None:
    """Open the next item that can be opened, and say which could not; where there is none, stay."""
    walk = _current()
    if walk is None:
        return
    steps, passed = direction, []
    while (number := walk.neighbour(steps)) is not None:
        try:
            _open(number, walk.numbers, walk.sort)
            break
        except EcgAppError as error:
            passed.append(f"No. {number}: {error}")
            steps += direction
    st.session_state[_PASSED] = passed


def _open(number: int, numbers: tuple[int, ...], sort: str) -> None:
    worklist = Worklist(session.settings())
    item = worklist.item(number)
    if item is None or not item.can_be_opened:
        raise ArchiveError("This ECG is no longer on the worklist.")
    record = worklist.archive.open(item.key)
    worklist.mark_opened(number)
    in_view = ecg_in_view.open_record(record, f"Worklist No. {number}")
    in_view.page_state[Walk] = Walk(numbers, number, sort)
