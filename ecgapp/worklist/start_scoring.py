"""Starting, stopping and resuming the job that scores the worklist; it outlives the page and the server."""

import time
from contextlib import suppress

from ecgapp.config import Settings
from ecgapp.errors import JobError
from ecgapp.jobs import SCORE, NewRun, Run, RunStore
from ecgapp.worklist.worklist_store import Worklist

AGAIN_SECONDS = 10.0  # between the end of a scoring that broke down and the next start
_BUSY_SECONDS = 2.0  # to wait for the list of jobs: a page waits here, and tries again two seconds later
_CONFIG, _PAUSED = "{}", '{"paused": true}'  # of the job; one that a user has stopped waits for its resume
_FORM = "the worklist's scoring"  # there is one such job; it is started again and again


def start_scoring(settings: Settings) -> str:
    """Start the job that scores what waits, unless it is under way or a user has stopped it.

    A scoring that broke down is not started again before ten seconds have passed.

    Returns:
        The reason why the last scoring broke down, until it is started again; else nothing.

    Raises:
        StorageError: the worklist or the list of jobs cannot be read or written.
    """
    if Worklist(settings).progress().waiting == 0:
        return ""
    runs = RunStore(settings.runs, busy=_BUSY_SECONDS)
    run = scoring_job(runs) or runs.add(NewRun(SCORE, "worklist", "", "", _CONFIG, "", _FORM))
    if run.config == _PAUSED:
        return ""
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


def stop_scoring(settings: Settings) -> None:
    """Ask the scoring to stop, and start it no more before ``resume_scoring``; its ECGs wait meanwhile.

    Raises:
        StorageError: the list of jobs cannot be read or written.
    """
    runs = RunStore(settings.runs, busy=_BUSY_SECONDS)
    run = scoring_job(runs)
    if run is None:
        return
    runs.set_config(run.id, _PAUSED)
    with suppress(JobError):  # it has ended meanwhile
        runs.request_stop(run.id)


def resume_scoring(settings: Settings) -> None:
    """Let a scoring that a user has stopped be started again.

    Raises:
        StorageError: the list of jobs cannot be read or written.
    """
    runs = RunStore(settings.runs, busy=_BUSY_SECONDS)
    run = scoring_job(runs)
    if run is not None and run.config == _PAUSED:
        runs.set_config(run.id, _CONFIG)


def is_scoring_stopped(settings: Settings) -> bool:
    """Whether a user has stopped the scoring, which has not been resumed since.

    Raises:
        StorageError: the list of jobs cannot be read.
    """
    jobs = RunStore(settings.runs, busy=_BUSY_SECONDS).all(SCORE)
    return any(run.config == _PAUSED for run in jobs)


def scoring_job(runs: RunStore) -> Run | None:
    """The job that scores or has last scored the worklist; None before the first."""
    return next(iter(runs.refresh(SCORE)), None)


def _broke_down_just_now(run: Run) -> bool:
    return run.state in ("failed", "lost") and time.time() - (run.ended or 0.0) < AGAIN_SECONDS
