"""Promote a finished run's model: under which name, in place of which model, by whom and why."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, ModelError
from ecgapp.jobs import Run, RunStore
from ecgapp.models import ModelCard
from ecgapp.promotion import (
    History,
    Line,
    headline_words,
    in_use,
    n_validated,
    promote_run,
    refuse_other_question,
    run_model,
)
from ecgapp.ui import deciding
from ecgapp.ui.guarded import guarded, show_problem
from ecgapp.ui.run_words import time_words
from ecgapp.words import as_typed


def promotion(run: Run, store: RunStore, settings: Settings) -> None:
    """Promote the run's model, after a look at the figures of the model that it replaces."""
    try:
        trained = run_model(store, run.id).card
        promoted = [line for line in History(settings).lines() if line.run_id == run.id]
    except EcgAppError as error:
        st.warning(str(error))
        return
    for line in promoted:
        st.text(_told(line))  # as it was typed
    with st.expander("Promote: let the review page use this model", not promoted, key=f"promotion_{run.id}"):
        name = st.text_input("Name", run.name, key=f"promote_name_{run.id}", max_chars=60).strip()
        compare(replace(trained, name=name), "of this run", name, settings)
        deciding.ask(run.id)

        def promote() -> None:
            chosen = st.session_state[f"promote_name_{run.id}"].strip()
            with deciding.decided(run.id) as decision:
                promote_run(store, run.id, chosen, decision, settings)

        on_click = guarded(settings, promote, run.id)
        st.button("Promote", key=f"promote_{run.id}", on_click=on_click, type="primary")
        show_problem(run.id)


def compare(card: ModelCard, words: str, name: str, settings: Settings) -> None:
    """The figures of a model, above those of the one that has the name now; ``words`` say where it is."""
    version = in_use(name, settings)
    current = version.card if version is not None else None
    rows = {words: card} | ({f"{name}, in use now": current} if current is not None else {})
    st.dataframe(pd.DataFrame([_row(told, row) for told, row in rows.items()]), hide_index=True)
    if current is None:
        return
    try:
        refuse_other_question(card, settings)
    except ModelError as error:
        st.warning(as_typed(str(error)))
        return
    replaced = as_typed(name)
    st.caption(
        f"The review page will use the model {words} in place of {replaced}, which can be rolled back to."
    )
    if n_validated(current) and card.provenance.datasets != current.provenance.datasets:
        st.caption("The two were validated on different records, so their figures do not compare directly.")


def _row(words: str, card: ModelCard) -> dict[str, object]:
    return {
        "Model": words,
        **headline_words(card),
        "Validation records": n_validated(card),
        "sha256": card.sha256[:12],
        "Title": card.title,
        "Trained on": ", ".join(card.provenance.datasets),
    }


def _told(line: Line) -> str:
    return f"{time_words(line.time)}: {line.action} as {line.name} by {line.author}. {line.reason}"
