"""The report of an experiment on its page: conclusions, tables beside the paper's, figures, downloads."""

from typing import Literal

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
MOST_ROWS, TALLEST = 20, 640  # rows of a table that is shown whole; px of a longer one, which scrolls


def show_results(folder: ExperimentFolder, settings: Settings) -> None:
    """Show what the arms that have ended give."""
    try:
        document = _read(folder)
    except StorageError as error:
        st.error(str(error))
        again = guarded(settings, lambda: write_report(folder, reopen_stores(folder, settings)))
        st.button("Write the report again", on_click=again, key="experiment_report_again")
        return
    if document is None:
        st.info("No arm has ended yet. The tables fill as arms end.")
        return
    report = document.report
    for caution in report.cautions:
        st.warning(escape_markdown(caution))
    _downloads(folder, document, settings)
    st.subheader("What the results show")
    st.markdown("".join(f"- {escape_markdown(sentence)}\n" for sentence in report.conclusions))
    for table in report.tables:
        _show_table(table)
    for figure in report.figures:
        _show_figure(figure)
    with st.expander("Data and protocol"):
        st.markdown("".join(f"- {escape_markdown(sentence)}\n" for sentence in report.data))
        st.caption(escape_markdown(report.citation))


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
    cells = [[escape_markdown(cell) for cell in row] for row in table.text_rows()]
    rows = pd.DataFrame(cells, columns=[escape_markdown(name) for name in _distinct(table.columns)])
    height: int | Literal["content"] = TALLEST if len(rows) > MOST_ROWS else "content"
    st.table(rows, border="horizontal", hide_index=True, height=height, alt=table.title)
    if table.all_notes:
        st.caption(escape_markdown(" ".join(table.all_notes)))


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
