"""The processes that ``torchrun`` starts for one training.

Rank 0 claims the job; the other ranks receive the run from it. After a loss ``torchrun`` restarts all ranks,
as often as ``--max-restarts`` allows, and the new rank 0 continues the job. Torch is imported late, because
heartbeats must begin before its slow import.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, InterruptedTrainingError, TrainingError
from ecgapp.jobs import Run, RunStore
from ecgapp.storage import documents
from ecgapp.system.processes import end_with_parent
from ecgapp.worker.error_board import ErrorBoard

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, Reporter, StepReport
    from ecgapp.training.parallel.process_group import ProcessGroup

_UNEXPECTED_ERROR = "One of the processes broke down."
_OF_PEERS = ("gloo", "nccl", "process group", "peer", "connection", "broken pipe")  # in torch's own words

RunAssignment = tuple[str, str, str]  # the run's id, config and device


class SilentReporter:
    """The reporter of every rank but 0: it reports nothing, and ends when rank 0 does."""

    def step(self, report: "StepReport") -> None:
        """Ignore it."""

    def epoch(self, report: "EpochReport") -> None:
        """Ignore it."""

    def log(self, text: str) -> None:
        """Ignore it."""

    def should_stop(self) -> bool:
        """False: rank 0 decides for all."""
        return False


def launched() -> bool:
    """Whether ``torchrun`` started this process, perhaps as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def size() -> int:
    """The number of processes that ``torchrun`` started on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if launched() else 1


def is_first() -> bool:
    """Whether this is rank 0, which claims the job."""
    return not launched() or os.environ["RANK"] == "0"


def leader() -> int:
    """The pid under which the job is claimed: ``torchrun``'s, or this process's without ``torchrun``."""
    return os.getppid() if launched() else os.getpid()


def watch_leader() -> None:
    """End this process at once when ``torchrun``, which could stop it, was killed."""
    if launched():
        end_with_parent()


@contextmanager
def joined(give_up: Callable[[TrainingError], None], device: str = "cpu") -> Iterator["ProcessGroup"]:
    """Join the other processes, on rank 0's kind of ``device``, after waiting for all of them.

    An error of this process is shared with the others, and an error of another one is raised here. If this
    process is blocked waiting for a process that is gone, ``give_up`` is called on another thread.

    Raises:
        TrainingError: one of them was lost, or has failed: in its words.
    """
    from ecgapp.training.parallel import process_group

    if not launched():
        yield process_group.ALONE
        return
    over = threading.Event()  # set only after this process has left, which may hang, too
    try:
        with process_group.joined(device.startswith("cuda")) as group:
            board = ErrorBoard(group.board)
            board.watch(give_up, over)
            try:
                yield group
            except Exception as error:
                _share_or_raise(error, board)
                raise
    finally:
        over.set()


def _share_or_raise(error: Exception, board: ErrorBoard) -> None:
    """Share the error that ends the training here; if others are gone, raise the error that they shared.

    Unexpected errors are shared by rank 0 only; other ranks end without sharing, so that ``torchrun``
    restarts all of them.
    """
    from ecgapp.training import Stopped

    if lost_another(error):
        shared = board.read()
        if shared is not None:
            raise shared from error
    elif isinstance(error, EcgAppError):
        board.write(error)
    elif is_first() and not isinstance(error, Stopped):
        board.write(InterruptedTrainingError(_UNEXPECTED_ERROR))


def send_assignment(run: Run, reporter: "Reporter", processes: "ProcessGroup") -> RunAssignment:
    """Send the other ranks the run that they train; called in rank 0.

    Raises:
        Stopped: it was asked to stop before; the others end, too.
    """
    from ecgapp import training

    assignment: RunAssignment = (run.id, run.config, run.device)
    if processes.broadcast(None if reporter.should_stop() else assignment) is None:
        raise training.Stopped
    return assignment


def train(
    assignment: RunAssignment, reporter: "Reporter", settings: Settings, processes: "ProcessGroup"
) -> str:
    """Train as this rank.

    Returns:
        The model's name.

    Raises:
        Stopped: rank 0 was asked to stop, and all ranks do.
    """
    from ecgapp import training

    run_id, text, device = assignment
    config = replace(documents.load(training.TrainingConfig, text), device=device)
    folder = RunStore(settings.runs).folder(run_id)
    try:
        return training.train(config, reporter, folder, settings, processes).card.name
    except training.Stopped:
        processes.all_gather(None)  # fails if one was lost, and ``torchrun`` starts all again
        raise


def end_other_ranks() -> None:
    """Let the other ranks end, as there is nothing to train; called in rank 0."""
    if launched():
        with joined(exit_now) as processes:
            processes.broadcast(None)


def exit_now(_error: TrainingError | None = None) -> None:
    """End this process at once, as it hangs. ``torchrun`` starts all of them again, or ends them too."""
    os._exit(1)


def follow(settings: Settings) -> int:
    """Train what rank 0 sends; called in every other rank, perhaps on another machine.

    Returns:
        The exit code; 1 if all are to start again.
    """
    from ecgapp import training

    nothing: RunAssignment | None = None
    try:
        with joined(exit_now) as processes:
            for number in (signal.SIGTERM, signal.SIGINT):  # rank 0 gets them, too
                signal.signal(number, signal.SIG_IGN)
            assignment = processes.broadcast(nothing)
            if assignment is not None:
                train(assignment, SilentReporter(), settings, processes)
    except training.Stopped:
        return 0
    except EcgAppError as error:
        sys.stderr.write(f"    {error}\n")
        return int(lost_another(error))
    except Exception:  # the log file has the details
        sys.stderr.writelines(f"    {line}\n" for line in traceback.format_exc().splitlines())
        return 1
    return 0


def lost_another(error: Exception) -> bool:
    """Whether ``error`` says that another process is gone."""
    from torch import distributed

    from ecgapp.training.parallel.process_group import LOST

    if isinstance(error, EcgAppError):
        return str(error) == LOST
    if isinstance(error, distributed.DistError):
        return True
    words = str(error).lower()
    return isinstance(error, RuntimeError | ConnectionError) and any(word in words for word in _OF_PEERS)
