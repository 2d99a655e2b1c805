"""The files of a job's folder that its process writes without the database: progress, heartbeat, ending.

So a database that is locked or full delays neither of them. The heartbeat is the time at which the progress
file was last touched, which needs no space on the disk.
"""

import json
import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ecgapp.errors import ConfigError, JobError, StorageError
from ecgapp.jobs.job import Run
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

CONFIG = "config.json"
PROGRESS = "progress.jsonl"
ENDING = "final.json"
_ID = re.compile(r"[0-9a-f]{12}")
_TAIL_BYTES = 1024
_UNWRITTEN = "The run's folder cannot be written. Check that the disk is not full."


@dataclass(frozen=True)
class Ending:
    """The end of a job: its final state, the reason in plain words, and the process that ended."""

    state: str
    message: str
    resume_helps: bool = True
    pid: int | None = None
    process_started: str | None = None
    time: float = 0.0  # seconds since 1970, UTC

    def is_of(self, run: Run) -> bool:
        """Whether the process of ``run`` wrote it, and not one of an earlier start."""
        return self.pid is not None and (self.pid, self.process_started) == (run.pid, run.process_started)


@dataclass(frozen=True)
class JobFolders:
    """The folders of all jobs, below ``home``; each has its job's id as name."""

    home: Path

    def of(self, run_id: str) -> Path:
        """The job's own folder.

        Raises:
            JobError: ``run_id`` is not the id of a job; so it can never name another folder.
        """
        if not _ID.fullmatch(run_id):
            raise JobError("There is no such run. Choose one from the list of runs.")
        return self.home / run_id

    def write_config(self, run_id: str, config: str) -> None:
        """Write the job's config.json.

        Raises:
            StorageError: it cannot be written.
        """
        try:
            write_atomically(self.of(run_id) / CONFIG, config.encode())
        except OSError as error:
            raise StorageError(_UNWRITTEN) from error

    def beat(self, run_id: str) -> None:
        """Write a heartbeat.

        Raises:
            OSError: the folder is gone or cannot be written.
        """
        (self.of(run_id) / PROGRESS).touch()

    def write_progress(self, run_id: str, done: int, total: int, seconds_left: float | None) -> None:
        """Append the progress: ``done`` of ``total`` steps, and the expected seconds until the end.

        Raises:
            OSError: it cannot be written.
        """
        line = json.dumps({"done": done, "total": total, "seconds_left": seconds_left})
        with (self.of(run_id) / PROGRESS).open("ab") as file:
            file.write(f"\n{line}\n".encode())  # a line that a kill has torn stays a line of its own

    def complete(self, run: Run) -> Run:
        """The run with its heartbeat and its progress, as the folder has them."""
        path = self.of(run.id) / PROGRESS
        heartbeat = run.claimed
        with suppress(OSError):
            touched = path.stat().st_mtime
            heartbeat = None if run.claimed is None else max(run.claimed, touched)
        done, total, seconds_left = _latest_progress(path)
        return replace(run, heartbeat=heartbeat, done=done, total=total, seconds_left=seconds_left)

    def size(self, run_id: str) -> int:
        """Bytes of the job's folder, which deleting it frees."""
        total = 0
        for path in self.of(run_id).rglob("*"):
            with suppress(FileNotFoundError):  # its process is writing there
                total += path.stat().st_size if path.is_file() else 0
        return total

    def write_ending(self, run_id: str, ending: Ending) -> None:
        """Write the job's ending.

        Raises:
            OSError: it cannot be written.
        """
        write_atomically(self.of(run_id) / ENDING, documents.dump(replace(ending, time=time.time())).encode())

    def ending(self, run: Run) -> Ending | None:
        """The ending that the process of ``run`` has written, or None."""
        try:
            ending = documents.load(Ending, (self.of(run.id) / ENDING).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ConfigError):
            return None
        return ending if ending.is_of(run) else None


def _latest_progress(path: Path) -> tuple[int, int, float | None]:
    """Steps done, steps planned and seconds left, from the last complete line; zeros if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        lines = []
    for line in reversed(lines):
        with suppress(ValueError, TypeError, KeyError):
            read = json.loads(line)
            return read["done"], read["total"], read["seconds_left"]
    return 0, 0, None
