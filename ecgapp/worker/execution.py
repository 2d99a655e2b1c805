"""One run from its first heartbeat to its last word."""

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError, JobError, TrainingError
from ecgapp.jobs import RESUME, Attachment, Heartbeat, Run, RunStore, append_technical
from ecgapp.worker import team
from ecgapp.worker.final_state import Ending, LastWords
from ecgapp.worker.reporter import Listener, RunReporter

_STOPPED = f"Stopped on request. {RESUME}"
_INTERRUPTED = f"Interrupted at once. {RESUME}"
_NO_MEMORY = "The machine ran out of memory. Choose a smaller batch size, or a smaller data set."
_DISK = "A file could not be read or written. Check that the disk is not full."
_UNEXPECTED = "The training broke down unexpectedly. The technical details are at the end of its log file."
_FULL = "DefaultCPUAllocator"  # in what torch says of a main memory that is full


def execute(store: RunStore, run_id: str, settings: Settings, listener: Listener | None = None) -> Run:
    """Train the run, which must be starting, in this process, the first of its team; the run as it ended.

    Where another process of the team was lost, and all of them will be started again, the run comes
    back as it was: still under way.

    Raises:
        JobError: another process has the run, or it is not its turn.
    """
    attachment = _attach(store, run_id)
    run = store.get(run_id)
    reporter = RunReporter(attachment, run, listener)
    heart = Heartbeat(attachment, reporter.beat, reporter.stop)
    words = LastWords(reporter, attachment, heart, run.device)

    def give_up(error: TrainingError) -> None:
        """The training waits in vain for a process that has failed."""
        with suppress(JobError):
            if not words.say(Ending.of_failure(str(error), error.resume_helps)):
                return  # it had ended meanwhile
        team.leave()

    with _stop_on_signals(reporter), heart:
        words.say(_ending(lambda: _train(run, reporter, settings, give_up), store, run_id))
    return store.get(run_id)


def _attach(store: RunStore, run_id: str) -> Attachment:
    try:
        return Attachment(store, run_id, team.leader())
    except JobError:
        team.dismiss()
        raise


def _train(
    run: Run, reporter: RunReporter, settings: Settings, give_up: Callable[[TrainingError], None]
) -> Ending:
    """Import torch only now, while the heart beats already: on a busy machine it takes a while."""
    from ecgapp import training

    try:
        with team.joined(give_up, run.device) as processes:
            name = team.train(team.tell(run, reporter, processes), reporter, settings, processes)
    except training.Stopped:
        return Ending("stopped", _STOPPED)
    return Ending("finished", f"Finished. The model {name} is trained.")


def _ending(train: Callable[[], Ending], store: RunStore, run_id: str) -> Ending | None:
    """How the run ended; None where it did not, as a process was lost and all of them start again.

    The technical side of a surprise goes to the log file.
    """
    try:
        return train()
    except KeyboardInterrupt:  # a second Ctrl-C, by someone who does not want to wait
        return Ending("stopped", _INTERRUPTED)
    except Exception as error:
        if team.launched() and team.lost_another(error):
            from ecgapp.training.parallel import process_group

            return Ending("lost", f"{process_group.LOST} {RESUME}") if process_group.last_try() else None
        if isinstance(error, EcgAppError):
            return Ending.of_failure(str(error), error.resume_helps)
        append_technical(store.log_path(run_id), traceback.format_exc())  # a bug or a broken machine
        if _no_memory(error):
            return Ending.of_failure(_NO_MEMORY, resume_helps=False)
        return Ending.of_failure(_DISK if isinstance(error, OSError) else _UNEXPECTED)


def _no_memory(error: Exception) -> bool:
    """Python's own words for it, torch's on a device, and torch's on the CPU."""
    named = type(error).__name__ == "OutOfMemoryError"  # torch may not be imported yet
    return isinstance(error, MemoryError) or named or _FULL in str(error)


@contextmanager
def _stop_on_signals(reporter: RunReporter) -> Iterator[None]:
    """The first SIGTERM or Ctrl-C asks to stop; the next one of its kind does what it always does.

    Not so among several processes: there they may be sent more than once, and those who send them
    kill whoever takes too long.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _frame: object) -> None:
        if team.launched():
            reporter.asked.set()
            return
        reporter.stop.set()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the run ended as it should, 1 where it failed, 2 for wrong use.

    Among several processes 1 asks ``torchrun`` to start all of them again, and only that.
    """
    if len(arguments) != 1:
        sys.stderr.write("Usage: python -m ecgapp.worker RUN\n")
        return 2
    settings = Settings.from_environment()
    store = RunStore(settings.runs)
    team.watch_leader()
    try:
        if not team.is_first():
            return team.follow(settings)
        run = execute(store, arguments[0], settings)
    except EcgAppError as error:
        sys.stderr.write(f"{error}\n")
        return 0 if team.launched() else 1
    return int(run.active if team.launched() else run.state == "failed")
