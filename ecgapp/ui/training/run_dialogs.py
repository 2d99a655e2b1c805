"""The dialogs of the Training page: a tracing, more epochs, a new run, a run's name, its export.

A dialog is asked for inside the live view, whose next run would close it. So the request is stored in the
session, the page starts over, and opens the dialog outside of the live view.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, open_store, store_names
from ecgapp.errors import DatasetError, EcgAppError
from ecgapp.jobs import Run, RunStore, metric_export
from ecgapp.runs.form_to_config import MOST_EPOCHS
from ecgapp.runs.next_config import continued, refuse_unknown
from ecgapp.runs.run_figures import config_of
from ecgapp.runs.start_training import new_form
from ecgapp.signals.paper import PAGE_SECONDS, lay_out
from ecgapp.storage import documents
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.training.result.examples import RankedRecord
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.session import DIALOG
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.paper_layout import CONFIG
from ecgapp.ui.tracing.tracing import tracing
from ecgapp.ui.training.dialog import DialogContext, close
from ecgapp.ui.training.new_run_dialog import ask_new_run
from ecgapp.ui.training.ranked_answers import show_answers

TRACING, EPOCHS, AGAIN, NAME, EXPORT, FORM = "tracing", "epochs", "again", "name", "export", "form"
WISH = "dialog_wish"  # session state: (what, the run's id, more, form) that was asked for and is not open yet


def ask_for(what: str, run_id: str, ranked: RankedRecord | None = None) -> Callable[[], None]:
    """The callback of a button that opens the dialog ``what``."""

    def on_click() -> None:
        st.session_state[WISH] = (what, run_id, ranked, new_form())

    return on_click


def is_wished() -> bool:
    """Whether a dialog was asked for, so that the page has to start over."""
    return WISH in st.session_state


def open_wished(store: RunStore, settings: Settings) -> None:
    """Open the dialog that was asked for, until it is closed; called outside of the live view."""
    if WISH in st.session_state:
        st.session_state[DIALOG] = st.session_state.pop(WISH)
    what, run_id, ranked, form = st.session_state.get(DIALOG, (None, "", None, ""))
    if what is None:
        return
    try:
        auth.check_admin(settings)
        if what == FORM:
            close()
            _show_form_filled(store.get(run_id), settings)
            return
        _DIALOGS[what](DialogContext(store.get(run_id), store, settings, ranked, form))
    except EcgAppError as error:
        close()
        st.error(str(error))


def _show_form_filled(run: Run, settings: Settings) -> None:
    """Show what "Start from these weights" has done; the live view would remove the message."""
    st.toast(
        "The form at the top is filled in. Choose the labels there, and start.",
        icon=":material/arrow_upward:",
    )
    missing = [Path(name).name for name in refuse_unknown(config_of(run)).stores]
    missing = [name for name in missing if name not in store_names(settings)]
    if missing:
        st.warning(
            f"The run's data set {escape_markdown(', '.join(missing))} is not among those on this machine. "
            "Choose another one in the form, or import it again."
        )


def _store_of(context: DialogContext, ranked: RankedRecord) -> DatasetStore:
    """The run's data set that holds the record; the run's config may name it by a path.

    Raises:
        DatasetError: it is gone, or its rows may be other records by now.
    """
    for entry in refuse_unknown(config_of(context.run)).stores:
        store = open_store(entry, context.settings)
        if store.name != ranked.store:
            continue
        if store.manifest.digest != ranked.digest:
            raise DatasetError(
                "The data set has changed since this training, so that its records may be others. "
                "Train again to see the best and the worst of them."
            )
        return store
    raise DatasetError("The training's data set is no longer there. Import it again to see its records.")


def draw_tracing(context: DialogContext) -> None:
    """Show the record's tracing to an administrator, or the error."""
    ranked = context.ranked
    if ranked is None:
        return
    try:
        auth.check_admin(context.settings)
        record = _store_of(context, ranked).record(ranked.row)
    except EcgAppError as error:
        st.error(str(error))
        return
    codes = ", ".join(record.codes) or "none"
    place = f"Record {escape_markdown(ranked.record_id)} of {escape_markdown(ranked.store)}"
    st.caption(f"Loss {ranked.loss:.4f}. {place}. Codes: {escape_markdown(codes)}.")
    start = 0.0
    if record.duration > PAGE_SECONDS:
        last = max(record.duration - PAGE_SECONDS, 0.5)
        start = st.slider("Page starts at (s)", 0.0, last, 0.0, 0.5, key="ranked_start")
    figure = tracing(record, lay_out(record, start=start))
    alt = "Electrocardiogram tracing at 25 mm/s and 10 mm/mV, unfiltered"
    with paper(figure, "ranked_tracing"):
        st.plotly_chart(figure, theme=None, config=CONFIG, key="ranked_tracing", height="stretch", alt=alt)
    show_answers(ranked)


@st.dialog("Continue with more epochs", on_dismiss=close)
def _more_epochs(context: DialogContext) -> None:
    run, store = context.run, context.store
    config = refuse_unknown(config_of(run))
    st.write(
        f"{escape_markdown(run.title)} goes on where it ended, with the same settings and the same curves. "
        "The further epochs are one more cycle of its learning rate."
    )
    epochs = st.number_input(
        "Further epochs", 1, max(MOST_EPOCHS, config.epochs), config.epochs, key="further_epochs"
    )
    st.caption(f"{config.all_epochs} epochs were planned; then there are {config.all_epochs + epochs}.")
    if st.button("Continue", type="primary", key="continue", icon=":material/play_arrow:"):
        context.run_as_admin(lambda: store.extend(run.id, documents.dump(continued(config, epochs))))


@st.dialog("Name and note", on_dismiss=close)
def _name(context: DialogContext) -> None:
    run, store = context.run, context.store
    title = st.text_input("Name", run.title, key="run_title", help="Empty: the model's name again.")
    note = st.text_area("Note", run.note, key="run_note", placeholder="What was tried, and what came of it")
    if st.button("Save", type="primary", key="save_name"):
        context.run_as_admin(lambda: store.rename(run.id, title, note))


@st.dialog("Export", width="medium", on_dismiss=close)
def _export(context: DialogContext) -> None:
    run, store = context.run, context.store
    st.write(
        "A zip with **metrics.csv** (a line for each point of each curve: series, step, value, time in UTC) "
        "and **config.json**, this run's exact settings. With them it is run again from the command line:"
    )
    st.code(metric_export.COMMAND, language="bash")
    packed = auth.download_for_admin(context.settings, lambda: metric_export.export_zip(store, run.id))
    name = f"{metric_export.export_name(store, run.id)}.zip"
    st.download_button(
        "Download", packed, name, "application/zip", key="download_run", type="primary", on_click="ignore"
    )


_DIALOGS: dict[str, Callable[[DialogContext], None]] = {
    TRACING: st.dialog("Tracing of a validation ECG", width="large", on_dismiss=close)(draw_tracing),
    EPOCHS: _more_epochs,
    AGAIN: st.dialog("New run from these settings", width="medium", on_dismiss=close)(ask_new_run),
    NAME: _name,
    EXPORT: _export,
}
