"""Import a model that another machine exported; it is checked before anything is kept."""

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import ModelError
from ecgapp.promotion import SUFFIX, install_import, read_bundle
from ecgapp.ui import deciding
from ecgapp.ui.guarded import guarded, show_problem

_KEY = "import_model"
_TURN = "import_model_turn"  # session state: counts up when a model was imported, which empties the drop zone
_DONE = "import_model_done"  # session state: what was imported last


def import_form(settings: Settings) -> None:
    """The file, the name it gets here, who and why."""
    turn = st.session_state.setdefault(_TURN, 0)
    file = f"{_KEY}_{turn}"
    st.file_uploader(f"A file that ends in {SUFFIX}", "zip", key=file)
    st.text_input("Name here (empty: the model's own)", key=f"name_{_KEY}", max_chars=60)
    deciding.ask(_KEY)

    def take() -> None:
        dropped = st.session_state[file]
        if dropped is None:
            raise ModelError("Choose a file first: one that another machine exported.")
        with deciding.decided(_KEY) as decision:
            packed = read_bundle(dropped, st.session_state[f"name_{_KEY}"].strip())
            install_import(packed, decision, settings)
        st.session_state[_TURN] = turn + 1
        st.session_state[_DONE] = f"{packed.card.name} is in use now, sha256 {packed.card.sha256[:12]}."

    st.button("Import", key=_KEY, on_click=guarded(settings, take, _KEY), type="primary")
    show_problem(_KEY)
    if done := st.session_state.pop(_DONE, None):
        st.success(done)
