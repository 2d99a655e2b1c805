"""A job in its process, from its first heartbeat to its final state."""

import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, StorageError, TrainingError
from ecgapp.jobs import Attachment, Ending, Run, RunStore, append_technical
from ecgapp.jobs.launcher import inherited
from ecgapp.system.memory import is_out_of_memory
from ecgapp.worker import team
from ecgapp.worker.context import JobContext, JobStopped, Listener
from ecgapp.worker.kinds import JobKind, kind_of

_STOPPED = "Stopped on request."
_INTERRUPTED = "Interrupted at once."
_NO_MEMORY = "The machine ran out of memory."
_DISK = "A file could not be read or written. Check that the disk is not full."
_UNEXPECTED = "The {noun} broke down unexpectedly. The technical details are at the end of its log file."
_OWN = __name__.partition(".")[0]  # our package


def execute(store: RunStore, run_id: str, settings: Settings, listener: Listener | None = None) -> Run:
    """Execute a job, which must be starting, in this process, the first of its team.

    Returns:
        The job as it ended. If another process of the team was lost, and all of them will be started again,
        it is still under way.

    Raises:
        JobError: another process has the job, or it is not its turn.
    """
    context = JobContext(_attach(store, run_id), settings, listener)

    def give_up(error: TrainingError) -> None:
        """End the job on another thread: its own waits in vain for a process that has failed."""
        with suppress(StorageError):
            kind = kind_of(context.run.kind)
            if not context.final.write(_failure(context, kind, str(error), error.resume_helps)):
                return  # it had ended meanwhile
        team.exit_now()

    context.give_up = give_up
    with _stop_on_signals(context), context.heart:
        context.final.write(_ending(context))
    return context.final.applied(store.get(run_id))


def _attach(store: RunStore, run_id: str) -> Attachment:
    try:
        return Attachment(store, run_id, team.leader())
    except EcgAppError:
        team.end_other_ranks()
        raise


def _ending(context: JobContext) -> Ending | None:
    """The ending of the job's work, or None if a process was lost and all of them start again.

    The kind's module is imported only here, while heartbeats are sent: importing torch takes a while.
    Technical details of an unexpected error go to the log file.
    """
    words = context.run.resume_words
    kind = kind_of(context.run.kind)
    try:
        return Ending("finished", kind.execute(context))
    except JobStopped as stopped:
        return Ending("stopped", stopped.message or f"{_STOPPED} {words}")
    except KeyboardInterrupt:  # a second Ctrl-C, which does not wait
        return Ending("stopped", f"{_INTERRUPTED} {words}".strip())
    except Exception as error:
        if team.launched() and team.lost_another(error):
            from ecgapp.training.parallel import process_group

            return Ending("lost", f"{process_group.LOST} {words}") if process_group.last_try() else None
        if isinstance(error, EcgAppError):
            return _failure(context, kind, str(error), error.resume_helps)
        details = _own_lines(error) if kind.private else traceback.format_exc()
        append_technical(context.store.log_path(context.run.id), details)
        if is_out_of_memory(error):
            return _failure(context, kind, f"{_NO_MEMORY} {kind.for_memory}".strip(), resume_helps=False)
        cause = _DISK if isinstance(error, OSError) else _UNEXPECTED.format(noun=kind.noun)
        return _failure(context, kind, cause)


def _own_lines(error: BaseException) -> str:
    """The kinds of an error and its causes, each with the lines of our own modules that it passed."""
    lines = []
    cause: BaseException | None = error
    while cause is not None:
        lines.append(type(cause).__name__)
        for frame, line in traceback.walk_tb(cause.__traceback__):
            module = str(frame.f_globals.get("__name__"))
            if module.partition(".")[0] == _OWN:
                lines.append(f"  {module}, line {line}")
        cause = cause.__cause__ or cause.__context__
    return "\n".join(lines)


def _failure(context: JobContext, kind: JobKind, cause: str, resume_helps: bool = True) -> Ending:
    """The ending of a job that failed, with what to do about it."""
    advice = context.run.resume_words if resume_helps else kind.no_resume
    return Ending("failed", f"{cause} {advice}".strip(), resume_helps)


@contextmanager
def _stop_on_signals(context: JobContext) -> Iterator[None]:
    """The first SIGTERM or Ctrl-C asks to stop; the next one of its kind ends the process.

    Not so among several processes: there they may be sent more than once, and ``torchrun``, which sends them,
    kills a process that takes too long.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _frame: object) -> None:
        if team.launched():
            context.signalled.set()
            return
        context.stop.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str]) -> int:
    """Execute the job that is named.

    Returns:
        Exit code 0 when the job ended as it should, 1 if it failed, 2 for wrong use. Among several processes
        1 asks ``torchrun`` to start all of them again, and only that.
    """
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m ecgapp.worker JOB\n")
        return 2
    settings = Settings.from_environment()
    team.watch_leader()
    try:
        if not team.is_first():
            return team.follow(settings)
        run = execute(RunStore(settings.runs, *inherited()), arguments[0], settings)
    except EcgAppError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if team.launched() else 1
    return int(run.active if team.launched() else run.state == "failed")
