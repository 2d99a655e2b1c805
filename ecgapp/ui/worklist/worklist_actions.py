"""The actions on the worklist as a whole: export it, score it again, delete from it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.reviews import kept_for_training
from ecgapp.ui.shell import model_choice
from ecgapp.ui.worklist.worklist_drop import PROBLEM, intake
from ecgapp.worklist import Item, Worklist, as_csv, resume_scoring

ALL, SHOWN, FILES = "everything on the list", "what is shown", "files without an ECG"


def actions(
    items: Sequence[Item], listed: Sequence[Item], files: Sequence[Item], settings: Settings, hidden: bool
) -> None:
    """Three folded panels; there is no export before a first read, for it holds what the model said.

    ``files`` are the lines without an ECG, which are listed apart.
    """
    left, middle, right = st.columns(3)
    if not hidden:
        with left.expander("Export as CSV"):
            _export([*listed, *files], settings)
        with middle.expander("Score again"):
            _score_again(items, settings)
    with right.expander("Delete"):
        _delete(items, {SHOWN: listed} | ({FILES: files} if files else {}), settings)


def _export(listed: Sequence[Item], settings: Settings) -> None:
    names = intake(settings).names
    with_names = bool(names) and st.checkbox(
        "With the files' names, which may be patients'", key="worklist_csv_names"
    )
    st.download_button(
        f"CSV of the {len(listed):,} shown",
        lambda: as_csv(listed, names if with_names else None),
        "worklist.csv",
        "text/csv",
        key="worklist_csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _score_again(items: Sequence[Item], settings: Settings) -> None:
    cards = model_choice.classifiers(model_choice.installed())
    name = st.session_state.get("worklist_classifier")
    card = cards.get(name) if name in cards else next(iter(cards.values()), None)
    if card is None:
        return
    other = sum(item.state == "scored" and item.model.digest != card.digest for item in items)
    st.caption(f"Scored by another model, or another version of it: {other:,}.")
    if st.button(f"Score all with {card.name}", key="worklist_again", icon=":material/refresh:"):
        Worklist(settings).score_again(card.name)
        resume_scoring(settings)
        st.rerun()  # which starts the scoring


def _delete(items: Sequence[Item], parts: Mapping[str, Sequence[Item]], settings: Settings) -> None:
    chosen = st.session_state.get("worklist_chosen")
    one = [item for item in items if item.number == chosen]
    choices = {**parts, ALL: items}
    if one:
        choices = {f"No. {chosen}": one, **choices}
    what = st.radio("Delete", list(choices), key=f"worklist_delete_what_{chosen}")
    doomed = choices[what]
    frees = sum(item.stored_bytes for item in doomed) / 1e6
    what = what if len(doomed) == 1 else f"{what}, {len(doomed):,} records"
    st.caption(
        f"Deletes {what}: its line and its samples, {frees:,.1f} MB on this machine. "
        "The files that were dropped are not touched."
    )
    sure = st.checkbox(f"Yes, delete {what}", key=f"worklist_sure_{what}")
    if st.button("Delete", key="worklist_delete", disabled=not sure, icon=":material/delete:"):
        if len(doomed) == len(items):
            intake(settings).forget()
        numbers = [item.number for item in doomed]
        try:
            Worklist(settings).delete(numbers, lambda: kept_for_training(settings))
        except EcgAppError as error:
            st.session_state[PROBLEM] = str(error)
        st.rerun()
