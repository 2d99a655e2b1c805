"""The Data page's import: a form, a bar that follows it, and what became of the folder."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import LAYOUTS, ImportReport, Unfinished, discard, unfinished_imports
from ecgapp.datasets.importing.background import Import, Importer
from ecgapp.errors import EcgAppError
from ecgapp.ui.data.stores import refused_table
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import guarded, show_problem

POLL = "1s"
AWAITED = "import_awaited"  # session state: the number of the import whose end this session waits for


@st.cache_resource(show_spinner=False)
def importer() -> Importer:
    """The server's one importer; all sessions see the same."""
    return Importer()


def import_form(settings: Settings) -> None:
    """Ask for a folder on the app's machine, and start to import it."""
    with st.form("import", enter_to_submit=False):
        layout = st.selectbox(
            "What the folder holds",
            list(LAYOUTS),
            format_func=lambda name: LAYOUTS[name].title,
            key="import_layout",
        )
        folder, name = st.columns([2, 1])
        source = folder.text_input(
            "Folder on this machine",
            key="import_source",
            help="The folder that the archive unpacks to, as the app's own machine sees it.",
        )
        target = name.text_input("Name of the data set", key="import_name", placeholder=str(layout))
        pressed = st.form_submit_button("Import", type="primary", icon=":material/database_upload:")
    if pressed:
        try:
            auth.check_admin(settings)
            importer().start(str(layout), source, target.strip() or str(layout), settings)
        except EcgAppError as error:
            st.error(str(error))


def import_progress(settings: Settings) -> None:
    """The import under way with its bar, or the report of the last one; asks again every second."""
    latest = importer().latest
    if latest is None:
        return
    if latest.under_way:
        st.session_state[AWAITED] = latest.number
    st.fragment(_progress, run_every=POLL if latest.under_way else None)(settings)


def interrupted_imports(settings: Settings) -> None:
    """The imports that can go on where they stopped, or be discarded."""
    latest = importer().latest
    if latest is not None and latest.under_way:
        return
    show_problem()
    for item in unfinished_imports(settings):
        _interrupted(item, settings)


def _interrupted(item: Unfinished, settings: Settings) -> None:
    plan, key = item.plan, item.folder.name
    st.warning(
        f"The import into {plan.name} was interrupted: {item.n_done:,} of {plan.n_records:,} records are "
        f"kept in {item.n_bytes / 1e6:,.1f} MB on disk."
    )
    on, off = st.columns(2)
    on.button(
        "Go on with it",
        key=f"go_on_{key}",
        on_click=guarded(settings, lambda: importer().go_on(item, settings)),
        icon=":material/resume:",
    )
    off.button(
        f"Discard it and free {item.n_bytes / 1e6:,.1f} MB",
        key=f"discard_{key}",
        on_click=guarded(settings, lambda: discard(item)),
        icon=":material/delete:",
    )


def _progress(settings: Settings) -> None:
    latest = importer().latest
    if latest is None or not auth.is_admin(settings):
        st.rerun()
    elif latest.under_way:
        _bar(settings, latest)
    elif st.session_state.pop(AWAITED, None) is not None:
        st.rerun()  # the list of data sets has changed, and nothing is left to ask for
    elif latest.report is not None:
        _report(latest.report)
    else:
        st.error(f"Last import, {latest.name}: {latest.problem}")


def _bar(settings: Settings, latest: Import) -> None:
    counted = (
        f"{latest.done:,} of {latest.total:,} records" if latest.total else "reading the table of records"
    )
    st.progress(latest.share, text=f"Importing {latest.name}: {counted}")
    if st.button("Cancel the import", key="import_cancel"):
        try:
            auth.check_admin(settings)
            importer().cancel()
        except EcgAppError as error:
            st.error(str(error))


def _report(report: ImportReport) -> None:
    done = f"{report.read:,} records were imported into {report.name}. Refused: {report.n_refused:,}."
    st.success(f"Last import: {done}")
    if report.refused:
        st.dataframe(refused_table(report.refused), hide_index=True, width="stretch")
    for note in report.notes:
        st.info(note)
