"""Promote a finished run's model: under which name, in place of which model, by whom and why."""

from dataclasses import replace
from typing import Literal

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, ModelError
from ecgapp.jobs import Run, RunStore
from ecgapp.models import ModelCard
from ecgapp.promotion import (
    History,
    check_same_task,
    compared,
    concerns_here,
    headline_words,
    in_use,
    n_validated,
    promote_run,
    promotion_concerns,
    run_model,
)
from ecgapp.runs.run_words import time_words
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.models import decision_fields
from ecgapp.ui.shell.admin_action import guarded, show_problem


def promotion(run: Run, store: RunStore, settings: Settings) -> None:
    """Promote the run's model, after a look at the figures of the model that it replaces."""
    try:
        trained = run_model(store, run.id).card
        promoted = [line for line in History(settings).entries() if line.run_id == run.id]
    except EcgAppError as error:
        st.warning(str(error))
        return
    for line in promoted:
        st.text(
            f"{time_words(line.time)}: {line.action} as {line.name} by {line.author}. {line.reason}"
        )  # as it was typed
    with st.expander("Promote: let the review page use this model", not promoted, key=f"promotion_{run.id}"):
        name = st.text_input("Name", run.name, key=f"promote_name_{run.id}", max_chars=60).strip()
        concerns = compare(replace(trained, name=name), "of this run", name, settings)
        despite = f"despite_{run.id}"
        if concerns:
            st.text_input(
                f"To promote it despite these concerns, type its name: {escape_markdown(name)}", key=despite
            )
        decision_fields.ask(run.id)

        def promote() -> None:
            chosen = st.session_state[f"promote_name_{run.id}"].strip()
            with decision_fields.decided(run.id, st.session_state.get(despite, "")) as decision:
                promote_run(store, run.id, chosen, decision, settings)

        on_click = guarded(settings, promote, run.id)
        words = "Promote despite these concerns" if concerns else "Promote"
        kind: Literal["primary", "secondary"] = "secondary" if concerns else "primary"
        st.button(words, key=f"promote_{run.id}", on_click=on_click, type=kind)
        show_problem(run.id)


def finished(run: Run, store: RunStore, settings: Settings) -> None:
    """Whether a finished run's model can be promoted: green, or amber with what speaks against it."""
    try:
        concerns = concerns_here(replace(run_model(store, run.id).card, name=run.name), settings)
    except EcgAppError as error:
        st.warning(f"Finished. {escape_markdown(str(error))}")
        return
    name = escape_markdown(run.name)
    if not concerns:
        st.success(f"Finished. The model {name} can be promoted.")
        return
    words = "  \n".join(escape_markdown(sentence) for sentence in concerns)
    st.warning(f"Finished. Before you promote the model {name}:  \n{words}", icon=":material/warning:")


def compare(card: ModelCard, words: str, name: str, settings: Settings) -> tuple[str, ...]:
    """The figures of a model, above those of the one that has the name now; ``words`` say where it is.

    Draws and returns what speaks against the model.
    """
    version = in_use(name, settings)
    current = version.card if version is not None else None
    rows = {words: card} | ({f"{name}, in use now": current} if current is not None else {})
    st.dataframe(pd.DataFrame([_row(heading, row) for heading, row in rows.items()]), hide_index=True)
    try:
        check_same_task(card, settings)
    except ModelError as error:
        st.warning(escape_markdown(str(error)))
        return ()
    concerns = show_concerns(card, current)
    if current is None:
        return concerns
    replaced = escape_markdown(name)
    st.caption(
        f"The review page will use the model {words} in place of {replaced}, which can be rolled back to."
    )
    if n_validated(current) and card.provenance.datasets != current.provenance.datasets:
        st.caption("The two were validated on different records, so their figures do not compare directly.")
    return concerns


def show_concerns(card: ModelCard, current: ModelCard | None) -> tuple[str, ...]:
    """Draw what speaks against using the model, in an amber box; return it."""
    concerns = promotion_concerns(card, current)
    if not concerns:
        return ()
    sentences = list(concerns)
    if current is not None and not any(compared(card, current) in sentence for sentence in concerns):
        sentences.append(compared(card, current))
    st.warning("  \n".join(escape_markdown(sentence) for sentence in sentences), icon=":material/warning:")
    return concerns


def _row(words: str, card: ModelCard) -> dict[str, object]:
    return {
        "Model": words,
        **headline_words(card),
        "Validation records": n_validated(card),
        "sha256": card.sha256[:12],
        "Title": card.title,
        "Trained on": ", ".join(card.provenance.datasets),
    }
