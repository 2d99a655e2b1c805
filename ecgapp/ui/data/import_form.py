"""The Data page's import: a form, the progress of the import, and its report."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.datasets import LAYOUTS, Unfinished, discard, unfinished_imports
from ecgapp.datasets.importing.background import import_report, latest_import, resume_import, start_import
from ecgapp.errors import EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.ui.data.stores import refused_table
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import act_now, guarded, show_problem
from ecgapp.ui.shell.job_progress import counted, job_progress

POLL = "1s"
AWAITED = "import_awaited"  # session state: the id of the import whose end this session waits for


def import_form(settings: Settings) -> None:
    """Ask for a folder on the app's machine, and start to import it."""
    with st.form("import", enter_to_submit=False):
        layout = st.selectbox(
            "What the folder holds",
            list(LAYOUTS),
            format_func=lambda name: LAYOUTS[name].title,
            key="import_layout",
        )
        left, right = st.columns([2, 1])
        source = left.text_input(
            "Folder on this machine",
            key="import_source",
            help="The folder that the archive unpacks to, as the app's own machine sees it.",
        )
        target = right.text_input("Name of the data set", key="import_name", placeholder=str(layout))
        pressed = st.form_submit_button("Import", type="primary", icon=":material/database_upload:")
    if pressed:
        name = target.strip() or str(layout)
        act_now(settings, lambda: start_import(str(layout), source, name, settings))


def imports(settings: Settings) -> None:
    """The import under way, with its bar; else the report of the last one, and the interrupted imports.

    An interrupted import can go on where it stopped, or be discarded.
    """
    latest = _latest(settings)
    if latest is not None and not latest.ended_for_now:
        st.session_state[AWAITED] = latest.id
        st.fragment(_progress, run_every=POLL)(settings)
        return
    if latest is not None:
        _progress(settings)
    show_problem()
    for item in unfinished_imports(settings):
        _interrupted(item, settings)


def _latest(settings: Settings) -> Run | None:
    try:
        return latest_import(RunStore(settings.runs))
    except EcgAppError as error:
        st.error(str(error))
        return None


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
        on_click=guarded(settings, lambda: resume_import(item, settings)),
        icon=":material/resume:",
    )
    off.button(
        f"Discard it and free {item.n_bytes / 1e6:,.1f} MB",
        key=f"discard_{key}",
        on_click=guarded(settings, lambda: discard(item)),
        icon=":material/delete:",
    )


def _progress(settings: Settings) -> None:
    latest = _latest(settings)
    if latest is None or not auth.is_admin(settings):
        st.rerun()
    elif not latest.ended_for_now:
        _bar(settings, latest)
    elif st.session_state.pop(AWAITED, None) is not None:
        st.rerun()  # the list of data sets has changed, and nothing is left to ask for
    elif (report := import_report(RunStore(settings.runs), latest)) is not None:
        done = f"{report.read:,} records were imported into {report.name}. Refused: {report.n_refused:,}."
        st.success(f"Last import: {done}")
        if report.refused:
            st.dataframe(refused_table(report.refused), hide_index=True, width="stretch")
        for note in report.notes:
            st.info(note)
    else:
        st.error(f"Last import, {latest.name}: {latest.message}")


def _bar(settings: Settings, latest: Run) -> None:
    text = counted(latest, "records") or "reading the table of records"
    job_progress(latest, f"Importing {latest.name}: {text}")
    if st.button("Cancel the import", key="import_cancel", disabled=latest.stop_requested is not None):
        act_now(settings, lambda: RunStore(settings.runs).request_stop(latest.id))
