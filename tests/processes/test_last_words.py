"""How a run ended is written once, by one thread, and no watcher takes the wait for it for silence."""

import os
import sqlite3
import threading
import time
from contextlib import closing, suppress

import pytest
from run_processes import until
from small_training import PRETRAINING, small_settings

from ecgapp import training
from ecgapp.errors import JobError, TrainingError
from ecgapp.jobs import NEW_RUN, Attachment, Heartbeat, RunStore
from ecgapp.storage import documents
from ecgapp.storage.database import _troubled
from ecgapp.system import processes
from ecgapp.training import StepReport
from ecgapp.worker import RunReporter, execute, team

LOCKED_SECONDS = 3.0
LIMIT_SECONDS = 1.2  # of silence, and of a stop; well above a pause between two attempts
STEP = StepReport(1, 1, 0.5, 1e-3, 100.0, 20, epochs=2)


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home", n_records=5)


@pytest.fixture
def store(settings, monkeypatch):
    """Everything is done a few times faster than usual."""
    monkeypatch.setattr(RunStore, "start_next", lambda *_: None)
    monkeypatch.setattr("ecgapp.storage.database.BUSY_SECONDS", 0.1)
    monkeypatch.setattr("ecgapp.storage.database._PAUSE_SECONDS", 0.3)
    for limit in ("STALE_SECONDS", "GRACE_SECONDS"):
        monkeypatch.setattr(f"ecgapp.jobs.watch.{limit}", LIMIT_SECONDS)
    monkeypatch.setattr(Heartbeat.__init__, "__defaults__", (None, 0.3))
    return RunStore(settings.runs)


@pytest.fixture
def killed(monkeypatch):
    """Whom a watcher would have killed."""
    found = []
    monkeypatch.setattr(processes, "end_group", lambda *who: found.append(who))
    return found


def claimed(store: RunStore, device: str = "cpu"):
    run = store.create("a run", "pretrain", device, documents.dump(PRETRAINING))
    return store.claim(device, run.id)


def look(store: RunStore, run_id: str) -> None:
    """As an attendant does."""
    with suppress(JobError):
        store._check(store.get(run_id))


def kinds(store: RunStore, run_id: str) -> list[str]:
    return [event.kind for event in store.events(run_id) if event.kind != "note"]


def lock_and_watch(store: RunStore, run_id: str, locked: threading.Event) -> None:
    """Lock the list; look at the run all the while, in the moment when that is over, and until it ended."""
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked.set()
        over = time.monotonic() + LOCKED_SECONDS
        while time.monotonic() < over:
            look(store, run_id)
        other.rollback()
    while not store.get(run_id).ended_for_now:
        look(store, run_id)
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("device", "asked", "told"),
    [
        ("cpu", False, ["finished"]),
        ("cpu+cpu", False, ["finished"]),
        ("cpu", True, ["stopping", "stopped"]),
    ],
)
def test_a_list_locked_for_longer_than_a_silence_lasts_delays_the_end_of_a_run_and_nothing_else(
    store, settings, killed, monkeypatch, device, asked, told
):
    run, locked = claimed(store, device), threading.Event()
    watcher = threading.Thread(target=lock_and_watch, args=(RunStore(settings.runs), run.id, locked))

    def train(word, reporter, settings, processes):
        reporter.step(STEP)
        if asked:
            store.request_stop(run.id)
        watcher.start()
        locked.wait()
        if asked:
            raise training.Stopped
        return "small"

    monkeypatch.setattr(team, "train", train)
    ended = execute(store, run.id, settings)
    watcher.join()
    assert kinds(store, run.id) == ["queued", "starting", "running", *told]
    assert (ended.state, store.get(run.id)) == (told[-1], ended)
    assert ended.seconds_left is None
    assert killed == []


def test_a_process_that_stays_silent_after_a_lock_is_lost_and_killed_where_it_was_to_stop(store, killed):
    run = claimed(store)
    Attachment(store, run.id).running()
    locked = threading.Event()
    lock_and_watch(store, run.id, locked)
    assert kinds(store, run.id)[-1] == "lost"
    with store.database.write() as connection:
        connection.execute("UPDATE runs SET state = 'stopping', stop_requested = 1.0, message = ''")
    lock_and_watch(store, run.id, locked)
    assert (kinds(store, run.id)[-1], killed[0][0]) == ("stopped", os.getpid())


def test_a_process_that_ended_in_order_while_the_watcher_waited_to_write_is_not_killed(store, killed):
    run = claimed(store)
    held = Attachment(store, run.id)
    with store.database.write() as connection:
        connection.execute("UPDATE runs SET state = 'stopping', stop_requested = 1.0")
    seen = store.get(run.id)
    held.end("stopped", "Stopped on request.")
    store._check(seen)
    assert (store.get(run.id).message, killed) == ("Stopped on request.", [])


def test_no_beat_follows_the_last_word_and_beats_go_on_where_it_could_not_be_said(store):
    held, beats = Attachment(store, claimed(store).id), []

    def fail():
        raise JobError("The list is locked.")

    with Heartbeat(held, lambda: beats.append(store.get(held.run_id).state), seconds=0.01) as heart:
        with pytest.raises(JobError):
            heart.say_last(fail)
        n = len(beats)
        until(lambda: len(beats) > n + 2)
        heart.say_last(lambda: held.end("lost", "Another process was lost."))
        n = len(beats)
        time.sleep(0.1)
        assert (len(beats), store.get(held.run_id).state) == (n, "lost")


@pytest.mark.parametrize("mends", [True, False])
def test_of_two_threads_that_know_why_a_run_ended_one_says_it(store, settings, monkeypatch, mends):
    """The training's own comes back from the collective call in which it waited, while the other waits."""
    left, waits, broken = [], threading.Event(), threading.Event()
    write, log = store.database.write, RunReporter.log
    monkeypatch.setattr(team, "leave", lambda _=None: left.append(store.all()[0].state))
    monkeypatch.setattr(team, "launched", lambda: True)
    monkeypatch.setattr(team, "leader", os.getpid)
    monkeypatch.setattr("ecgapp.storage.database.PATIENCE_SECONDS", 60.0 if mends else 0.5)
    lines = []

    def log_and_tell(reporter, text):
        lines.append(text)
        waits.set()
        log(reporter, text)

    def fail_or_write(durable=True):
        if broken.is_set():
            raise JobError("The list of runs cannot be read or written.")
        return write(durable)

    def train(run, reporter, settings, give_up):
        broken.set()
        error = TrainingError("A record cannot be used.")
        threading.Thread(target=give_up, args=(error,), daemon=True).start()
        waits.wait()
        if mends:
            threading.Timer(1.0, broken.clear).start()
        raise error

    monkeypatch.setattr(RunReporter, "log", log_and_tell)
    monkeypatch.setattr(store.database, "write", fail_or_write)
    monkeypatch.setattr("ecgapp.worker.execution._train", train)
    run = claimed(store)
    if mends:
        assert execute(store, run.id, settings).message == f"A record cannot be used. {NEW_RUN}"
        assert kinds(store, run.id).count("failed") == 1
        assert len([line for line in lines if "waits until" in line]) == 1
        until(lambda: left == ["failed"])
    else:
        with pytest.raises(JobError, match="could not be written down"):
            execute(store, run.id, settings)
        until(lambda: left == ["starting"])


def test_a_watcher_learns_of_trouble_that_it_did_not_meet_before_it_judges(store, killed, monkeypatch):
    """It reads only, while the process cannot write; else it would count that time against it."""
    monkeypatch.setattr("ecgapp.jobs.watch.LATE_SECONDS", 0.1)
    run = claimed(store)
    Attachment(store, run.id).running()
    store.request_stop(run.id)
    time.sleep(LIMIT_SECONDS / 2)
    with closing(sqlite3.connect(store.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        look(store, run.id)  # not overdue yet
        other.rollback()
    time.sleep(LIMIT_SECONDS / 2 + 0.1)
    look(store, run.id)
    assert (store.get(run.id).state, killed) == ("stopping", [])
    time.sleep(LIMIT_SECONDS)
    look(store, run.id)
    assert (store.get(run.id).state, len(killed)) == ("stopped", 1)


def test_trouble_puts_a_judgement_off_for_an_hour_at_most(store, killed, monkeypatch):
    run = claimed(store)
    Attachment(store, run.id).running()
    with store.database.write() as connection:
        connection.execute("UPDATE runs SET state = 'stopping', stop_requested = ?", (time.time() - 3700,))
    monkeypatch.setitem(_troubled, store.database.path, time.time())
    look(store, run.id)
    assert (store.get(run.id).state, len(killed)) == ("stopped", 1)


def test_a_driver_that_hangs_does_not_keep_the_last_word_back(store):
    run = claimed(store)
    attachment = Attachment(store, run.id)
    hangs, released = threading.Event(), threading.Event()

    def measure():
        if threading.current_thread().name == "heartbeat":
            hangs.set()
            released.wait()

    heart = Heartbeat(attachment, measure)
    said = threading.Event()
    with heart:
        hangs.wait()
        speaker = threading.Thread(target=lambda: heart.say_last(said.set), daemon=True)
        speaker.start()
        spoke = said.wait(10)
        released.set()
    assert spoke
