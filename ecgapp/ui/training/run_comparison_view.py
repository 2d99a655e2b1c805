"""Compare runs: their curves over each other, the settings that differ, and a table of results."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from ecgapp.jobs import Run, RunStore
from ecgapp.runs.curve_tables import joined
from ecgapp.runs.run_comparison import curve_names, differing_settings, newest_alike, results, shared_labels
from ecgapp.runs.run_figures import Point, Reader, RunFigures, config_of
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.training.curves import CONFIG, overlay
from ecgapp.ui.training.run_list import full_title

READERS = "compared_readers"  # session state: the curves of the compared runs, as far as they are read
FEW = 2  # are compared until others are chosen
COLUMNS = {
    "Best F1": st.column_config.NumberColumn(format="%.3f"),
    "Last F1": st.column_config.NumberColumn(format="%.3f"),
    "AUROC": st.column_config.NumberColumn(format="%.3f"),
    "LCI": st.column_config.NumberColumn(format="%.3f"),
    "Lowest loss": st.column_config.NumberColumn(format="%.4f"),
    "Last loss": st.column_config.NumberColumn(format="%.4f"),
    "Minutes": st.column_config.NumberColumn(format="%.1f"),
    "Windows/s": st.column_config.NumberColumn(format="%.0f"),
}
TOGETHER = "The losses of a pretraining and of a fine-tuning are of different kinds: compare them by F1."


def comparison(matches: Sequence[Run], runs: Sequence[Run], store: RunStore) -> None:
    """Ask which of the ``matches`` to compare, then show them side by side."""
    chosen_before = st.session_state.get("compared", [])  # chosen before something else was looked for
    by_id = {run.id: run for run in runs if run in matches or run.id in chosen_before}
    started = [run.id for run in newest_alike(matches, FEW)]
    chosen = st.multiselect(
        "Runs to compare", list(by_id), default=started, key="compared",
        format_func=lambda key: full_title(by_id[key]), placeholder="Choose two or more",
    )  # fmt: skip
    if len(chosen) < FEW:
        st.info("Choose two or more runs.")
        return
    compared = [by_id[key] for key in chosen]
    figures = _read(compared, store)
    st.markdown("**Results.** A click on a column sorts by it.")
    table = results(compared, figures).dropna(axis="columns", how="all")
    st.dataframe(
        table, hide_index=True, column_config=COLUMNS, key="compare_results", alt="Results", placeholder="–"
    )
    _overlays(compared, figures)


def _read(runs: Sequence[Run], store: RunStore) -> dict[str, RunFigures]:
    known = st.session_state.get(READERS, {})
    readers = {(run.id, run.pid): known.get((run.id, run.pid)) or Reader(store, run.id) for run in runs}
    st.session_state[READERS] = readers
    return {run_id: reader.read() for (run_id, _), reader in readers.items()}


def _overlays(runs: Sequence[Run], figures: Mapping[str, RunFigures]) -> None:
    names = curve_names(runs)
    as_tables = st.toggle("Curves as tables", key="compared_as_tables")
    if len({run.phase for run in runs}) > 1:
        st.caption(TOGETHER)

    def drawn(
        key: str, unit: str, points: Callable[[RunFigures], Sequence[Point]], top: float | None
    ) -> None:
        by_name = {names[run.id]: points(figures[run.id]) for run in runs if points(figures[run.id])}
        if by_name:
            st.plotly_chart(
                overlay(by_name, unit, top=top), config=CONFIG, key=key, alt=f"{unit} of each run"
            )
            if as_tables:
                st.dataframe(joined("Epoch", by_name), hide_index=True, key=f"{key}_table", height=240)
        else:
            st.caption(f"None of these runs has a {escape_markdown(unit)} yet.")

    left, right = st.columns(2)
    with left:
        drawn("compare_loss", "validation loss", lambda each: each.validation_loss, None)
        _settings(runs)
    labels = shared_labels(figures)
    if not labels:
        return
    with right:
        drawn("compare_f1", "macro F1 (validation)", lambda each: each.f1, 1.03)
        label = st.selectbox("Also compare the F1 of", labels, key="compare_label")
        drawn("compare_label_f1", f"F1 of {label}", lambda each: each.f1_by_label.get(label, ()), 1.03)


def _settings(runs: Sequence[Run]) -> None:
    st.markdown("**Settings that differ**")
    words = st.text_input(
        "Find a setting", key="find_setting", placeholder="find, e.g. rate, network, folds",
        label_visibility="collapsed",
    )  # fmt: skip
    names = curve_names(runs)
    configs = {names[run.id]: config for run in runs if (config := config_of(run)) is not None}
    table = differing_settings(configs)
    table = table[table["Setting"].str.contains((words or "").strip(), case=False, regex=False)]
    if table.empty:
        st.caption("None." if not words else "None of this name.")
    else:
        st.dataframe(table, hide_index=True, key="compare_settings", alt="Settings that differ")
    if len(configs) < len(runs):
        st.caption("A run that another version of the app wrote has no settings that this one can read.")
