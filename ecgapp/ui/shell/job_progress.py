"""The progress of a job, which every page shows in the same way."""

import streamlit as st

from ecgapp.jobs import Run


def job_progress(share: float, text: str) -> None:
    """A bar that is filled by ``share``, 0 to 1, below ``text``."""
    st.progress(min(max(share, 0.0), 1.0), text=text)


def counted(run: Run, unit: str) -> str:
    """The progress of a job as text, e.g. ``1,200 of 5,000 records``; empty before its first report."""
    return f"{run.done:,} of {run.total:,} {unit}" if run.total else ""
