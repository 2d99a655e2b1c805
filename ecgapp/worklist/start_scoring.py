"""Starting the job that scores the worklist; it outlives the page, the tab and the server."""

import time
from contextlib import suppress

from ecgapp.config import Settings
from ecgapp.errors import JobError
from ecgapp.jobs import SCORE, NewRun, Run, RunStore
from ecgapp.worklist.worklist_store import Worklist

AGAIN_SECONDS = 10.0  # between the end of a scoring that broke down and the next start
_BUSY_SECONDS = 2.0  # to wait for the list of jobs: a page waits here, and tries again two seconds later
_FORM = "the worklist's scoring"  # there is one such job; it is started again and again


def start_scoring(settings: Settings) -> str:
    """Start the job that scores what waits, unless it is under way.

    A scoring that broke down is not started again before ten seconds have passed.

    Returns:
        The reason why the last scoring broke down, until it is started again; else nothing.

    Raises:
        StorageError: the worklist or the list of jobs cannot be read or written.
    """
    if Worklist(settings).progress().waiting == 0:
        return ""
    runs = RunStore(settings.runs, busy=_BUSY_SECONDS)
    run = scoring_job(runs) or runs.add(NewRun(SCORE, "worklist", "", "", "{}", "", _FORM))
    if run.state == "queued":
        runs.launch(run.id)
    elif runs.is_over(run):
        if _broke_down_just_now(run):
            return run.message
        with suppress(JobError):  # another server has just started it
            runs.extend(run.id, run.config)
    elif run.ended_for_now:  # it is silent, but its process lives
        return run.message
    return ""


def scoring_job(runs: RunStore) -> Run | None:
    """The job that scores or has last scored the worklist; None before the first."""
    return next(iter(runs.refresh(SCORE)), None)


def _broke_down_just_now(run: Run) -> bool:
    return run.state in ("failed", "lost") and time.time() - (run.ended or 0.0) < AGAIN_SECONDS
