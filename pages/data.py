"""Page: import ECGs into the dataset store, and look at what is there. For administrators."""

import streamlit as st

from ecgapp.jobs import RunStore
from ecgapp.ui.data.import_form import import_form, imports
from ecgapp.ui.data.review_export import review_export
from ecgapp.ui.data.store_view import deletion, store_view
from ecgapp.ui.data.stores import installed_stores, overview
from ecgapp.ui.shell import auth, session
from ecgapp.ui.shell.page_start import bootstrap

bootstrap("Data")
settings = session.settings()
auth.require_admin(settings)

st.subheader("Import a folder of ECGs")
import_form(settings)
imports(settings)

st.subheader("Reviewed ECGs")
review_export(settings)

st.subheader("Imported data sets")
installed = installed_stores(settings)
for name, sentence in installed.damaged.items():
    st.warning(f"{name}: {sentence}")
if installed.stores:
    st.dataframe(overview(list(installed.stores.values())), hide_index=True, width="stretch")
names = [*installed.stores, *installed.damaged]
if not names:
    st.info("No data set yet. Import a folder above; then it can be trained on.")
    st.stop()

chosen = st.selectbox("Data set", names, key="store")
if chosen in installed.stores:
    store_view(installed.stores[chosen])
deletion(chosen, settings, RunStore(settings.runs))
