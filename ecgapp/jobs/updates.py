"""How a list of runs that an earlier version of the app wrote becomes one of this version.

All of it or nothing: it happens in one transaction, and nothing that is in the list is lost.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping

from ecgapp.errors import JobError

_ADDED = (
    "ALTER TABLE runs ADD COLUMN resume_helps INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE runs ADD COLUMN form TEXT",
    "CREATE UNIQUE INDEX runs_by_form ON runs (form)",
    "PRAGMA user_version = 3",
)
_UNDER_WAY = "SELECT count(*) FROM runs WHERE state IN ('starting', 'running', 'stopping') AND heartbeat > ?"
_HEARD_SECONDS = 60.0  # a process of the earlier version that spoke so lately lives


def _from_2(connection: sqlite3.Connection) -> None:
    """What helps a run that ended, and which form asked for it, were not known.

    Raises:
        JobError: a run is under way, whose process would no longer understand the list.
    """
    if connection.execute(_UNDER_WAY, (time.time() - _HEARD_SECONDS,)).fetchone()[0]:
        raise JobError(
            "Runs of an earlier version of the app are under way, which this one would cut off. "
            "Wait until they have ended, or stop them with that version."
        )
    for statement in _ADDED:
        connection.execute(statement)


UPDATES: Mapping[int, Callable[[sqlite3.Connection], None]] = {2: _from_2}
"""By the version that a list is of: what makes it one of the next."""
