"""The door to the administrator's pages: a form, a guard that stops the page, a check for each action."""

from collections.abc import Callable

import streamlit as st

from ecgapp.config import Settings
from ecgapp.errors import AccessError
from ecgapp.storage import admin_password
from ecgapp.ui.shell.session import DIALOG

PASS = "admin_pass"  # session state: proof that this session gave the password in force  # noqa: S105


def require_admin(settings: Settings) -> None:
    """Let an administrator through; anyone else gets the form, and the page stops here."""
    if is_admin(settings):
        with st.sidebar:
            st.button("Sign out", on_click=lambda: st.session_state.pop(PASS, None), key="sign_out")
        return
    st.session_state.pop(DIALOG, None)
    st.subheader("Administrator")
    if admin_password.is_password_set(settings):
        _sign_in(settings)
    elif _is_same_machine():
        _choose_password(settings)
    else:
        st.info("No administrator's password is set yet. Set it from a browser on the app's own machine.")
    st.stop()


def check_admin(settings: Settings) -> None:
    """Raise unless this session is an administrator's; each action calls it, for its page may be old.

    Raises:
        AccessError: this session is no administrator's (any more).
    """
    _check_pass(settings, st.session_state.get(PASS))


def is_admin(settings: Settings) -> bool:
    """Whether this session gave the password that is in force now."""
    granted = st.session_state.get(PASS)
    return isinstance(granted, str) and admin_password.is_valid_pass(settings, granted)


def download_for_admin(settings: Settings, make: Callable[[], bytes]) -> Callable[[], bytes]:
    """``make`` for a download button, which packs the file in a thread that knows no session.

    What it returns raises AccessError where this session's right has ended meanwhile.
    """
    granted = st.session_state.get(PASS)

    def made() -> bytes:
        _check_pass(settings, granted)
        return make()

    return made


def _check_pass(settings: Settings, granted: object) -> None:
    if not isinstance(granted, str) or not admin_password.is_valid_pass(settings, granted):
        raise AccessError("You are not signed in any more. Reload the page and sign in again.")


def _sign_in(settings: Settings) -> None:
    with st.form("sign_in", clear_on_submit=True):
        password = st.text_input("Password", type="password", autocomplete="current-password")
        if not st.form_submit_button("Sign in", type="primary"):
            return
    try:
        st.session_state[PASS] = admin_password.check_password(settings, password)
    except AccessError as error:
        st.error(str(error))
    else:
        st.rerun()


def _choose_password(settings: Settings) -> None:
    st.write(
        "Training and data import are for an administrator. Choose the password now; "
        "afterwards it is asked for on these pages."
    )
    with st.form("choose_password", clear_on_submit=True):
        password = st.text_input(
            f"New password (at least {admin_password.MINIMUM_LENGTH} characters)",
            type="password",
            autocomplete="new-password",
        )
        again = st.text_input("The same password again", type="password", autocomplete="new-password")
        if not st.form_submit_button("Set password", type="primary"):
            return
    try:
        if password != again:
            raise AccessError("The two passwords differ. Type the same one twice.")
        if not _is_same_machine():
            raise AccessError("The first password can only be set on the app's own machine.")
        st.session_state[PASS] = admin_password.set_password(settings, password)
    except AccessError as error:
        st.error(str(error))
    else:
        st.rerun()


def _is_same_machine() -> bool:
    return admin_password.is_same_machine(st.context.ip_address, st.context.headers.to_dict())
