"""An import that runs on a thread of the server while pages look on. No Streamlit here.

A thread may not draw; so it only counts, and every session that asks sees the same counts. Closing
the page does not end it, stopping the server does: then nothing half-imported stays behind.
"""

import logging
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from ecgapp.config import Settings
from ecgapp.datasets import ImportReport, import_dataset, store_names
from ecgapp.errors import DatasetError, EcgAppError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_LOG = logging.getLogger(__name__)
BROKEN = "The import broke down for an unknown reason; nothing was stored. Please report this."


@dataclass(frozen=True)
class Import:
    """What an import has come to. It is under way until it has a report or a problem."""

    name: str
    number: int  # of this server's imports, from 1
    done: int = 0
    total: int = 0
    report: ImportReport | None = None
    problem: str = ""

    @property
    def under_way(self) -> bool:
        return self.report is None and not self.problem

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0


class Importer:
    """Runs one import at a time, whoever asks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Import | None = None
        self._cancelled = threading.Event()

    @property
    def latest(self) -> Import | None:
        """The import under way, or else the last one of this server."""
        return self._latest

    def start(self, layout: str, source: str, name: str, settings: Settings) -> Import:
        """Begin to import the folder ``source`` into the data set ``name``.

        Raises:
            DatasetError: one is under way, the name is no plain or a taken one, or there is no folder.
        """
        if not _NAME.fullmatch(name):
            raise DatasetError("Name the data set with letters, digits, points and dashes only.")
        if name in store_names(settings):
            raise DatasetError("There is a data set of this name. Choose another name, or delete it first.")
        folder = Path(source.strip()).expanduser()
        if not source.strip() or not folder.is_dir():
            raise DatasetError("There is no such folder on the app's machine. Check the path.")
        with self._lock:
            if self._latest is not None and self._latest.under_way:
                raise DatasetError("Another import is under way. Wait until it is done.")
            number = self._latest.number + 1 if self._latest else 1
            self._latest = Import(name, number)
            self._cancelled.clear()
        work = (layout, folder, settings.stores / name)
        threading.Thread(target=self._run, args=(number, *work), daemon=True).start()
        return Import(name, number)

    def cancel(self) -> None:
        """End the import under way; nothing of it is stored."""
        self._cancelled.set()

    def _run(self, number: int, layout: str, source: Path, destination: Path) -> None:
        name = destination.name

        def count(done: int, total: int) -> None:
            self._latest = Import(name, number, done, total)
            if self._cancelled.is_set():
                raise DatasetError("The import was cancelled; nothing was stored.")

        try:
            report = import_dataset(layout, source, destination, progress=count)
        except EcgAppError as error:
            self._latest = Import(name, number, problem=str(error))
        except Exception as error:
            _LOG.error("An import broke down: %s", type(error).__name__)  # no text: it may hold a path
            self._latest = Import(name, number, problem=BROKEN)
        else:
            self._latest = Import(name, number, report.read, report.read, report)
