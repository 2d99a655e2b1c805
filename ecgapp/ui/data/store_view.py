"""One imported data set on the Data page: refused records, labels by fold, a few tracings, deletion."""

import numpy as np
import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore, delete_store
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.jobs import RunStore
from ecgapp.signals.paper import lay_out
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig
from ecgapp.ui.data.stores import label_table, refused_table, served_tasks
from ecgapp.ui.shell.admin_action import act_now
from ecgapp.ui.tracing.paper_frame import paper
from ecgapp.ui.tracing.paper_layout import CONFIG
from ecgapp.ui.tracing.tracing import tracing

N_TRACINGS = 2
ALT = "Electrocardiogram tracing at 25 mm/s and 10 mm/mV, unfiltered"
SEED = "store_seed"


def store_view(store: DatasetStore) -> None:
    """Show everything that an administrator checks before training on it."""
    for note in store.manifest.notes:
        st.info(note)
    if store.manifest.refused:
        st.markdown("**Refused at import**")
        st.dataframe(refused_table(store.manifest.refused), hide_index=True, width="stretch")
    _labels(store)
    _tracings(store)
    _verification(store)


def _verification(store: DatasetStore) -> None:
    """Compare every file with its checksum, on request: a large data set takes minutes to read."""
    st.markdown("**Is it still what the import wrote?**")
    st.caption("A training and an evaluation check the files that they read. This checks all of them.")
    if not st.button("Verify checksums", key="verify_store", icon=":material/verified:"):
        return
    try:
        with st.spinner("Reading every file"):
            store.verify()
    except DatasetError as error:
        st.error(str(error))
        return
    st.success(f"All {len(store):,} records agree with their checksums.")


def _labels(store: DatasetStore) -> None:
    st.markdown("**Records with each label, by fold**")
    tasks = served_tasks(store)
    if not tasks:
        st.caption("These records have no labels that a task knows. They can be used for pretraining only.")
        return
    name = st.selectbox(
        "Task", list(tasks), format_func=lambda name: tasks[name].title, key=f"labels_{store.name}"
    )
    st.dataframe(label_table(store, tasks[name]), width="stretch")
    st.caption("Folds are by patient. Fold 0 is used for neither training nor validation.")


def _tracings(store: DatasetStore) -> None:
    st.markdown("**A few tracings, as stored**")
    st.button("Show others", on_click=_show_others, key="show_others", icon=":material/casino:")
    draw = np.random.default_rng(st.session_state.get(SEED, 0))
    rows = draw.choice(len(store), size=min(N_TRACINGS, len(store)), replace=False)
    for place, row in enumerate(sorted(int(row) for row in rows)):
        record = store.record(row)
        fold = int(store.folds[row])
        st.caption(f"{record.record_id}, fold {fold}. Codes: {', '.join(record.codes) or 'none'}.")
        figure = tracing(record, lay_out(record))
        key = f"stored_tracing_{place}"
        with paper(figure, key):
            st.plotly_chart(figure, config=CONFIG, key=key, theme=None, height="stretch", alt=ALT)


def _show_others() -> None:
    st.session_state[SEED] = st.session_state.get(SEED, 0) + 1


def deletion(name: str, settings: Settings, runs: RunStore) -> None:
    """Ask whether to delete the data set; the button works once the box is ticked."""
    with st.expander("Delete this data set"):
        st.write("The imported copy is deleted; the folder it was imported from is not touched.")
        sure = st.checkbox(f"Yes, delete {name}", key=f"delete_sure_{name}")
        if st.button("Delete", disabled=not sure, key=f"delete_{name}", icon=":material/delete:"):

            def delete() -> None:
                check_store_unused(name, runs)
                delete_store(name, settings)

            if act_now(settings, delete):
                st.rerun()


def check_store_unused(name: str, runs: RunStore) -> None:
    """Check that no run reads the data set or waits for it.

    Raises:
        DatasetError: there is such a run.
    """
    for run in runs.all():
        if not run.ended_for_now and name in _stores_of(run.config):
            raise DatasetError(f"The run {run.name} needs this data set. Stop the run first.")


def _stores_of(config: str) -> tuple[str, ...]:
    try:
        return documents.load(TrainingConfig, config).stores
    except ConfigError:
        return ()  # a run of an older version, which cannot be resumed either
