"""The queue of each device: which jobs wait and which start next. Functions on a connection.

A job starts when no other holds one of its devices, and none before it waits for one of them: so a job on
all devices has its turn, however many small ones come behind it. A job without a device starts at once.
"""

import sqlite3
import time

from ecgapp.errors import JobError
from ecgapp.jobs import rows
from ecgapp.jobs.job import Run
from ecgapp.system import processes

ACTIVE_STATES = "state IN ('starting', 'running', 'stopping')"


def queued(connection: sqlite3.Connection) -> list[Run]:
    """The waiting jobs, in the order of the queue."""
    return rows.select(connection, "state = 'queued'", order="ORDER BY position")


def claim(connection: sqlite3.Connection, device: str, run_id: str | None = None) -> Run | None:
    """Set the first waiting job that can start and needs a device in ``device`` to ``starting``.

    Returns:
        The job; None if there is none, or if ``run_id`` is given and it is not that job's turn.
    """
    now = time.time()
    candidates = (run for run in _ready(connection) if run.meets(device))
    run = next((run for run in candidates if run_id in (None, run.id)), None)
    if run is None:
        return None
    rows.update(connection, run.id, state="starting", claimed=now, started=run.started or now)
    return rows.find(connection, run.id)


def move(connection: sqlite3.Connection, run_id: str, places: int) -> None:
    """Move a waiting job among those that wait for the same devices: -1 is one place earlier.

    Raises:
        JobError: it does not wait.
    """
    run = rows.find(connection, run_id)
    if run.state != "queued":
        raise JobError("This run is not waiting in the queue, so it cannot be moved in it.")
    line = [other for other in queued(connection) if other.meets(run.device)]
    ids = [other.id for other in line]
    place = ids.index(run_id)
    ids.insert(max(0, place + places), ids.pop(place))
    for other, moved in zip(line, ids, strict=True):
        rows.update(connection, moved, position=other.position)


def _ready(connection: sqlite3.Connection) -> list[Run]:
    """The waiting jobs that may start now."""
    wanted = _held(connection)
    ready = []
    for run in queued(connection):
        if wanted.isdisjoint(run.devices):
            ready.append(run)
        wanted.update(run.devices)
    return ready


def _held(connection: sqlite3.Connection) -> set[str]:
    """The devices that jobs hold; a lost job holds its own as long as its process lives."""
    runs = rows.select(connection, f"{ACTIVE_STATES} OR state = 'lost'")
    holders = [run for run in runs if run.active or processes.is_alive(run.pid, run.process_started)]
    return {device for run in holders for device in run.devices}
