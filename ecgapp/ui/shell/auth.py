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
            st.button("Sign out", on_click=_sign_out, key="sign_out")
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
    if not is_admin(settings):
        raise AccessError("You are not signed in any more. Reload the page and sign in again.")


def is_admin(settings: Settings) -> bool:
    """Whether this session gave the password that is in force now."""
    granted = st.session_state.get(PASS)
    return isinstance(granted, str) and admin_password.is_valid_pass(settings, granted)


def right_now(settings: Settings) -> Callable[[], None]:
    """``check_admin`` for a thread that knows no session: a download is packed in one.

    What it returns raises AccessError where this session's right has ended meanwhile.
    """
    granted = str(st.session_state.get(PASS, ""))

    def check() -> None:
        if not admin_password.is_valid_pass(settings, granted):
            raise AccessError("You are not signed in any more. Reload the page and sign in again.")

    return check


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


def _sign_out() -> None:
    st.session_state.pop(PASS, None)


def _is_same_machine() -> bool:
    return admin_password.is_same_machine(st.context.ip_address, st.context.headers.to_dict())
