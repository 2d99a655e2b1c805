"""Page: which models are in use, since when, by whom and why; what changes that. For administrators."""

import streamlit as st

from ecgapp.errors import EcgAppError
from ecgapp.promotion import model_names, versions
from ecgapp.ui.models.model_import import import_form
from ecgapp.ui.models.registry_view import INTERVALS, model_view, overview
from ecgapp.ui.shell import auth, model_choice, session
from ecgapp.ui.shell.page_start import bootstrap

bootstrap("Models")
settings = session.settings()
auth.require_admin(settings)

try:
    models = {name: versions(name, settings) for name in model_names(settings)}
    st.subheader("In use")
    model_choice.damaged_models_notice()
    if models:
        overview(version for of_name in models.values() for version in of_name)
        st.caption(INTERVALS)
        st.subheader("History")
        name = st.selectbox("Model", list(models), key="model_history")
        model_view(name, models[name], settings)
    else:
        st.info("No model yet. Import one below, or train and promote one on the Training page.")
    st.subheader("Import")
    import_form(settings)
except EcgAppError as error:
    st.error(str(error))
