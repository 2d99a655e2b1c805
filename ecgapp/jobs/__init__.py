"""Jobs and their states: start, queue, stop, resume, find again. Knows no torch and no kind of job.

``RunStore`` is for pages and the command line; ``Attachment`` and ``Heartbeat`` are for the process of a job.
One SQLite database holds the states of all jobs; each job's folder holds its metrics, progress and log.
"""

from ecgapp.jobs import metric_names
from ecgapp.jobs.attachment import Attachment, Heartbeat
from ecgapp.jobs.job import ACTIVE, ARM, ENDED, IMPORT, NEW_RUN, RESUME, SCORE, TRAIN, Run
from ecgapp.jobs.job_folder import Ending
from ecgapp.jobs.metrics import Metric, MetricsReader, MetricsWriter, Series
from ecgapp.jobs.rows import NewRun
from ecgapp.jobs.run_log import append_technical
from ecgapp.jobs.run_store import RunStore
from ecgapp.jobs.time_limits import Timing
from ecgapp.jobs.usage import Usage

__all__ = [
    "ACTIVE",
    "ARM",
    "ENDED",
    "IMPORT",
    "NEW_RUN",
    "RESUME",
    "SCORE",
    "TRAIN",
    "Attachment",
    "Ending",
    "Heartbeat",
    "Metric",
    "MetricsReader",
    "MetricsWriter",
    "NewRun",
    "Run",
    "RunStore",
    "Series",
    "Timing",
    "Usage",
    "append_technical",
    "metric_names",
]
