"""Page: run a published study on one's own data, arm by arm, and read its tables. For administrators."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.experiments.experiment_folder import installed_experiments
from ecgapp.jobs import RunStore
from ecgapp.ui.experiments.experiment_form import FORM_OPEN, experiment_form
from ecgapp.ui.experiments.live_experiments import live_experiments
from ecgapp.ui.shell import auth, session
from ecgapp.ui.shell.page_start import bootstrap

bootstrap("Experiments")
settings = session.settings()
auth.require_admin(settings)

st.session_state.setdefault(FORM_OPEN, not installed_experiments(settings.experiments))
with st.expander("New experiment", key=FORM_OPEN, icon=":material/add:", on_change="rerun"):
    try:
        experiment_form(settings, RunStore(settings.runs))
    except EcgAppError as error:
        st.error(str(error))

st.subheader("Started experiments")
live_experiments(settings)
