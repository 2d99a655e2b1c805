"""The time limits of jobs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Time limits of a job's processes, in seconds.

    While a job starts it may import libraries from a slow disk, during which no Python thread can run: so it
    has ``start`` seconds until its first heartbeat counts as late.
    """

    beat: float = 2.0  # between two heartbeats
    stale: float = 7.0  # without a heartbeat, after which a running job is lost
    start: float = 60.0  # without a heartbeat, after which a starting job is lost
    stop: float = 60.0  # between the request to stop and the kill
    attend: float = 1.0  # between two looks of the attendant
    storage: float = 60.0  # for how long a process tries again to write what must not be lost
    retry: float = 1.0  # between two such attempts
