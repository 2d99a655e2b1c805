"""How a list of runs that an earlier version of the app wrote becomes one of this version.

All of it or nothing: it happens in one transaction, and nothing that is in the list is lost.
"""

import os
import sqlite3
import time
from collections.abc import Mapping

from ecgapp.errors import JobError
from ecgapp.storage.database import Update
from ecgapp.system import processes

_ADDED = (
    "ALTER TABLE runs ADD COLUMN resume_helps INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE runs ADD COLUMN form TEXT",
    "CREATE UNIQUE INDEX runs_by_form ON runs (form)",
    "PRAGMA user_version = 3",
)
_HELD = (
    "SELECT coalesce(nullif(title, ''), name), pid, process_started, heartbeat FROM runs "
    "WHERE state IN ('starting', 'running', 'stopping', 'lost') AND pid IS NOT NULL"
)
_HEARD_SECONDS = 60.0  # a process that cannot be seen from here lives if it spoke so lately


def _from_2(connection: sqlite3.Connection) -> None:
    """What helps a run that ended, and which form asked for it, were not known.

    Raises:
        JobError: a process of the earlier version lives, which would no longer understand the list.
    """
    living = [
        f"{title} (process {held[0]})" for title, *held in connection.execute(_HELD) if _may_live(*held)
    ]
    if living:
        raise JobError(
            f"Runs of an earlier version of the app are under way, which this one would cut off: "
            f"{', '.join(living)}. Wait until they have ended, or end these processes."
        )
    for statement in _ADDED:
        connection.execute(statement)


def _may_live(pid: int, token: str | None, heartbeat: float | None) -> bool:
    """Silent or not, a process that can be seen from here lives as long as it is there.

    One is of this version: the process that asks, whose pid its attendant may have written before it
    looked itself. So is one without a pid, as whoever claimed the run starts this version on it.
    """
    if processes.is_elsewhere(token):
        return heartbeat is not None and time.time() - heartbeat < _HEARD_SECONDS
    return pid not in (os.getpid(), os.getppid()) and processes.is_alive(pid, token)


UPDATES: Mapping[int, Update] = {2: _from_2}
"""By the version that a list is of: what makes it one of the next."""
