"""The administrator's panel of reviews: export of labels, audit trail, and the mode of new sessions."""

from collections.abc import Callable

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.reviews import Journal, ReadingMode, audit_csv, choose_reading_mode, packed_reviews, reading_mode
from ecgapp.ui.shell import auth
from ecgapp.ui.shell.admin_action import guarded, show_problem

EXPLAINED = (
    "The zip file holds the ECGs that readers kept for training and whose findings they confirmed or edited, "
    "as WFDB, with `labels.csv` beside them and no names; `statements.csv` gives the codes of its columns. "
    "Unpack it, and import it above as a folder of ECGs."
)
_DEFAULT = "read_first_default"


def review_export(settings: Settings) -> None:
    """Show the number of reviews, a button for the labels, one for the audit trail, and the switch."""
    try:
        reviews = Journal(settings).reviews()
    except EcgAppError as error:
        st.warning(str(error))
        return
    decided = [review for review in reviews if review.is_confirmed]
    signed = sum(review.signature is not None for review in decided)
    for_training = sum(review.kept for review in decided)
    st.markdown(f"{len(decided):,} reviewed, {signed:,} of them signed; {for_training:,} kept for training.")
    st.caption(EXPLAINED)
    with st.container(horizontal=True):
        _download("Export the labels", lambda: packed_reviews(settings), "reviewed-ecgs.zip", settings)
        _download(
            "Save the audit trail",
            lambda: audit_csv(Journal(settings).events()).encode(),
            "review-trail.csv",
            settings,
        )
    _choose_default(settings)


def _download(words: str, make: Callable[[], bytes], name: str, settings: Settings) -> None:
    """Show a download button; the file is made when it is pressed, in a thread without a session."""
    made = auth.download_for_admin(settings, make)
    kind = "application/zip" if name.endswith(".zip") else "text/csv"
    st.download_button(words, made, name, kind, key=f"save_{name}", on_click="ignore")


def _choose_default(settings: Settings) -> None:
    def choose() -> None:
        choose_reading_mode(ReadingMode(bool(st.session_state[_DEFAULT])), settings)

    st.session_state[_DEFAULT] = reading_mode(settings).read_first
    st.toggle(
        "New sessions of the Review page begin with reading first",
        key=_DEFAULT,
        on_change=guarded(settings, choose, _DEFAULT),
    )
    show_problem(_DEFAULT)
