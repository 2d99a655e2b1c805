"""The processes that score a worklist: killed, stopped, broken and started again."""

import os
import signal
import subprocess
import sys
from functools import partial

import psutil
import pytest
from run_processes import set_columns, silence, until
from worklists import ecg, fill, scored, small_home

from ecgapp.analysis.outcomes import SCORED
from ecgapp.config import PROJECT
from ecgapp.errors import JobError
from ecgapp.jobs import SCORE, NewRun, RunStore
from ecgapp.jobs.liveness import NO_HEARTBEAT
from ecgapp.system import processes
from ecgapp.worklist import Worklist, resume_scoring, scorer_pool, start_scoring, stop_scoring
from ecgapp.worklist.scorer_pool import ScorerPool
from ecgapp.worklist.start_scoring import scoring_job

timed = sys.modules["ecgapp.worklist.start_scoring"]
BRIEF = (sys.executable, str(PROJECT / "tests" / "support" / "brief_scoring.py"))


@pytest.fixture
def settings(tmp_path):
    return small_home(tmp_path)


@pytest.fixture
def brief(monkeypatch):
    """The processes of a scoring end soon after the last ECG, not ten seconds later."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setattr(timed, "RunStore", partial(RunStore, command=BRIEF))


@pytest.fixture
def worklist(settings):
    return Worklist(settings)


def test_a_killed_scorer_leaves_items_waiting_and_the_next_start_goes_on(settings, worklist):
    numbers = fill(worklist, [ecg(k) for k in range(64)])
    surroundings = {**os.environ, "ECGAPP_HOME": str(settings.home), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "ecgapp.worklist", "0"]
    with subprocess.Popen(command, cwd=PROJECT, env=surroundings) as process:
        until(lambda: worklist.progress().done > 0)
        process.send_signal(signal.SIGKILL)
    left = worklist.progress()
    assert 0 < left.waiting < left.total
    before = {item.number: item.scored for item in worklist.items() if item.state == SCORED}
    items = scored(settings)
    assert [item.number for item in items] == numbers
    assert {item.state for item in items} == {SCORED}
    assert {number: items[number - 1].scored for number in before} == before


def test_the_scoring_is_one_job_that_ends_by_itself_and_is_started_again(settings, worklist, brief):
    runs = RunStore(settings.runs)
    for seed in (1, 2):
        number = fill(worklist, [ecg(seed)])[0]
        start_scoring(settings)
        begun = scoring_job(runs)
        start_scoring(settings)
        until(lambda: worklist.progress().waiting == 0)
        assert worklist.item(number).state == SCORED
        assert not (runs.folder(begun.id) / "scorer.log").read_text(encoding="utf-8")
        until(lambda: scoring_job(runs).ended_for_now)
        ended = scoring_job(runs)
        assert (ended.state, ended.done, ended.total) == ("finished", seed, seed)
    assert len(runs.all(SCORE)) == 1
    assert [event.kind for event in runs.events(ended.id)].count("starting") == 2


def test_a_scoring_that_is_stopped_leaves_no_process_and_its_ecgs_wait(settings, worklist, brief):
    runs = RunStore(settings.runs)
    fill(worklist, [ecg(1)])
    start_scoring(settings)
    until(lambda: scoring_job(runs).state == "running")
    job = psutil.Process(scoring_job(runs).pid)
    until(lambda: job.children())
    family = job.children()
    stop_scoring(settings)
    until(lambda: scoring_job(runs).ended_for_now)
    assert scoring_job(runs).state == "stopped"
    start_scoring(settings)
    assert scoring_job(runs).state == "stopped"
    psutil.wait_procs([job, *family])
    assert worklist.progress().waiting == 1
    resume_scoring(settings)
    start_scoring(settings)
    until(lambda: scoring_job(runs).state == "finished")
    assert worklist.items()[0].state == SCORED


def test_a_scoring_that_is_killed_is_lost_and_started_again(settings, worklist, brief, monkeypatch):
    monkeypatch.setattr(timed, "AGAIN_SECONDS", 3600.0)
    runs = RunStore(settings.runs)
    fill(worklist, [ecg(seed) for seed in range(12)])
    start_scoring(settings)
    until(lambda: scoring_job(runs).state == "running")
    job = psutil.Process(scoring_job(runs).pid)
    until(lambda: job.children())
    family = job.children()
    job.kill()
    psutil.wait_procs([job, *family])  # its scorers end with it
    until(lambda: scoring_job(runs).state == "lost")
    assert "killed" in start_scoring(settings)
    monkeypatch.setattr(timed, "AGAIN_SECONDS", 0.0)
    assert start_scoring(settings) == ""
    until(lambda: worklist.progress().waiting == 0)
    assert {item.state for item in worklist.items()} == {SCORED}
    until(lambda: scoring_job(runs).state == "finished")


def test_a_scoring_that_is_silent_is_reported_while_its_process_lives(settings, worklist):
    fill(worklist, [ecg(1)])
    runs = RunStore(settings.runs)
    run = runs.add(NewRun(SCORE, "worklist", "", "", "{}", ""))
    token = processes.start_token(os.getpid())
    set_columns(runs, run.id, state="lost", message=NO_HEARTBEAT, pid=os.getpid(), process_started=token)
    silence(runs, run.id, 3600)
    assert start_scoring(settings) == NO_HEARTBEAT


def test_scorers_that_break_down_again_and_again_end_the_scoring(settings, worklist, tmp_path, monkeypatch):
    monkeypatch.setattr(scorer_pool, "PROGRAM", (sys.executable, "-c", "raise SystemExit(3)"))
    monkeypatch.setattr(scorer_pool, "AGAIN_SECONDS", 0.0)
    fill(worklist, [ecg(1)])
    with ScorerPool(settings, tmp_path / "scorer.log") as pool:
        with pytest.raises(JobError, match="several times"):
            until(lambda: not pool.is_at_work())
