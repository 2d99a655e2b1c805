"""Page: launch trainings, watch them, stop, resume and promote them. For administrators."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.jobs import RunStore
from ecgapp.ui import auth, session
from ecgapp.ui.bootstrap import bootstrap
from ecgapp.ui.live import live_runs
from ecgapp.ui.training_form import training_form

bootstrap("Training")
settings = session.settings()
auth.require_admin(settings)

runs = RunStore(settings.runs)
try:
    with st.expander("New training", expanded=not runs.all(), icon=":material/add:"):
        training_form(settings, runs)
except EcgAppError as error:
    st.error(str(error))

st.subheader("Runs")
live_runs(settings)
