"""The list of runs with its filters, the queue, and the choice of one run."""

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.jobs import ACTIVE, ENDED, Run, RunStore
from ecgapp.runs.form_to_config import PHASES
from ecgapp.runs.run_words import duration_words, time_words
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.shell.admin_action import guarded
from ecgapp.ui.shell.session import CHOSEN_RUN, STARTED_RUN

GROUPS = {"Under way": ACTIVE, "Queued": ("queued",), "Done": ENDED}
COLUMNS = {  # widths in px: all of them fit a window of 1280; a click on a cell shows what is longer
    "Done": st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100, width=75),
    "Run": st.column_config.TextColumn(width=120),
    "Phase": st.column_config.TextColumn(width=70),
    "State": st.column_config.TextColumn(width=70),
    "Epochs": st.column_config.TextColumn(width=65),
    "Left": st.column_config.TextColumn(width=75),
    "Device": st.column_config.TextColumn(width=65),
    "Note": st.column_config.TextColumn(width=100),
    "Message": st.column_config.TextColumn(width=110),
    "Created": st.column_config.DatetimeColumn("Created (UTC)", format="YY-MM-DD HH:mm", width=110),
    "Id": st.column_config.TextColumn(width=60),
}
ROWS_SHOWN = 8  # of the table; further ones are reached by scrolling in it
ROW_HEIGHT = 35  # px


def run_list(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    """Ask for filters, show the runs that match, the newest first, and return them."""
    left, middle, right = st.columns([2, 2, 2])
    words = left.text_input("Find a run", key="find_run", placeholder="name, note or id")
    states = middle.pills("State", list(GROUPS), selection_mode="multi", key="find_state")
    phase = right.pills(
        "Phase", list(PHASES), format_func=lambda key: PHASES[key].partition(" ")[0], key="find_phase"
    )
    matches = matching(runs, words or "", tuple(states or ()), phase)
    st.caption(
        counts_in_words(runs) + ("" if len(matches) == len(runs) else f" {len(matches)} of them are shown.")
    )
    if not matches:
        st.info("No run matches. Clear the name, the state or the phase.")
        return runs
    height = ROW_HEIGHT * (min(len(matches), ROWS_SHOWN) + 1) + 3
    st.dataframe(
        runs_table(matches), hide_index=True, height=height, column_config=COLUMNS, key="runs", alt="Runs"
    )
    return matches


def matching(
    runs: tuple[Run, ...], words: str, groups: tuple[str, ...] = (), phase: str | None = None
) -> tuple[Run, ...]:
    """The runs that have every word of ``words`` in name, title, note or id, and lie in one of ``groups``."""
    states = {state for group in groups for state in GROUPS[group]}

    def searchable(run: Run) -> str:
        return f"{run.name} {run.title} {run.note} {run.id} {run.device}".lower()

    return tuple(
        run
        for run in runs
        if all(word in searchable(run) for word in words.lower().split())
        and (not states or run.state in states)
        and phase in (None, run.phase)
    )


def counts_in_words(runs: tuple[Run, ...]) -> str:
    """The number of runs in each group: ``1 under way, 2 queued, 7 done.``."""
    parts = [
        f"{sum(run.state in states for run in runs)} {group.lower()}" for group, states in GROUPS.items()
    ]
    return ", ".join(parts) + "."


def runs_table(runs: tuple[Run, ...]) -> pd.DataFrame:
    """A row for each run, in the order given; without a column of notes if there are none."""
    table = pd.DataFrame(
        [
            {
                "Run": run.title,
                "Phase": run.phase,
                "State": run.state,
                "Done": round(100 * run.share),
                "Epochs": f"{run.done} / {run.total}" if run.total else "–",
                "Left": duration_words(run.seconds_left if run.active else None),
                "Device": run.device,
                "Created": pd.Timestamp(run.created, unit="s"),
                "Note": run.note,
                "Message": run.message,
                "Id": run.id[:6],
            }
            for run in runs
        ]
    )
    return table if any(run.note for run in runs) else table.drop(columns="Note")


def queue(runs: tuple[Run, ...], store: RunStore, settings: Settings) -> None:
    """Show the runs that wait, in the order in which they will start."""
    waiting = sorted((run for run in runs if run.state == "queued"), key=lambda run: run.position)
    if not waiting:
        return
    st.markdown("**Queue**, the first starts first on its device")
    for place, run in enumerate(waiting):
        alone = {
            -1: not any(other.meets(run.device) for other in waiting[:place]),
            1: not any(other.meets(run.device) for other in waiting[place + 1 :]),
        }
        row = st.container(horizontal=True, vertical_alignment="center", gap="small")
        words = f"{place + 1}\\. **{escape_markdown(run.title)}** ({run.phase}, {run.device}, {run.id[:6]})"
        row.markdown(f"{words}, created {time_words(run.created)}", width="stretch")
        for word, places, icon in (("Earlier", -1, "arrow_upward"), ("Later", 1, "arrow_downward")):
            move = guarded(settings, lambda run=run, places=places: store.move(run.id, places))  # type: ignore[misc]
            row.button(
                word, key=f"{word}_{run.id}", on_click=move, icon=f":material/{icon}:", disabled=alone[places]
            )
        cancel = guarded(settings, lambda run=run: store.cancel(run.id))  # type: ignore[misc]
        row.button("Cancel", key=f"cancel_{run.id}", on_click=cancel, icon=":material/close:")


def choose(runs: tuple[Run, ...]) -> Run:
    """Ask for the run to show closely, at first the one started here last, or the one under way.

    A started run gets a select box of its own. In one that the page already shows, the browser's old choice
    could replace the started run, or the started run a choice that the reader has just made.
    """
    by_id = {run.id: run for run in runs}
    started = st.session_state.get(STARTED_RUN)
    key = f"{CHOSEN_RUN}_{started}" if started else CHOSEN_RUN
    if st.session_state.get(key) not in by_id:
        under_way = next((run.id for run in runs if run.active), runs[0].id)
        st.session_state[key] = started if started in by_id else under_way
    return by_id[st.selectbox("Run", list(by_id), format_func=lambda key: full_title(by_id[key]), key=key)]


def full_title(run: Run) -> str:
    """The run's title with what distinguishes it from every other one: ``my title (pretrain, 3fa95c)``."""
    return f"{run.title} ({run.phase}, {run.id[:6]})"
