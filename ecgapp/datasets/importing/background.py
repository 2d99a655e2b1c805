"""An import in a process of its own while pages look on. No Streamlit here.

It reads with as many processes as pay, which a thread of the server could not start: their main module
would be a page. A thread only listens to what it says; every session that asks sees the same counts.
Closing the page does not end an import, stopping the server does; what it has read is kept.
"""

import json
import logging
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ecgapp.config import PROJECT, Settings
from ecgapp.datasets import ImportReport, Unfinished, store_names, store_path
from ecgapp.errors import ConfigError, DatasetError
from ecgapp.storage import documents

_LOG = logging.getLogger(__name__)
_PATIENCE = 20  # seconds for a cancelled import to put its things away
BROKEN = "The import broke down for an unknown reason; no data set was made. Please report this."
CANCELLED = "The import was cancelled; no data set was made."
PROGRAM = (sys.executable, "-m", "ecgapp", "import", "--json")


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
        store_path(name, settings)
        folder = Path(source.strip()).expanduser()
        if not source.strip() or not folder.is_dir():
            raise DatasetError("There is no such folder on the app's machine. Check the path.")
        return self._begin(name, ("--", layout, str(folder.resolve())), settings)

    def go_on(self, unfinished: Unfinished, settings: Settings) -> Import:
        """Go on with an import that was interrupted, with the choices that it was begun with.

        Raises:
            DatasetError: one is under way, the name was taken meanwhile, or the folder is gone.
        """
        plan = unfinished.plan
        if not Path(plan.source).is_dir():
            raise DatasetError("The folder of this import is gone. Bring it back, or discard the import.")
        choices = []
        if plan.sampling_rate is not None:
            choices.append(f"--sampling-rate={plan.sampling_rate}")
        if plan.leads is not None:
            choices.append(f"--leads={','.join(plan.leads)}")
        return self._begin(plan.name, (*choices, "--", plan.layout, plan.source), settings)

    def cancel(self) -> None:
        """End the import under way; it makes no data set."""
        self._cancelled.set()

    def _begin(self, name: str, words: tuple[str, ...], settings: Settings) -> Import:
        if name in store_names(settings):
            raise DatasetError("There is a data set of this name. Choose another name, or delete it first.")
        with self._lock:
            if self._latest is not None and self._latest.under_way:
                raise DatasetError("Another import is under way. Wait until it is done.")
            begun = Import(name, self._latest.number + 1 if self._latest else 1)
            self._latest = begun
            self._cancelled.clear()
        command = (*PROGRAM, *words, str((settings.stores / name).absolute()))
        threading.Thread(target=self._follow, args=(begun, command), daemon=True).start()
        return begun

    def _follow(self, begun: Import, command: tuple[str, ...]) -> None:
        """Start the process and keep ``latest`` as it says; a line that makes no sense ends it."""
        process = subprocess.Popen(  # noqa: S603 - a list of our own making, no shell
            command,
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may hold a path
            text=True,
        )
        threading.Thread(target=self._end_if_cancelled, args=(process,), daemon=True).start()
        with process:
            try:
                for line in process.stdout or ():
                    self._latest = _told(begun, json.loads(line))
            except (ValueError, KeyError, TypeError, ConfigError):
                process.kill()
        if self._latest is None or self._latest.under_way:
            self._latest = replace(begun, problem=self._how_it_ended(process.returncode))

    def _how_it_ended(self, code: int) -> str:
        if self._cancelled.is_set():
            return CANCELLED
        _LOG.error("An import broke down: exit code %s", code)
        return BROKEN

    def _end_if_cancelled(self, process: "subprocess.Popen[str]") -> None:
        while process.poll() is None:
            if self._cancelled.wait(0.1):
                process.terminate()
                try:
                    process.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()


def _told(begun: Import, said: dict[str, Any]) -> Import:
    """What the process says of itself in one line."""
    if "problem" in said:
        return replace(begun, problem=str(said["problem"]) or BROKEN)
    if "report" in said:
        report: ImportReport = documents.from_plain(ImportReport, said["report"])
        return replace(begun, done=report.read, total=report.read, report=report)
    return replace(begun, done=int(said["done"]), total=int(said["total"]))
