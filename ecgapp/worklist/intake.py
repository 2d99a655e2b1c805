"""Adding dropped records to the worklist, on a thread of the server.

Each session has one. The names of the files are held in its memory only, as long as the session lasts.
"""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from ecgapp.config import Settings
from ecgapp.errors import ArchiveError, EcgAppError, JobError, RecordError, StorageError
from ecgapp.records.grouping import Group
from ecgapp.worklist import Worklist, start_scoring

_LOG = logging.getLogger(__name__)
START_EVERY = 32  # records after which the scorers are looked after
_BROKE = "Reading it broke down for an unknown reason. Please report this."


class Intake:
    """The records that one session has dropped, and how many of them are read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worklist = Worklist(settings)
        self._waiting: deque[tuple[int, str, Group]] = deque()  # drop, classifier, files
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.names: dict[int, str] = {}  # of items, as their files are called
        self.total = self.done = self.listed = self.twice = self.unreadable = 0
        self.problem = ""

    @property
    def under_way(self) -> bool:
        return self._thread is not None

    def add(self, groups: Sequence[Group], wanted: str) -> None:
        """Read ``groups`` one after another, to be scored by the classifier ``wanted``.

        Raises:
            StorageError: the worklist cannot be read.
        """
        batch = self._worklist.new_batch()
        with self._lock:
            if self._thread is None:
                self.total = self.done = self.listed = self.twice = self.unreadable = 0
                self.problem = ""
            self.total += len(groups)
            self._waiting.extend((batch, wanted, group) for group in groups)
            if self._thread is None and groups:
                self._thread = threading.Thread(target=self._take_in, name="worklist", daemon=True)
                self._thread.start()

    def forget(self) -> None:
        """Discard what has not been read yet."""
        with self._lock:
            self._waiting.clear()
            self.total = self.done

    def _take_in(self) -> None:
        while (following := self._next()) is not None:
            try:
                self._take(*following)
                self.done += 1
                if self.done % START_EVERY == 1:
                    self._start_scoring()
            except (ArchiveError, StorageError) as error:
                self._give_up(str(error))
            except Exception as error:  # else the thread would end, and seem to be at work for ever
                _LOG.error("Taking in an ECG broke down: %s", type(error).__name__)
                self._give_up(_BROKE)
        self._start_scoring()

    def _start_scoring(self) -> None:
        """Start the scoring if that is possible; a page tries again, and says why it is not."""
        with suppress(JobError, StorageError):
            start_scoring(self._settings)

    def _next(self) -> tuple[int, str, Group] | None:
        """The next record; None, which ends the thread, if there is none."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._thread = None
            return None

    def _take(self, batch: int, wanted: str, group: Group) -> None:
        """Store and list one record, or list the reason why it cannot be read.

        Raises:
            ArchiveError, StorageError: nothing can be written any more.
        """
        try:
            record = group.read(self._settings.uploads)
        except RecordError as error:
            self._refuse(batch, group, str(error))
            return
        except OSError as error:
            raise ArchiveError(
                "The files cannot be read in. Check that the disk is not full, and add them again."
            ) from error
        except Exception as error:
            _LOG.error("Reading an ECG broke down: %s", type(error).__name__)
            self._refuse(batch, group, str(error) if isinstance(error, EcgAppError) else _BROKE)
            return
        number, new = self._worklist.add(record, batch, group.size, wanted)
        self.names[number] = group.stem
        self.listed += new
        self.twice += not new

    def _refuse(self, batch: int, group: Group, sentence: str) -> None:
        self.names[self._worklist.add_unreadable(batch, group.size, sentence)] = group.stem
        self.unreadable += 1

    def _give_up(self, sentence: str) -> None:
        with self._lock:
            missed = self.total - self.done
            self.problem = f"{sentence} Not taken: {missed:,} of {self.total:,} records."
            self._waiting.clear()
