"""The entry: ``streamlit run streamlit_app.py``. Declares the pages; each page begins by itself."""

import streamlit as st

# No icons here: a browser would fetch them from Google, for the tab shows them too.
navigation = st.navigation(
    {
        "Clinic": [
            st.Page("pages/review.py", title="Review", default=True),
            st.Page("pages/worklist.py", title="Worklist"),
            st.Page("pages/compare.py", title="Compare"),
            st.Page("pages/performance.py", title="Performance"),
        ],
        "Administration": [
            st.Page("pages/training.py", title="Training"),
            st.Page("pages/experiments.py", title="Experiments"),
            st.Page("pages/data.py", title="Data"),
            st.Page("pages/models.py", title="Models"),
        ],
    }
)
navigation.run()
