"""The entry: ``streamlit run streamlit_app.py``. Declares the pages; each page begins by itself."""

import streamlit as st

navigation = st.navigation(
    {
        "Clinic": [
            st.Page("pages/review.py", title="Review", icon=":material/ecg:", default=True),
            st.Page("pages/performance.py", title="Performance", icon=":material/monitoring:"),
        ],
        "Administration": [
            st.Page("pages/training.py", title="Training", icon=":material/model_training:"),
            st.Page("pages/data.py", title="Data", icon=":material/database:"),
        ],
    }
)
navigation.run()
