"""How a run ended, and that it is said once, however long the list of runs cannot be written."""

import threading
from contextlib import suppress
from dataclasses import dataclass

from ecgapp.errors import JobError
from ecgapp.jobs import NEW_RUN, RESUME, Attachment, Heartbeat, patiently
from ecgapp.worker.reporter import RunReporter

_SPEECHLESS = "The end of the run could not be written down. Free space on the disk, then resume."
_WAITING = "The last words of this process cannot be written into the list of runs. It waits until they can."


@dataclass(frozen=True)
class Ending:
    """The final state, and why in plain words."""

    state: str
    message: str
    resume_helps: bool = True

    @classmethod
    def of_failure(cls, cause: str, resume_helps: bool = True) -> "Ending":
        """A run that failed, with what to do about it."""
        return cls("failed", f"{cause} {RESUME if resume_helps else NEW_RUN}", resume_helps)


class LastWords:
    """What a process says of its run before it leaves it; meanwhile ``heart`` beats on.

    The training's thread may come to say it while another says it already: then it waits until that is
    done, and says nothing more.
    """

    def __init__(self, reporter: RunReporter, attachment: Attachment, heart: Heartbeat, device: str) -> None:
        self._reporter, self._attachment, self._heart, self._device = reporter, attachment, heart, device
        self._turn = threading.Lock()
        self._said = False

    def say(self, ending: Ending | None) -> bool:
        """Write what waits, and how the run ended, as patiently as its attendant waits to hear of it.

        Then let the next run start. None where the run goes on, without this process. Whether it was
        said now; otherwise it had been said before.

        Raises:
            JobError: it could not be written.
        """
        with self._turn:
            if self._said:
                return False
            self._write(ending)
            self._said = True
            if ending is not None:
                self._attachment.store.start_next(self._device)
            return True

    def _write(self, ending: Ending | None) -> None:
        def write() -> None:
            self._reporter.flush()
            if ending is not None:
                self._attachment.end(ending.state, ending.message, ending.resume_helps)

        with suppress(JobError):
            return self._heart.say_last(write)
        self._reporter.log(_WAITING)
        try:
            patiently(lambda: self._heart.say_last(write))
        except JobError as error:
            raise JobError(_SPEECHLESS) from error
