"""Runs of several processes: one on each device, all or none, and nobody is left behind."""

import os
import signal
import sys
import time

import psutil
import pytest
from run_processes import QUICK, end_all, set_columns, until
from small_training import PRETRAINING

from ecgapp.config import PROJECT
from ecgapp.jobs import NEW_RUN, Run, RunStore
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically
from ecgapp.system import processes

WORKER = [sys.executable, str(PROJECT / "tests" / "support" / "team_worker.py")]


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    runs = RunStore(tmp_path / "runs", WORKER, QUICK)
    yield runs
    end_all(runs)


@pytest.fixture
def run(store):
    """Two processes that train."""
    created = store.create("a run", "pretrain", "cpu+cpu", documents.dump(PRETRAINING))
    store.launch(created.id)
    until(lambda: store.get(created.id).state == "running")
    return store.get(created.id)


def ranks(run: Run) -> list[psutil.Process]:
    """The processes that train, by rank."""
    children = psutil.Process(run.pid).children()
    return sorted(children, key=lambda child: int(child.environ()["RANK"]))


def _starts(store: RunStore, run: Run) -> int:
    told = [event.text for event in store.events(run.id)]
    return told.count("Training begins.")


def gone(family: list[psutil.Process]) -> bool:
    return all(processes.start_token(member.pid) is None for member in family)


def test_a_lost_process_starts_all_of_them_again_in_the_same_run_until_sigterm_stops_them(store, run):
    first, second = ranks(run)
    assert os.getsid(first.pid) != os.getsid(run.pid)  # a group of its own: killing ours is not enough
    second.kill()
    until(lambda: _starts(store, run) == 2 and store.get(run.id).state == "running")
    again = store.get(run.id)
    assert (again.pid, again.process_started) == (run.pid, run.process_started)
    assert gone([first, second])
    family = ranks(run)
    os.kill(run.pid, signal.SIGTERM)
    until(lambda: store.get(run.id).state == "stopped")
    assert store.get(run.id).message.startswith("Stopped on request.")
    assert (store.folder(run.id) / "checkpoint").exists()
    until(lambda: gone(family) and not processes.is_alive(run.pid, run.process_started))


def test_what_fails_in_a_process_that_does_not_report_ends_the_run_in_its_words(store, run):
    family = ranks(run)
    write_atomically(store.folder(run.id) / "fault", b"A record cannot be used.")
    until(lambda: store.get(run.id).ended_for_now)
    ended = store.get(run.id)
    assert (ended.state, ended.message) == ("failed", f"A record cannot be used. {NEW_RUN}")
    until(lambda: gone(family) and not processes.is_alive(run.pid, run.process_started))
    assert _starts(store, run) == 1


def test_a_killed_leader_leaves_a_lost_run_and_no_process(store, run):
    family = ranks(run)
    os.kill(run.pid, signal.SIGKILL)
    until(lambda: store.get(run.id).state == "lost")
    until(lambda: gone(family))
    assert store.get(run.id).state == "lost"


def test_a_team_that_does_not_stop_is_ended_with_all_its_processes_though_nobody_looks(store, run):
    family = ranks(run)
    with store.database.write():  # so that none of them holds the list when it is suspended
        for member in family:
            member.suspend()
    store.request_stop(run.id)
    set_columns(store, run.id, stop_requested=time.time() - 3600)
    until(lambda: gone(family))
    assert store.get(run.id).state == "stopped"
    assert "by force" in store.get(run.id).message
