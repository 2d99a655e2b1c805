"""The Models page: what is in use, the history of one model, and what changes it."""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.models import ENOUGH_POSITIVES, ModelCard
from ecgapp.promotion import (
    ENOUGH_RECORDS,
    SUFFIX,
    Decision,
    History,
    HistoryEntry,
    Version,
    delete_version,
    export_bundle,
    headline_words,
    n_validated,
    remove,
    roll_back,
)
from ecgapp.runs.run_words import size_words, time_words
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.models import decision_fields
from ecgapp.ui.models.promotion_form import show_concerns
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import guarded, show_problem

NONE = "–"  # a table reads Markdown, which makes a bullet of a hyphen
INTERVALS = (
    "In brackets: 95 % intervals over the validation records, bootstrap or, for shares of records, Wilson's. "
    f"Insufficient: a class that counts in the mean has fewer than {ENOUGH_POSITIVES} positives, the rarest "
    "n."
)


def overview(versions: Iterable[Version]) -> None:
    """A line for each model in use; cells wrap, so that nothing is cut."""
    rows = [{"Model": version.name, **_used(version)} for version in versions if version.in_use]
    st.table(pd.DataFrame(rows).set_index("Model"))


def model_view(name: str, versions: Sequence[Version], settings: Settings) -> None:
    """One model: its history, the file for another machine, and its other versions."""
    lines = History(settings).entries(name)
    if lines:
        st.table(pd.DataFrame([_past(line) for line in lines]).set_index("When"))
    else:
        st.caption(f"{name} has not been changed on this machine.")
    used = next((version for version in versions if version.in_use), None)
    if used is not None:
        _export(used, settings)
    others = [version for version in versions if not version.in_use]
    if others or (used is not None and not used.shipped):
        with st.expander("Roll back, remove or delete", key=f"changes_{name}"):
            _changes(used, others, settings)


def _changes(used: Version | None, others: Sequence[Version], settings: Settings) -> None:
    """Draw the choice of a version, author and reason, and a button for each change that is possible."""
    name = used.name if used is not None else others[0].name
    chosen = None
    if others:
        words = {_words(version): version for version in others}
        chosen = words[st.selectbox("Version", list(words), key=f"version_{name}")]
        if chosen.card is not None:
            show_concerns(chosen.card, used.card if used is not None else None)
    decision_fields.ask(name)
    with st.container(horizontal=True):
        if chosen is not None:
            _other_version(chosen, settings)
        if used is not None and not used.shipped:
            take_out = _decide(name, lambda decision: remove(name, decision, settings), settings)
            st.button(f"Take {name} out of use", key=f"remove_{name}", on_click=take_out)
    show_problem(name)


def _other_version(version: Version, settings: Settings) -> None:
    """Buttons to use it again, or to delete it."""
    name, digest = version.name, version.digest
    back = _decide(name, lambda decision: roll_back(name, digest, decision, settings), settings)
    usable = version.card is not None
    st.button("Use this version", key=f"use_{name}", on_click=back, disabled=not usable, type="primary")
    if not version.shipped:
        delete = _decide(name, lambda decision: delete_version(name, digest, decision, settings), settings)
        frees = f"Delete this version (frees {size_words(version.frees)})"
        st.button(frees, key=f"delete_{name}", on_click=delete, icon=":material/delete:")


def _decide(name: str, act: Callable[[Decision], object], settings: Settings) -> Callable[[], None]:
    """``act`` by whom and why the fields of this model say; for administrators only."""

    def decide() -> None:
        with decision_fields.decided(name) as decision:
            act(decision)

    return guarded(settings, decide, name)


def _export(version: Version, settings: Settings) -> None:
    """The bundle is made when the button is pressed."""
    bundle = auth.download_for_admin(settings, lambda: export_bundle(version.name, settings))
    st.download_button(
        "Export for another machine",
        bundle,
        f"{version.name}{SUFFIX}",
        "application/zip",
        key=f"export_{version.name}",
        on_click="ignore",
        icon=":material/download:",
    )


def _used(version: Version) -> dict[str, object]:
    card, line = version.card, version.entry
    return {
        "Title": escape_markdown(card.title) if card is not None else NONE,
        "Task": card.purpose if card is not None else NONE,
        **_figures(card),
        "sha256": version.sha256[:12],
        "Origin": version.origin,
        "Since": time_words(line.time) if line is not None else NONE,
        "By": escape_markdown(line.author) if line is not None else NONE,
    }


def _past(line: HistoryEntry) -> dict[str, object]:
    facts = {"What": line.action, "By": escape_markdown(line.author), "Why": escape_markdown(line.reason)}
    return {"When": time_words(line.time), **facts, "sha256": line.sha256[:12], **_figures(line.read_card())}


def _words(version: Version) -> str:
    """A version in one line, for a select box; the card distinguishes versions with the same weights."""
    parts = [version.sha256[:12], f"card {version.digest[:6]}", version.origin]
    if version.entry is not None:
        parts.append(f"{time_words(version.entry.time)} by {version.entry.author}")
    figures = headline_words(version.card) if version.card is not None else {}
    return ", ".join([*parts, *[f"{name} {figure}" for name, figure in figures.items()]])


def _figures(card: ModelCard | None) -> dict[str, object]:
    """The headline figures with their intervals, and the number of records they rest on."""
    if card is None:
        return {"Figures": NONE, "n": NONE}
    figures = [f"{name} {figure}" for name, figure in headline_words(card).items()]
    n = n_validated(card)
    few = "" if n >= ENOUGH_RECORDS else f" \u26a0 fewer than {ENOUGH_RECORDS}"
    return {"Figures": ", ".join(figures) or NONE, "n": f"{n:,}{few}"}
