"""All that knows Streamlit and Plotly: the pages' parts, their charts, one session's memory."""
