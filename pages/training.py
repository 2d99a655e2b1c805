"""Page: start trainings, watch and compare them, stop, resume and promote them. For administrators."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.ui.shell import auth, session
from ecgapp.ui.shell.page_start import bootstrap
from ecgapp.ui.training.live_runs import live_runs
from ecgapp.ui.training.run_dialogs import open_wished
from ecgapp.ui.training.training_form import FORM_OPEN, training_form

bootstrap("Training")
settings = session.settings()
auth.require_admin(settings)

runs = RunStore(settings.runs)
try:
    st.session_state.setdefault(FORM_OPEN, not runs.all())
except EcgAppError:
    pass  # the live view below says why the list of runs cannot be read
else:
    with st.expander("New training", key=FORM_OPEN, icon=":material/add:", on_change="rerun"):
        try:
            training_form(settings, runs)
        except EcgAppError as error:
            st.error(str(error))

open_wished(runs, settings)
st.subheader("Runs")
live_runs(settings)
