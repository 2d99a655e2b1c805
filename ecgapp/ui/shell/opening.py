"""Two ways in for a record: drop one, or open a synthetic one. The head of the review page is made of it."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ecgapp.errors import EcgAppError
from ecgapp.records import DEMOS, ECGRecord, synthesise
from ecgapp.records.upload import read_upload
from ecgapp.ui.shell import ecg_in_view, session

DROP_NUMBER = "drop_number"  # a new number empties the uploader, so that no ECG stays in it
REFUSED = "refused_files"  # ids of the files that lie in the uploader since a drop was refused
DEMO = "demo"


@dataclass(frozen=True)
class Opening:
    """The actions on a chosen or refused record; ``prefix`` keeps two openings on a page apart."""

    prefix: str = ""
    open: Callable[[ECGRecord, str], object] = ecg_in_view.open_record
    close: Callable[[], None] = ecg_in_view.close_record
    refuse: Callable[[str], None] = ecg_in_view.refuse
    forget_problem: Callable[[], None] = ecg_in_view.forget_problem

    def key(self, name: str) -> str:
        """This opening's own key in the session's state."""
        return f"{self.prefix}{name}"

    @property
    def drop_key(self) -> str:
        return self.key(f"drop_{st.session_state.get(self.key(DROP_NUMBER), 0)}")


REVIEW = Opening()


def choose_record(opening: Opening = REVIEW) -> None:
    """Draw both ways in; what is chosen becomes the session's record, or a sentence says why not."""
    drop, demo = st.columns([3, 2], gap="medium")
    drop.file_uploader(
        "Drop one ECG: a WFDB .hea file together with its .dat or .mat file, in any order",
        accept_multiple_files=True,
        key=opening.drop_key,
        on_change=_open_upload,
        args=(opening,),
    )
    demo.selectbox(
        "Or open a synthetic demonstration ECG",
        list(DEMOS),
        index=None,
        placeholder="Choose a rhythm",
        help="Drawn by a formula, from no patient.",
        key=opening.key(DEMO),
        on_change=_open_demo,
        args=(opening,),
    )


def _open_upload(opening: Opening) -> None:
    """Read what was dropped. A refused drop stays in the uploader: its missing half may still come.

    An empty uploader closes nothing: either the refused files were taken out, or it is the fresh one
    behind an opened record, which reports its emptiness when anything else on the page is touched.
    """
    files = st.session_state[opening.drop_key]
    if not files:
        opening.forget_problem()
        return
    st.session_state[opening.key(DEMO)] = None
    refused = opening.key(REFUSED)
    try:
        record = _read(files, st.session_state.get(refused, ()))
    except EcgAppError as error:
        st.session_state[refused] = {file.file_id for file in files}
        opening.refuse(str(error))
        return
    opening.open(record, "Uploaded ECG")
    _empty_uploader(opening)


def _read(files: Sequence[UploadedFile], refused: Container[str]) -> ECGRecord:
    """The last drop where it is whole; else together with the refused files that it may complete."""
    uploads = session.settings().uploads
    last = [file for file in files if file.file_id not in refused]
    if 0 < len(last) < len(files):
        try:
            return read_upload(last, uploads)
        except EcgAppError:
            return read_upload(files, uploads)
    return read_upload(files, uploads)


def _open_demo(opening: Opening) -> None:
    title = st.session_state[opening.key(DEMO)]
    _empty_uploader(opening)
    if title is None:
        opening.close()
        return
    opening.open(synthesise(DEMOS[title]).record, title)


def _empty_uploader(opening: Opening) -> None:
    number = opening.key(DROP_NUMBER)
    st.session_state[number] = st.session_state.get(number, 0) + 1
