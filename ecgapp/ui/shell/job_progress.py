"""The progress of a job, which every page shows in the same way."""

from typing import Protocol

import streamlit as st


class Countable(Protocol):
    """Work of ``total`` steps, ``done`` of which are done: a job, an upload, the ECGs of a worklist."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...


def job_progress(work: Countable, text: str) -> None:
    """A bar that is filled by the share of the work that is done, below ``text``."""
    st.progress(min(max(work.done / max(work.total, 1), 0.0), 1.0), text=text)


def counted(work: Countable, unit: str = "") -> str:
    """The progress of work as text, e.g. ``1,200 of 5,000 records``; empty before its first report."""
    return f"{work.done:,} of {work.total:,} {unit}".rstrip() if work.total else ""
