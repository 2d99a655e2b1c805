"""The head of the worklist: drop many records, or name a folder; then how far they are read."""

from collections.abc import Sequence

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, RecordError
from ecgapp.models import ModelCard
from ecgapp.records.grouping import grouped, in_folder, unpacked
from ecgapp.records.upload import Upload
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.job_progress import counted, job_progress
from ecgapp.worklist.intake import Intake

DROP_NUMBER = "worklist_drop_number"  # a new number empties the uploader, so that no ECG stays in it
PROBLEM = "worklist_problem"  # why the last drop was refused as a whole
_INTAKE = "worklist_intake"
FILES, FOLDER = "Files, or a .zip", "A folder"
KEPT = (
    "Everyone who can open this app sees the worklist. The samples of each ECG are stored on the app's "
    "machine under a number until you delete its row. File names are not stored."
)


def intake(settings: Settings) -> Intake:
    """This session's intake, which also knows what its files are called."""
    current: Intake = st.session_state.setdefault(_INTAKE, Intake(settings))
    return current


def drop_panel(settings: Settings, classifier: ModelCard | None) -> None:
    """The uploader and, for an administrator, the folder's form; nothing where no classifier is installed."""
    if classifier is None:
        return
    kind = st.segmented_control(
        "What to add",
        (FILES, FOLDER),
        default=FILES,
        key="worklist_kind",
        required=True,
        label_visibility="collapsed",
    )
    key = f"worklist_drop_{st.session_state.get(DROP_NUMBER, 0)}_{kind == FOLDER}"
    st.file_uploader(
        "Drop many ECGs: WFDB .hea files with their .dat or .mat files, in any order"
        if kind == FILES
        else "Drop a folder of ECGs, with all that is below it",
        accept_multiple_files=True if kind == FILES else "directory",
        key=key,
        on_change=lambda: _take_drop(key, settings, classifier),
    )
    st.caption(KEPT)
    if auth.is_admin(settings):
        _folder_form(settings, classifier)
    if (sentence := st.session_state.pop(PROBLEM, None)) is not None:
        st.error(sentence)


def _take_drop(key: str, settings: Settings, classifier: ModelCard) -> None:
    files: Sequence[Upload] = st.session_state[key] or ()
    if files:
        _add(files, settings, classifier)
        st.session_state[DROP_NUMBER] = st.session_state.get(DROP_NUMBER, 0) + 1


def _add(files: Sequence[Upload], settings: Settings, classifier: ModelCard) -> None:
    try:
        groups = grouped(unpacked(files))
        if not groups:
            raise RecordError("There is no file to read in this drop.")
        intake(settings).add(groups, classifier.name)
    except EcgAppError as error:
        st.session_state[PROBLEM] = str(error)


def _folder_form(settings: Settings, classifier: ModelCard) -> None:
    """A folder on the app's machine, which only an administrator may have read."""
    with (
        st.expander("Add a folder on the app's machine (administrators)"),
        st.form("worklist_folder", border=False, enter_to_submit=False),
    ):
        folder = st.text_input("Folder on this machine", key="worklist_source")
        pressed = st.form_submit_button("Add its records", icon=":material/create_new_folder:")
    if pressed:
        try:
            auth.check_admin(settings)
            files = in_folder(folder)
        except EcgAppError as error:
            st.session_state[PROBLEM] = str(error)
        else:
            _add(files, settings, classifier)


def intake_progress(drop: Intake) -> None:
    """Draw how far the drop is read, or its result."""
    if drop.under_way:
        job_progress(drop, f"Reading: {counted(drop, 'records')}")
    elif drop.total:
        sentences = [f"Last upload: ECGs added from {drop.listed:,} of {drop.total:,} records."]
        if drop.twice:
            sentences.append(f"Already on the list: {drop.twice:,}.")
        if drop.unreadable:
            sentences.append(f"No ECG could be read from {drop.unreadable:,}; each line says why.")
        st.caption(" ".join(sentences))
    if drop.problem:
        st.error(drop.problem)
