"""The worklist below its head: progress, order, filters, the table, and the way to the Review page.

One fragment, which asks again every two seconds while records are read or scored, and then no more.
"""

from collections.abc import Sequence

import streamlit as st

from ecgapp.analysis import Severity
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.review.judgement_panel import ICONS
from ecgapp.ui.shell.job_progress import counted, job_progress
from ecgapp.ui.sign_off import reader
from ecgapp.ui.worklist.worklist_actions import actions
from ecgapp.ui.worklist.worklist_drop import intake, intake_progress
from ecgapp.ui.worklist.worklist_table import COLUMNS, files_table, reason, table
from ecgapp.ui.worklist.worklist_walk import REVIEW, open_item
from ecgapp.worklist import (
    BY_URGENCY,
    CRITICAL_FIRST,
    ECG_STATES,
    LEVELS,
    SORTS,
    UNCERTAINTY_DEFINITION,
    URGENCY_DEFINITION,
    Item,
    ListView,
    ScoringProgress,
    Worklist,
    arranged,
    is_scoring_stopped,
    level,
    resume_scoring,
    start_scoring,
    stop_scoring,
)

POLL = "2s"
ROWS_SHOWN = 14
_SHOWN = "worklist_shown"  # session state: the numbers in the table, as they were drawn
CHOSEN = "worklist_chosen"  # the number of the chosen row
_TABLE = "worklist_table"  # counts up where a chosen row moved: the mark would stay in its old place
ORDER_NOTE = "Reading order from research software; not for triage. Critical findings come first."
HIDDEN = (
    "'Read without the model first' is on: nothing that a classifier said is sent to this page. Critical "
    "findings are shown and come first. All other ECGs are in order of number. The switch is on the Review "
    "page."
)
GOES_ON = "This page may be closed."
STOPPED = "The scoring is stopped; what is dropped meanwhile waits, too."
STOP = ("Stop the scoring", "stop", stop_scoring)
RESUME = ("Go on with the scoring", "play_arrow", resume_scoring)
NO_ECGS = "No ECG could be read from these files and nothing was stored. You can delete these rows."


def worklist_view(settings: Settings, *, hidden: bool = False) -> None:
    """The list; ``hidden`` shows nothing that a model said, and keeps to the numbers' order."""
    st.fragment(_view, run_every=POLL if _busy(settings) else None)(settings, hidden)


def _busy(settings: Settings) -> bool:
    try:
        return intake(settings).under_way or Worklist(settings).progress().waiting > 0
    except EcgAppError:
        return False  # the view says what is wrong


def _view(settings: Settings, hidden: bool) -> None:
    if hidden:
        st.caption(HIDDEN)
    try:
        worklist = Worklist(settings)
        taking = intake(settings)
        intake_progress(taking)
        _start(settings)
        _progress(worklist.progress(), taking.under_way, settings)
        items = worklist.items()
        if not items:
            st.info("The worklist is empty. Drop records above.")
            return
        ecgs = [item for item in items if item.is_ecg]
        files = [item for item in items if not item.is_ecg]
        if ecgs:
            wish = ListView(CRITICAL_FIRST) if hidden else _choose_wish(ecgs)
            listed = arranged(ecgs, wish)
            _table(listed, settings, hidden)
            _open_button(listed, wish.sort, hidden)
        else:
            listed = ()
        if files:
            st.subheader(f"Files without an ECG: {len(files):,}")
            st.caption(NO_ECGS)
            st.dataframe(files_table(files, intake(settings).names), hide_index=True, key="worklist_no_ecg")
        actions(items, listed, files, settings, hidden)
    except EcgAppError as error:
        st.error(str(error))


def _start(settings: Settings) -> None:
    """Start the scoring of what waits; the list is drawn even if that fails."""
    try:
        problem = start_scoring(settings)
    except EcgAppError as error:
        problem = str(error)
    if problem:
        st.error(problem)


def _progress(progress: ScoringProgress, reading: bool, settings: Settings) -> None:
    """The bar and the button that stops; when all is done the page starts over, and asks no more."""
    awaited = "worklist_awaited"
    if progress.waiting or reading:
        st.session_state[awaited] = True
        stopped = _is_stopped(settings)
        job_progress(progress, f"Scored: {counted(progress)}. {STOPPED if stopped else GOES_ON}")
        word, icon, act = RESUME if stopped else STOP
        if st.button(word, key="worklist_stop", icon=f":material/{icon}:"):
            act(settings)
            st.rerun()
    elif st.session_state.pop(awaited, False):
        st.rerun()


def _is_stopped(settings: Settings) -> bool:
    try:
        return is_scoring_stopped(settings)
    except EcgAppError:
        return False  # the start has said what is wrong


def _choose_wish(items: Sequence[Item]) -> ListView:
    """Order and filters, in one line."""
    labels = list(dict.fromkeys(score.label for item in items for score in item.outcome.scores))
    levels = sorted({at for item in items if (at := level(item)) is not None}, reverse=True)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = st.segmented_control(
            "Order",
            SORTS,
            default=BY_URGENCY,
            key="worklist_sort",
            required=True,
            help=f"{URGENCY_DEFINITION}\n\n{UNCERTAINTY_DEFINITION}",
        )
        wanted = st.multiselect("Above threshold", labels, key="worklist_labels", width=170)
        states = st.multiselect("State", ECG_STATES, key="worklist_states", width=150)
        chosen = st.multiselect(
            "Urgency", levels, format_func=LEVELS.__getitem__, key="worklist_levels", width=150
        )
        batch = _choose_batch(items)
        unopened = st.toggle("Not yet opened", key="worklist_unopened")
    return ListView(sort or BY_URGENCY, tuple(wanted), tuple(states), tuple(chosen), batch, unopened)


def _choose_batch(items: Sequence[Item]) -> int | None:
    batches = sorted({item.batch for item in items}, reverse=True)
    if len(batches) == 1:
        return None

    def words(batch: int | None) -> str:
        return "all" if batch is None else f"upload {batch}"

    return st.selectbox("Upload", [None, *batches], format_func=words, key="worklist_batch", width=90)


def _table(listed: Sequence[Item], settings: Settings, hidden: bool) -> None:
    numbers = [item.number for item in listed]
    st.caption(f"**{len(numbers):,} shown.**" + ("" if hidden else f" {ORDER_NOTE}"))
    before, chosen = st.session_state.get(_SHOWN, numbers), st.session_state.get(CHOSEN)
    if chosen is not None and _place(chosen, before) != _place(chosen, numbers):
        st.session_state[_TABLE] = st.session_state.get(_TABLE, 0) + 1
    st.session_state[_SHOWN] = numbers
    if not listed:
        st.info("No record of the list fits these filters.")
        return
    if not hidden:
        reader.mark_seen(*(item.key for item in listed if item.outcome.scores))
    reviewed = {review.record: review.word for review in reader.journal().reviews()}
    key = f"worklist_table_{st.session_state.get(_TABLE, 0)}"
    st.dataframe(
        table(listed, intake(settings).names, lambda item: reviewed.get(item.key, ""), hidden=hidden),
        hide_index=True,
        column_config=COLUMNS,
        width="stretch",
        height=38 + 35 * min(len(listed), ROWS_SHOWN),
        key=key,
        on_select=lambda: _choose(key),
        selection_mode="single-row",
    )


def _place(number: int, numbers: Sequence[int]) -> int | None:
    return numbers.index(number) if number in numbers else None


def _choose(key: str) -> None:
    """Translate the row at once, while the numbers are those that the reader saw."""
    rows, numbers = st.session_state[key]["selection"]["rows"], st.session_state[_SHOWN]
    st.session_state[CHOSEN] = numbers[rows[0]] if rows and rows[0] < len(numbers) else None


def _tell(item: Item, hidden: bool) -> None:
    """The judgement of the chosen line in full."""
    critical = [escape_markdown(finding.sentence) for finding in item.outcome.critical]
    if critical:
        st.error(f"No. {item.number}: {' '.join(critical)}", icon=ICONS[Severity.CRITICAL])
    words = item.outcome.sentence if hidden else reason(item)
    if words:
        st.warning(f"No. {item.number} is {item.state}. {escape_markdown(words)}")


def _open_button(listed: Sequence[Item], sort: str, hidden: bool) -> None:
    """Open what was chosen, or else the first; what is judged of the chosen one in full."""
    able = [item.number for item in listed if item.can_be_opened]
    chosen = st.session_state.get(CHOSEN)
    for item in listed:
        if item.number == chosen:
            _tell(item, hidden)
    number = chosen if chosen in able else next(iter(able), None)
    words = f"Open No. {number}" if number == chosen else f"Open the first, No. {number}"
    if number is None:
        return
    if st.button(words, key="worklist_open", type="primary", shortcut="Shift+O"):
        open_item(number, listed, sort)
        st.switch_page(REVIEW)
