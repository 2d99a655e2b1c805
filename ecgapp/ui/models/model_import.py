"""Import a model that another machine exported; it is checked and shown before anything is kept."""

import io

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ecgapp.config import Settings
from ecgapp.errors import ModelError
from ecgapp.models import PackedModel
from ecgapp.promotion import SUFFIX, install_import, read_bundle
from ecgapp.ui.models import decision_fields
from ecgapp.ui.models.promotion_form import compare
from ecgapp.ui.shell.admin_action import guarded, show_problem

_KEY = "import_model"
_NAME = f"name_{_KEY}"
_TURN = "import_model_turn"  # session state: counts up when a model was imported, which empties the drop zone
_DONE = "import_model_done"  # session state: what was imported last
_READ = (
    "import_model_read"  # session state: the dropped file's id and the name, and its model or what is wrong
)
_NO_FILE = "Choose a file first: one that another machine exported."


def import_form(settings: Settings) -> None:
    """The file, the name it gets here, what it is and replaces, who and why."""
    turn = st.session_state.setdefault(_TURN, 0)
    dropped = st.file_uploader(f"A file that ends in {SUFFIX}", "zip", key=f"{_KEY}_{turn}")
    largest = st.get_option("server.maxUploadSize")
    st.caption(f"A file above {largest} MB goes by the command line: `python -m ecgapp models import`.")
    st.text_input("Name here (empty: the model's own)", key=_NAME, max_chars=60)
    _show(dropped, settings)
    decision_fields.ask(_KEY)

    def take() -> None:
        with decision_fields.decided(_KEY) as decision:
            packed = _packed(st.session_state[f"{_KEY}_{turn}"])
            install_import(packed, decision, settings)
        del st.session_state[_READ]
        st.session_state[_TURN] = turn + 1
        st.session_state[_DONE] = f"{packed.card.name} is in use now, sha256 {packed.card.sha256[:12]}."

    st.button("Import", key=_KEY, on_click=guarded(settings, take, _KEY), type="primary")
    show_problem(_KEY)
    if done := st.session_state.pop(_DONE, None):
        st.success(done)


def _show(dropped: UploadedFile | None, settings: Settings) -> None:
    """Draw the model in the file above the one it would replace, or why it cannot be imported."""
    if dropped is None:
        st.session_state.pop(_READ, None)
        return
    try:
        card = _packed(dropped).card
    except ModelError as error:
        st.error(str(error))
    else:
        compare(card, "in this file", card.name, settings)


def _packed(dropped: UploadedFile | None) -> PackedModel:
    """The model in the file under the name typed, read once.

    Raises:
        ModelError: there is no file, or no model in it that works here.
    """
    if dropped is None:
        raise ModelError(_NO_FILE)
    name = st.session_state[_NAME].strip()
    key = (dropped.file_id, name)
    if st.session_state.get(_READ, (None,))[0] != key:
        try:
            st.session_state[_READ] = (key, read_bundle(io.BytesIO(dropped.getbuffer()), name))
        except ModelError as error:
            st.session_state[_READ] = (key, error)
    packed: PackedModel | ModelError = st.session_state[_READ][1]
    if isinstance(packed, ModelError):
        raise packed
    return packed
