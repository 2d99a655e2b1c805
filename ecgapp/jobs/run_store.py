"""The list of jobs: creates, starts, stops, resumes and lists them.

Every decision is one transaction, so that two clicks, two tabs or two servers start one process. A job's
process may be killed at any moment; ``refresh`` notices it, and starts what waits behind it.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from ecgapp.errors import JobError
from ecgapp.jobs import events, queue, rows, run_log, transitions
from ecgapp.jobs.events import Event
from ecgapp.jobs.job import RESUME, TRAIN, Run
from ecgapp.jobs.job_folder import JobFolders
from ecgapp.jobs.launcher import WORKER, Launcher
from ecgapp.jobs.liveness import Liveness
from ecgapp.jobs.rows import NewRun, Value
from ecgapp.jobs.time_limits import Timing
from ecgapp.storage.database import BUSY_SECONDS, Database
from ecgapp.system import processes

TITLE_LENGTH = 60  # letters
NOTE_LENGTH = 2000
NOT_STARTED = "The process could not be started on this machine."


class RunStore:
    """The jobs under ``folder``: a database with their states, and a folder for each.

    ``busy`` is for how many seconds a call waits while another process locks the database.
    """

    def __init__(
        self,
        folder: Path,
        command: Sequence[str] = WORKER,
        timing: Timing = Timing(),  # noqa: B008
        busy: float = BUSY_SECONDS,
    ) -> None:
        self.timing = timing
        self.folders = JobFolders(folder)
        path = folder / "runs.sqlite"
        self.database = Database(path, rows.SCHEMA, "The list of runs", older=rows.OLDER, busy=busy)
        self.launcher = Launcher(self.folders, command, timing)
        self.liveness = Liveness(self.database, self.folders, timing)

    # The list.

    def create(self, name: str, phase: str, device: str, config: str) -> Run:
        """Add a new training to the end of the queue. ``config`` is written as its config.json."""
        return self.add(NewRun(TRAIN, name, phase, device, config, RESUME))

    def add(self, new: NewRun, *, claimed: bool = False) -> Run:
        """Add a new job to the end of the queue; see ``transitions.add``.

        One that is ``claimed``, and waits for no device, starts at once in the caller's process and no other.

        Raises:
            JobError: a form is named, and a job of the same config waits or is under way already.
        """
        with self.database.write() as connection:
            run = transitions.add(connection, self.folders, new)
            if claimed:
                run = transitions.start(connection, self.folders, "", run.id) or run
            return self.folders.complete(run)

    def get(self, run_id: str) -> Run:
        """The job as it is now.

        Raises:
            JobError: there is none of this id.
        """
        with self.database.read() as connection:
            return self.folders.complete(rows.find(connection, run_id))

    def all(self, kind: str = TRAIN) -> tuple[Run, ...]:
        """All jobs of a kind, the newest first."""
        return self._select("kind = ?", kind, order="ORDER BY created DESC, position DESC")

    def refresh(self, kind: str = TRAIN) -> tuple[Run, ...]:
        """End lost jobs and those that do not stop, and start what can start.

        Returns:
            All jobs of ``kind``, the newest first.
        """
        self.liveness.check_all()
        for device in sorted({run.device for run in self._select("state = 'queued'")}):
            self.start_next(device)
        return self.all(kind)

    def queue(self, device: str) -> tuple[Run, ...]:
        """The jobs that wait for one of the devices in ``device``, by their place in the queue."""
        waiting = self._select("state = 'queued'", order="ORDER BY position")
        return tuple(run for run in waiting if run.meets(device))

    def held_by(self, pid: int) -> Run | None:
        """The job whose process is or was last this living one."""
        token = processes.start_token(pid)
        runs = self._select("pid = ? AND process_started = ?", pid, token, order="ORDER BY created DESC")
        return runs[0] if runs else None

    def is_over(self, run: Run) -> bool:
        """Whether the job has ended; a lost one whose process lives may still come back."""
        return run.ended_for_now and not transitions.is_silent(run)

    def set_config(self, run_id: str, config: str) -> None:
        """Replace the job's config, in its row and in its folder.

        Raises:
            StorageError: one of them cannot be written.
        """
        with self.database.write() as connection:
            self.folders.write_config(run_id, config)
            rows.update(connection, run_id, config=config)

    def rename(self, run_id: str, title: str, note: str) -> Run:
        """Set the job's title (an empty one resets it to the name) and note.

        Raises:
            JobError: one of them is too long.
        """
        title, note = " ".join(title.split()), note.strip()
        if len(title) > TITLE_LENGTH or len(note) > NOTE_LENGTH:
            raise JobError(
                f"A title has at most {TITLE_LENGTH} letters, and a note {NOTE_LENGTH}. Say it in fewer."
            )
        with self.database.write() as connection:
            rows.find(connection, run_id)
            rows.update(connection, run_id, title=title, note=note)
        return self.get(run_id)

    def delete(self, run_id: str) -> None:
        """Delete the job with its metrics, checkpoints and log.

        Raises:
            JobError: it is waiting or under way.
        """
        run = self.get(run_id)
        if not run.ended_for_now:
            raise JobError("This run is waiting or under way. Stop it before you delete it.")
        processes.end_group(run.pid, run.process_started)
        with self.database.write() as connection:
            rows.delete(connection, run_id)
        shutil.rmtree(self.folder(run_id), ignore_errors=True)

    # Start, stop, resume.

    def launch(self, run_id: str) -> Run:
        """Start the job if its devices are free and none waits before it; else it stays queued.

        The process is detached: it outlives the page and the server. A job that is under way is left alone.
        """
        self.start_next(self.get(run_id).device)
        return self.get(run_id)

    def start_next(self, device: str) -> None:
        """Start all waiting jobs that can start now and need one of the devices in ``device``."""
        while (claimed := self.claim(device)) is not None:
            try:
                self.launcher.start_attendant(claimed)
            except OSError:
                self.liveness.end(claimed, "failed", f"{NOT_STARTED} {claimed.resume_words}")

    def claim(self, device: str, run_id: str | None = None) -> Run | None:
        """Set the first waiting job that can start and needs a device in ``device`` to ``starting``.

        Returns:
            The job; None if there is none, or if ``run_id`` is given and it is not that job's turn.
        """
        with self.database.write() as connection:
            run = transitions.start(connection, self.folders, device, run_id)
        return None if run is None else self.folders.complete(run)

    def request_stop(self, run_id: str) -> Run:
        """Ask the job's process to stop; a queued job is stopped at once.

        The process of a lost job is killed if it still lives.

        Raises:
            JobError: the job is not under way.
        """
        with self.database.write() as connection:
            run = transitions.request_stop(connection, self.folders, run_id)
        if not run.active:
            processes.end_group(run.pid, run.process_started)
            self.start_next(run.device)  # one behind it may have waited for one of its devices only
        return self.get(run_id)

    def cancel(self, run_id: str) -> Run:
        """Take a queued job from the queue.

        Raises:
            JobError: it is not in the queue.
        """
        if self.get(run_id).state != "queued":
            raise JobError("This run is not waiting in the queue. Stop it instead.")
        return self.request_stop(run_id)

    def requeue(self, run_id: str) -> Run:
        """Move an ended job to the end of the queue, to go on; one under way is left alone.

        The process of a lost job is killed if it still lives.

        Raises:
            JobError: it has finished.
        """
        if self.get(run_id).state == "finished":
            raise JobError("This run has finished. Add epochs to it to train further.")
        return self._put_back(run_id, None)

    def resume(self, run_id: str) -> Run:
        """Queue the job again, to go on from where it ended; one under way is left alone.

        Raises:
            JobError: it has finished.
        """
        self.requeue(run_id)
        return self.launch(run_id)

    def extend(self, run_id: str, config: str) -> Run:
        """Queue an ended job again with another ``config``, e.g. of more epochs; its curves go on.

        Raises:
            JobError: it is waiting or under way.
        """
        if not self.get(run_id).ended_for_now:
            raise JobError("This run is waiting or under way. Stop it before you add epochs.")
        self._put_back(run_id, config)
        return self.launch(run_id)

    def move(self, run_id: str, places: int) -> Run:
        """Move a waiting job among those that wait for the same devices: -1 is one place earlier.

        Raises:
            JobError: it does not wait.
        """
        with self.database.write() as connection:
            queue.move(connection, run_id, places)
        return self.launch(run_id)

    # What the job's folder holds.

    def folder(self, run_id: str) -> Path:
        """The job's own folder.

        Raises:
            JobError: ``run_id`` is not the id of a job.
        """
        return self.folders.of(run_id)

    def size(self, run_id: str) -> int:
        """Bytes of the job's folder, which deleting it frees."""
        return self.folders.size(run_id)

    def add_event(self, run_id: str, kind: str, text: str) -> None:
        """Add an event to the job and to its log."""
        with self.database.write() as connection:
            events.record(connection, self.folder(run_id), kind, text)

    def events(self, run_id: str) -> tuple[Event, ...]:
        """All events, oldest first."""
        with self.database.read() as connection:
            return events.read(connection, run_id)

    def log_path(self, run_id: str) -> Path:
        """The log file, which the job's process writes to as well."""
        return self.folder(run_id) / run_log.LOG_NAME

    def write_log(self, run_id: str, text: str) -> None:
        """Append one plain sentence to the log; it holds no path and no patient data."""
        run_log.append_line(self.log_path(run_id), text)

    def log_tail(self, run_id: str, n: int = 50, technical: bool = False) -> tuple[str, ...]:
        """The log's last ``n`` lines: our own only, for pages; all of them if ``technical``."""
        return run_log.tail(self.log_path(run_id), n, technical)

    def _select(self, condition: str, *values: Value, order: str = "") -> tuple[Run, ...]:
        with self.database.read() as connection:
            runs = rows.select(connection, condition, *values, order=order)
        return tuple(self.folders.complete(run) for run in runs)

    def _put_back(self, run_id: str, config: str | None) -> Run:
        run = self.get(run_id)
        if run.state == "lost":
            processes.end_group(run.pid, run.process_started)
        with self.database.write() as connection:
            transitions.put_back(connection, self.folders, run_id, config)
        return self.get(run_id)
