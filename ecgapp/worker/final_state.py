"""The final state of a job, which its process writes once."""

import threading
from contextlib import suppress
from dataclasses import replace
from functools import partial

from ecgapp.errors import StorageError
from ecgapp.jobs import Attachment, Ending, Heartbeat, Run
from ecgapp.jobs.retry import retried

_UNWRITTEN = "The end of the run could not be written down. Free space on the disk, then resume."


class FinalState:
    """Writes how a job ended. Several threads may try; the first one does."""

    def __init__(self, attachment: Attachment, heart: Heartbeat, device: str) -> None:
        self._attachment, self._heart, self._device = attachment, heart, device
        self._lock = threading.Lock()
        self._written = False
        self._ending: Ending | None = None

    def applied(self, run: Run) -> Run:
        """The job with its final state, even if the database does not have it yet."""
        if self._ending is None or not run.active:
            return run
        ending = self._ending
        return replace(run, state=ending.state, message=ending.message, resume_helps=ending.resume_helps)

    def write(self, ending: Ending | None) -> bool:
        """Write the final state once, and let the next job start; ``ending`` None if the job goes on.

        Returns:
            False if another thread has written it.

        Raises:
            StorageError: it could not be written for a minute.
        """
        with self._lock:
            if self._written:
                return False
            self._heart.end()
            store = self._attachment.store
            if ending is not None:
                try:
                    retried(partial(self._attachment.end, ending), store.timing)
                except StorageError as error:
                    raise StorageError(_UNWRITTEN) from error
            self._written, self._ending = True, ending
            if ending is not None:
                with suppress(StorageError):  # the attendant, or the next list of the jobs, does so
                    store.start_next(self._device)
            return True
