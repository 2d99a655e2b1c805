"""Who waits for which devices, and who starts next. Every decision is one transaction.

A run starts when no other holds one of its devices, and none before it waits for one of them: so a
run on all devices has its turn, however many small ones come behind it.
"""

import sqlite3
import time

from ecgapp.errors import JobError
from ecgapp.jobs.run import Run
from ecgapp.jobs.run_table import RunTable, enqueue, find, run_of, update
from ecgapp.system import processes

ACTIVE_STATES = "state IN ('starting', 'running', 'stopping')"
_QUEUED = "SELECT * FROM runs WHERE state = 'queued' ORDER BY position"


class RunQueue(RunTable):
    """The rows of the runs, and the order in which those start that wait."""

    def queue(self, device: str) -> tuple[Run, ...]:
        """The runs that wait for one of the devices in ``device``, by their place in the queue."""
        waiting = self._where("state = 'queued'", "ORDER BY position")
        return tuple(run for run in waiting if run.meets(device))

    def held_by(self, pid: int) -> Run | None:
        """The run that is or was last held in the name of this living process."""
        token = processes.start_token(pid)
        found = self._where("pid = ? AND process_started = ?", "ORDER BY created DESC", pid, token)
        return found[0] if found else None

    def is_over(self, run: Run) -> bool:
        """Whether the run has ended; a lost one whose process lives may still come back."""
        return run.ended_for_now and not (
            run.state == "lost" and processes.is_alive(run.pid, run.process_started)
        )

    def claim(self, device: str, run_id: str | None = None) -> Run | None:
        """Let the first run start that can, and needs one of the devices in ``device``.

        It must be ``run_id`` where given. None where there is no such run, or it is not its turn.
        """
        now = time.time()
        with self.database.write() as connection:
            ready = (run for run in _ready(connection) if run.meets(device))
            run = next((run for run in ready if run_id in (None, run.id)), None)
            if run is None:
                return None
            update(connection, run.id, state="starting", heartbeat=now, started=run.started or now)
            self._tell(connection, run.id, "starting", f"Starting on {run.device}.")
            return find(connection, run.id)

    def requeue(self, run_id: str) -> Run:
        """Put an ended run at the end of the queue, to go on; one already under way is left alone.

        A lost run whose process is still there loses it.

        Raises:
            JobError: it has finished.
        """
        if self.get(run_id).state == "finished":
            raise JobError("This run has finished. Add epochs to it to train further.")
        return self._put_back(run_id, None)

    def _put_back(self, run_id: str, config: str | None) -> Run:
        run = self.get(run_id)
        if run.state == "lost":
            processes.end_group(run.pid, run.process_started)
        with self.database.write() as connection:
            if find(connection, run_id).ended_for_now:
                if config is not None:
                    self._keep_config(run_id, config)
                    update(connection, run_id, config=config)
                enqueue(connection, run_id)
                self._tell(connection, run_id, "queued", "Queued again, to go on from the last checkpoint.")
        return self.get(run_id)

    def move_in_queue(self, run_id: str, places: int) -> Run:
        """Move a waiting run among those that wait for the same devices: -1 is one place earlier.

        Raises:
            JobError: it does not wait.
        """
        with self.database.write() as connection:
            run = find(connection, run_id)
            if run.state != "queued":
                raise JobError("This run is not waiting in the queue, so it cannot be moved in it.")
            line = [other for other in _queued(connection) if other.meets(run.device)]
            ids = [other.id for other in line]
            place = ids.index(run_id)
            ids.insert(max(0, place + places), ids.pop(place))
            for other, moved in zip(line, ids, strict=True):
                update(connection, moved, position=other.position)
        return self.get(run_id)


def _queued(connection: sqlite3.Connection) -> list[Run]:
    return [run_of(row) for row in connection.execute(_QUEUED)]


def _ready(connection: sqlite3.Connection) -> list[Run]:
    """The waiting runs that may start now."""
    wanted = _held(connection)
    ready = []
    for run in _queued(connection):
        if wanted.isdisjoint(run.devices):
            ready.append(run)
        wanted.update(run.devices)
    return ready


def _held(connection: sqlite3.Connection) -> set[str]:
    """The devices that runs hold; a lost run holds its own as long as its process lives."""
    query = f"SELECT * FROM runs WHERE {ACTIVE_STATES} OR state = 'lost'"  # noqa: S608 - our words
    runs = [run_of(row) for row in connection.execute(query)]
    holders = [run for run in runs if run.active or processes.is_alive(run.pid, run.process_started)]
    return {device for run in holders for device in run.devices}
