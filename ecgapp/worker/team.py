"""The processes that ``torchrun`` starts on one run: the first holds the run, the others follow it.

When one of them is lost ``torchrun`` ends the rest and starts all of them again, as often as it was
told to, and the new first process takes the run where the old one left it. Torch is imported only
when they meet: on a busy machine it takes a while, and the run's heart must beat before.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, InterruptedTrainingError, TrainingError
from ecgapp.jobs import Run, RunStore
from ecgapp.storage import documents
from ecgapp.worker.error_board import Board

if TYPE_CHECKING:
    from ecgapp.training import EpochReport, Reporter, StepReport
    from ecgapp.training.parallel.process_group import ProcessGroup

_LOOK_SECONDS = 0.5
_BROKE_DOWN = "One of the processes broke down."
_OF_PEERS = ("gloo", "nccl", "process group", "peer", "connection", "broken pipe")  # in torch's own words

Word = tuple[str, str, str]  # the run's id, config and device


class Follower:
    """The reporter of a process that does not report, and ends when the first does."""

    def step(self, report: "StepReport") -> None:
        """Say nothing."""

    def epoch(self, report: "EpochReport") -> None:
        """Say nothing."""

    def log(self, text: str) -> None:
        """Say nothing."""

    def should_stop(self) -> bool:
        """The first process decides, and tells the others."""
        return False


def launched() -> bool:
    """Whether ``torchrun`` started this process, perhaps as one of several."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def size() -> int:
    """How many processes it started on this machine."""
    return int(os.environ["LOCAL_WORLD_SIZE"]) if launched() else 1


def is_first() -> bool:
    """Whether this process holds the run."""
    return not launched() or os.environ["RANK"] == "0"


def leader() -> int:
    """The pid in whose name the run is held: ``torchrun``'s, or this process's own."""
    return os.getppid() if launched() else os.getpid()


def watch_leader() -> None:
    """End this process at once when ``torchrun`` was killed: nobody could stop it any more."""
    if launched():
        threading.Thread(target=_watch, args=(os.getppid(),), name="leader", daemon=True).start()


def _watch(leader: int) -> None:
    while os.getppid() == leader:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


@contextmanager
def joined(give_up: Callable[[TrainingError], None], device: str = "cpu") -> Iterator["ProcessGroup"]:
    """The group of this process and the others, which it waits for, on the first one's kind of ``device``.

    What ends the run here the others are told, and what ended it there is raised here. Where that
    cannot be, as this process waits for one that has left, ``give_up`` is called on another thread.

    Raises:
        TrainingError: one of them was lost, or has failed: in its words.
    """
    from ecgapp.training.parallel import process_group

    if not launched():
        yield process_group.ALONE
        return
    over = threading.Event()  # not before this process has left: leaving the others may hang, too
    try:
        with process_group.joined(device.startswith("cuda")) as found:
            board = Board(found.board)
            board.watch(give_up, over)
            try:
                yield found
            except Exception as error:
                _compare(error, board)
                raise
    finally:
        over.set()


def _compare(error: Exception, board: Board) -> None:
    """Tell the others what ends the run; where they are gone raise what they have told.

    What broke down unexpectedly in another process than the first may go better when all start again.
    """
    from ecgapp.training import Stopped

    if lost_another(error):
        told = board.read()
        if told is not None:
            raise told from error
    elif isinstance(error, EcgAppError):
        board.write(error)
    elif is_first() and not isinstance(error, Stopped):
        board.write(InterruptedTrainingError(_BROKE_DOWN))


def tell(run: Run, reporter: "Reporter", processes: "ProcessGroup") -> Word:
    """In the first process: tell the others which run they train.

    Raises:
        Stopped: it was asked to stop before; the others end, too.
    """
    from ecgapp import training

    word: Word = (run.id, run.config, run.device)
    if processes.broadcast(None if reporter.should_stop() else word) is None:
        raise training.Stopped
    return word


def train(word: Word, reporter: "Reporter", settings: Settings, processes: "ProcessGroup") -> str:
    """This process's part in the training; the model's name.

    Raises:
        Stopped: the first process was asked to stop, and all of them do.
    """
    from ecgapp import training

    run_id, text, device = word
    config = replace(documents.load(training.TrainingConfig, text), device=device)
    folder = RunStore(settings.runs).folder(run_id)
    try:
        return training.train(config, reporter, folder, settings, processes).card.name
    except training.Stopped:
        processes.all_gather(None)  # fails where one was lost: then ``torchrun`` asked, to start all again
        raise


def dismiss() -> None:
    """In the first process: tell the others that there is nothing to train."""
    if launched():
        with joined(leave) as processes:
            processes.broadcast(None)


def leave(_error: TrainingError | None = None) -> None:
    """End this process at once: it cannot end by itself. ``torchrun`` starts all again, or ends them too."""
    os._exit(1)


def follow(settings: Settings) -> int:
    """In every other process: train with the first what it says, also on a machine of its own.

    The exit code is 1 where all are to start again.
    """
    from ecgapp import training

    nothing: Word | None = None
    try:
        with joined(leave) as processes:
            for number in (signal.SIGTERM, signal.SIGINT):  # the first process hears them, and tells
                signal.signal(number, signal.SIG_IGN)
            word = processes.broadcast(nothing)
            if word is not None:
                train(word, Follower(), settings, processes)
    except training.Stopped:
        return 0
    except EcgAppError as error:
        sys.stderr.write(f"    {error}\n")
        return int(lost_another(error))
    except Exception:  # the first process says in the run what happened; the file has the rest
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
