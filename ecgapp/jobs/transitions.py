"""The changes of a job's state that a user asks for: functions on a connection."""

import sqlite3
import time

from ecgapp.errors import JobError
from ecgapp.jobs import events, queue, rows
from ecgapp.jobs.job import Run
from ecgapp.jobs.job_folder import JobFolders
from ecgapp.jobs.rows import NewRun
from ecgapp.system import processes

_TWIN = "kind = ? AND config = ? AND state IN ('queued', 'starting', 'running')"
_ENDED_SILENT = "Stopped by force, as it did not answer."
_CANCELLED = "Taken from the queue."


def add(connection: sqlite3.Connection, folders: JobFolders, new: NewRun) -> Run:
    """Add a new job to the end of the queue.

    Returns:
        The job; if ``new`` names a form that has created one already, that job.

    Raises:
        JobError: a form is named, and a job of the same config waits or is under way already.
    """
    if new.form is not None:
        created = rows.select(connection, "form = ?", new.form)
        if created:
            return created[0]
        _check_no_twin(connection, new)
    run_id = rows.insert(connection, new)
    folders.write_config(run_id, new.config)
    events.record(connection, folders.of(run_id), "queued", "Queued.")
    return rows.find(connection, run_id)


def _check_no_twin(connection: sqlite3.Connection, new: NewRun) -> None:
    """Refuse a job that would do the same as one that waits or is under way.

    Raises:
        JobError: there is one.
    """
    twins = rows.select(connection, _TWIN, new.kind, new.config, order="ORDER BY position")
    if twins:
        run = twins[0]
        raise JobError(
            f"A run with the very same settings is {run.state} already: {run.name} ({run.phase}, "
            f"{run.id[:6]}). See it in the list of runs, or change a setting."
        )


def start(
    connection: sqlite3.Connection, folders: JobFolders, device: str, run_id: str | None = None
) -> Run | None:
    """Set the next waiting job that can start on ``device`` to ``starting``; see ``queue.claim``."""
    run = queue.claim(connection, device, run_id)
    if run is not None:
        text = f"Starting on {run.device}." if run.device else "Starting."
        events.record(connection, folders.of(run.id), "starting", text)
    return run


def request_stop(connection: sqlite3.Connection, folders: JobFolders, run_id: str) -> Run:
    """Set a job that is under way to ``stopping``, and a queued or a silent one to ``stopped``.

    Returns:
        The job as it was before.

    Raises:
        JobError: the job is not under way.
    """
    run = rows.find(connection, run_id)
    silent = is_silent(run)
    if run.ended_for_now and not silent:
        raise JobError("This run is not under way, so there is nothing to stop.")
    if run.active and run.stop_requested is None:
        rows.update(connection, run_id, state="stopping", stop_requested=time.time())
        events.record(connection, folders.of(run_id), "stopping", "Asked to stop.")
    elif not run.active:
        message = f"{_ENDED_SILENT if silent else _CANCELLED} {run.resume_words}"
        rows.update(connection, run_id, state="stopped", message=message, ended=time.time())
        events.record(connection, folders.of(run_id), "stopped", message)
    return run


def put_back(connection: sqlite3.Connection, folders: JobFolders, run_id: str, config: str | None) -> None:
    """Move an ended job to the end of the queue, with a new ``config`` if given; leave others alone."""
    run = rows.find(connection, run_id)
    if not run.ended_for_now:
        return
    if config is not None:
        folders.write_config(run_id, config)
        rows.update(connection, run_id, config=config)
    rows.enqueue(connection, run_id)
    events.record(connection, folders.of(run_id), "queued", f"Queued again. {run.resume_words}")


def is_silent(run: Run) -> bool:
    """Whether the job counts as lost though its process lives; it may come back."""
    return run.state == "lost" and processes.is_alive(run.pid, run.process_started)
