"""The report of an experiment on its page: conclusions, tables beside the paper's, figures, downloads."""

import pandas as pd
import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import StorageError
from ecgapp.experiments.collection import (
    REPORT,
    RESULTS,
    ResultsDocument,
    read_report,
    tables_zip,
    write_report,
)
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.report_parts import ResultFigure, ResultTable
from ecgapp.experiments.starting import reopen_stores
from ecgapp.report.experiment_pages import experiment_pdf
from ecgapp.storage.plain_text import escape_markdown
from ecgapp.ui.experiments.result_figures import result_figure
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import guarded
from ecgapp.ui.training.curves import CONFIG

_READ = "experiment_report"  # session state: (folder's name, the file's time) and the report read then
ROW, HEAD, TALLEST = 35, 38, 560  # px of a table


def show_results(folder: ExperimentFolder, settings: Settings, *, over: bool) -> None:
    """Show what the arms that have ended give; ``over`` if no arm waits or runs."""
    try:
        document = _read(folder)
    except StorageError as error:
        st.error(str(error))
        again = guarded(settings, lambda: write_report(folder, reopen_stores(folder, settings)))
        st.button("Write the report again", on_click=again, key="experiment_report_again")
        return
    st.subheader("Results")
    if document is None:
        st.info("No arm has ended yet. The tables fill as arms end.")
        return
    if not over:
        st.caption("Not all arms have ended: figures, and what they show, may still change.")
    report = document.report
    st.markdown("".join(f"- {escape_markdown(sentence)}\n" for sentence in report.conclusions))
    for table in report.tables:
        _show_table(table)
    for figure in report.figures:
        _show_figure(figure)
    with st.expander("Data and protocol"):
        st.markdown("".join(f"- {escape_markdown(sentence)}\n" for sentence in report.data))
        st.caption(escape_markdown(report.citation))
    _downloads(folder, document, settings)


def _read(folder: ExperimentFolder) -> ResultsDocument | None:
    """The report, read again only if its file has changed.

    Raises:
        StorageError: the file is damaged.
    """
    path = folder.path / REPORT / RESULTS
    key = (folder.path.name, path.stat().st_mtime_ns if path.is_file() else 0)
    if st.session_state.get(_READ, (None,))[0] != key:
        st.session_state[_READ] = (key, read_report(folder))
    document: ResultsDocument | None = st.session_state[_READ][1]
    return document


def _show_table(table: ResultTable) -> None:
    st.markdown(f"**{escape_markdown(table.title)}**")
    rows = pd.DataFrame(table.text_rows(), columns=_distinct(table.columns))
    figures = [
        name
        for place, name in enumerate(rows.columns)
        if all(not isinstance(row[place], str) for row in table.rows)
    ]
    right = {name: st.column_config.TextColumn(alignment="right") for name in figures}
    height = min(HEAD + ROW * max(1, len(rows)), TALLEST)
    st.dataframe(
        rows, hide_index=True, height=height, column_config=right, key=f"experiment_table_{table.key}"
    )
    if table.notes:
        st.caption(escape_markdown(" ".join(table.notes)))


def _distinct(columns: tuple[str, ...]) -> list[str]:
    """The columns' names; one that occurs again has spaces behind it, as a table needs distinct names."""
    names: list[str] = []
    for name in columns:
        while name in names:
            name += " "
        names.append(name)
    return names


def _show_figure(figure: ResultFigure) -> None:
    st.markdown(f"**{escape_markdown(figure.title)}**")
    key = f"experiment_figure_{figure.key}"
    st.plotly_chart(result_figure(figure), config=CONFIG, key=key, alt=figure.title)
    if figure.caption:
        st.caption(escape_markdown(figure.caption))


def _downloads(folder: ExperimentFolder, document: ResultsDocument, settings: Settings) -> None:
    name, report = folder.path.name, document.report
    files = (
        ("Tables as CSV", f"{name}-tables.zip", "application/zip", lambda: tables_zip(report)),
        ("Results as JSON", f"{name}.json", "application/json", (folder.path / REPORT / RESULTS).read_bytes),
        ("Report as PDF", f"{name}.pdf", "application/pdf", lambda: experiment_pdf(report)),
    )
    with st.container(horizontal=True):
        for label, file, mime, make in files:
            packed = auth.download_for_admin(settings, make)
            st.download_button(
                label, packed, file, mime, key=f"experiment_{mime}", on_click="ignore",
                icon=":material/download:",
            )  # fmt: skip
