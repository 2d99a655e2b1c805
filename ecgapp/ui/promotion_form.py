"""Promote a finished run's model: under which name, in place of which model, by whom and why."""

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.models import ModelCard
from ecgapp.promotion import History, Line, headline, in_use, n_validated, promote_run, run_model
from ecgapp.ui import deciding
from ecgapp.ui.guarded import guarded, show_problem
from ecgapp.ui.run_words import time_words
from ecgapp.words import with_interval


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
        _compare(trained, name, settings)
        deciding.ask(run.id)

        def promote() -> None:
            chosen = st.session_state[f"promote_name_{run.id}"].strip()
            with deciding.decided(run.id) as decision:
                promote_run(store, run.id, chosen, decision, settings)

        on_click = guarded(settings, promote, run.id)
        st.button("Promote", key=f"promote_{run.id}", on_click=on_click, type="primary")
        show_problem(run.id)


def _compare(trained: ModelCard, name: str, settings: Settings) -> None:
    """The figures of the run's model, above those of the model that has the name now."""
    version = in_use(name, settings)
    current = version.card if version is not None else None
    rows = {"this run's": trained} | ({f"{name}, in use now": current} if current is not None else {})
    st.dataframe(pd.DataFrame([_row(words, card) for words, card in rows.items()]), hide_index=True)
    if current is None:
        return
    st.caption(f"The review page will use this run's model in place of {name}, which can be rolled back to.")
    if _task(current) != _task(trained):
        st.warning(f"The model {name} answers another question: {current.title}. Choose another name.")
    elif n_validated(current) and trained.provenance.datasets != current.provenance.datasets:
        st.caption("The two were validated on different records, so their figures do not compare directly.")


def _row(words: str, card: ModelCard) -> dict[str, object]:
    figures = {name: with_interval(figure) for name, figure in headline(card).items()}
    return {"Model": words, "sha256": card.sha256[:12], "Validation records": n_validated(card), **figures}


def _task(card: ModelCard) -> str | None:
    return card.task.name if card.task is not None else None


def _told(line: Line) -> str:
    return f"{time_words(line.time)}: {line.action} as {line.name} by {line.author}. {line.reason}"
