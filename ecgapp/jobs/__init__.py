"""Runs and their states: start, queue, stop, resume, find again. Knows no torch and no training.

``RunStore`` is what pages and the command line hold; ``Attachment`` and ``Heartbeat`` are what the
process of a run holds. Everything lies in one SQLite database and a folder for each run.
"""

from ecgapp.jobs import metric_names
from ecgapp.jobs.attachment import Attachment, Heartbeat
from ecgapp.jobs.metrics import Metric, Series
from ecgapp.jobs.run import ACTIVE, ENDED, NEW_RUN, RESUMABLE, RESUME, STATES, Run
from ecgapp.jobs.run_log import Event, append_technical
from ecgapp.jobs.run_store import RunStore
from ecgapp.jobs.usage import Usage
from ecgapp.storage.database import patiently

__all__ = [
    "ACTIVE",
    "ENDED",
    "NEW_RUN",
    "RESUMABLE",
    "RESUME",
    "STATES",
    "Attachment",
    "Event",
    "Heartbeat",
    "Metric",
    "Run",
    "RunStore",
    "Series",
    "Usage",
    "append_technical",
    "metric_names",
    "patiently",
]
