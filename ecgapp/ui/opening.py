"""The head of the review page: drop a record, or open a synthetic one."""

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ecgapp.errors import EcgAppError
from ecgapp.records import DEMOS, ECGRecord, synthesise
from ecgapp.ui import session
from ecgapp.ui.upload import read_upload

DROP_NUMBER = "drop_number"  # a new number empties the uploader, so that no ECG stays in it
REFUSED = "refused_files"  # ids of the files that lie in the uploader since a drop was refused
DEMO = "demo"


def choose_record() -> None:
    """Draw both ways in; what is chosen becomes the session's record, or a sentence says why not."""
    drop, demo = st.columns([3, 2], gap="medium")
    drop.file_uploader(
        "Drop one ECG: a WFDB .hea file together with its .dat or .mat file, in any order",
        accept_multiple_files=True,
        key=_drop_key(),
        on_change=_open_upload,
    )
    demo.selectbox(
        "Or open a synthetic demonstration ECG (drawn by a formula, from no patient)",
        list(DEMOS),
        index=None,
        placeholder="Choose a rhythm",
        key=DEMO,
        on_change=_open_demo,
    )


def _drop_key() -> str:
    return f"drop_{st.session_state.get(DROP_NUMBER, 0)}"


def _open_upload() -> None:
    """Read what was dropped. A refused drop stays in the uploader: its missing half may still come.

    An empty uploader closes nothing: either the refused files were taken out, or it is the fresh one
    behind an opened record, which tells of its emptiness when anything else on the page is touched.
    """
    files = st.session_state[_drop_key()]
    if not files:
        session.forget_problem()
        return
    st.session_state[DEMO] = None
    try:
        record = _read(files)
    except EcgAppError as error:
        st.session_state[REFUSED] = {file.file_id for file in files}
        session.refuse(str(error))
        return
    session.open_record(record, "Uploaded ECG")
    _empty_uploader()


def _read(files: Sequence[UploadedFile]) -> ECGRecord:
    """The last drop where it is whole; else together with the refused files that it may complete."""
    uploads = session.settings().uploads
    last = [file for file in files if file.file_id not in st.session_state.get(REFUSED, ())]
    if 0 < len(last) < len(files):
        try:
            return read_upload(last, uploads)
        except EcgAppError:
            return read_upload(files, uploads)
    return read_upload(files, uploads)


def _open_demo() -> None:
    title = st.session_state[DEMO]
    _empty_uploader()
    if title is None:
        session.close_record()
        return
    session.open_record(synthesise(DEMOS[title]).record, title)


def _empty_uploader() -> None:
    st.session_state[DROP_NUMBER] = st.session_state.get(DROP_NUMBER, 0) + 1
