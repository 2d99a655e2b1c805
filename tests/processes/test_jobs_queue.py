"""The queue: runs that need several devices, who goes first, and what is done to those that wait or ended."""

import os
import sqlite3
import subprocess
import sys
import time

import pytest
from metric_files import add_metrics, read_metric
from run_processes import set_columns, silence

from ecgapp.errors import JobError, StorageError
from ecgapp.jobs import NEW_RUN, RESUME, Attachment, Ending, NewRun, Run, RunStore, Timing
from ecgapp.jobs.attendant import attend
from ecgapp.jobs.rows import OLDER
from ecgapp.system import processes


@pytest.fixture
def store(tmp_path, monkeypatch):
    """One that decides who starts, and starts no process."""
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    return RunStore(tmp_path / "runs")


def queued(store: RunStore, device: str) -> Run:
    return store.create("a run", "pretrain", device, "{}")


def started(store: RunStore, device: str) -> Run:
    run = queued(store, device)
    assert store.claim(device, run.id)
    return run


def ended(store: RunStore, state: str) -> Run:
    run = started(store, "cpu")
    Attachment(store, run.id).end(Ending(state, "It ended."))
    return run


def test_a_run_on_two_devices_waits_until_both_are_free(store):
    first, second = started(store, "cuda:0"), started(store, "cuda:1")
    wide = queued(store, "cuda:0+cuda:1")
    assert store.claim("cuda:0") is None
    for narrow in (first, second):
        assert store.claim(wide.device) is None
        store.liveness.end(store.get(narrow.id), "stopped", "")
    assert store.claim("cuda:1").id == wide.id


def test_small_runs_behind_a_wide_one_do_not_keep_it_waiting(store):
    busy = started(store, "cuda:0")
    wide, behind, elsewhere = (queued(store, name) for name in ("cuda:0+cuda:1", "cuda:1", "cpu"))
    assert store.claim("cuda:1") is None
    assert store.claim("cpu").id == elsewhere.id
    store.liveness.end(store.get(busy.id), "stopped", "")
    assert store.claim("cuda:1").id == wide.id
    assert store.claim("cuda:1", behind.id) is None


def test_the_end_of_a_wide_run_lets_several_start(tmp_path, monkeypatch):
    store, launched = RunStore(tmp_path / "runs"), []
    monkeypatch.setattr(store.launcher, "start_attendant", lambda run: launched.append(run.device))
    wide = started(store, "cuda:0+cuda:1")
    for device in ("cuda:1", "cuda:0", "cuda:0"):
        queued(store, device)
    store.liveness.end(store.get(wide.id), "stopped", "")
    store.start_next(wide.device)
    assert launched == ["cuda:1", "cuda:0"]


def test_cancelling_a_wide_run_lets_those_behind_it_start(tmp_path, monkeypatch):
    store, launched = RunStore(tmp_path / "runs"), []
    monkeypatch.setattr(store.launcher, "start_attendant", lambda run: launched.append(run.device))
    started(store, "cuda:0")
    wide = queued(store, "cuda:0+cuda:1")
    queued(store, "cuda:1")
    store.cancel(wide.id)
    assert launched == ["cuda:1"]


def test_a_run_twice_on_the_processor_collides_with_one_on_it(store):
    started(store, "cpu+cpu")
    assert store.claim("cpu", queued(store, "cpu").id) is None


CLAIMER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ecgapp.jobs import RunStore
sys.stdin.readline()
with ThreadPoolExecutor(5) as pool:
    claimed = list(pool.map(lambda _: RunStore(Path(sys.argv[1])).claim("cuda:0"), range(5)))
print(sum(run is not None for run in claimed))
"""


def test_of_twenty_attempts_from_four_processes_one_starts_the_run(store):
    queued(store, "cuda:0+cuda:1")
    queued(store, "cuda:0")
    command = [sys.executable, "-c", CLAIMER, str(store.folders.home)]
    pipe = subprocess.PIPE
    servers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    assert sum(int(server.communicate("now\n")[0]) for server in servers) == 1


SENDER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ecgapp.errors import JobError
from ecgapp.jobs import RESUME, NewRun, RunStore
def send(number):
    form = sys.argv[2] or f"{sys.argv[3]} {number}"
    try:
        new = NewRun("train", "a run", "pretrain", "cpu", "{}", RESUME, form)
        return RunStore(Path(sys.argv[1])).add(new).id
    except JobError as error:
        return f"{error} {error.__cause__!r}"
sys.stdin.readline()
with ThreadPoolExecutor(5) as pool:
    print(*pool.map(send, range(5)), sep=chr(10))
"""


@pytest.mark.parametrize("form", ["the same", ""], ids=["one form", "a form each"])
def test_of_ten_forms_that_two_servers_send_at_once_one_run_is_made_and_each_is_told_which(store, form):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SENDER, str(store.folders.home), form]
    servers = [subprocess.Popen([*command, name], stdin=pipe, stdout=pipe, text=True) for name in "ab"]
    for server in servers:
        server.stdin.write("now\n")
        server.stdin.flush()
    answers = [line for server in servers for line in server.communicate()[0].splitlines()]
    (run,) = store.all()
    refusals = [answer for answer in answers if answer != run.id]
    assert len(answers) == 10
    assert len(refusals) == (0 if form else 9)
    told = f"is queued already: a run (pretrain, {run.id[:6]})"
    assert [refusal for refusal in refusals if told not in refusal] == []


def test_a_waiting_run_moves_among_those_that_wait_for_its_devices(store):
    first, other, second, third = (queued(store, name) for name in ("cpu", "cuda:0", "cpu", "cpu"))
    store.move(third.id, -1)
    assert [run.id for run in store.queue("cpu")] == [first.id, third.id, second.id]
    store.move(third.id, -10)
    store.move(first.id, 10)
    assert [run.id for run in store.queue("cpu")] == [third.id, second.id, first.id]
    assert [run.id for run in store.queue("cuda:0")] == [other.id]
    assert store.claim("cpu").id == third.id
    with pytest.raises(JobError, match="not waiting"):
        store.move(third.id, 1)


def test_a_finished_run_is_extended_in_its_own_folder_with_its_curves(store):
    run = ended(store, "finished")
    add_metrics(store, run.id, [("train/loss", 1, 0.5)])
    again = store.extend(run.id, '{"more": "epochs"}')
    assert (again.id, again.state, again.config) == (run.id, "queued", '{"more": "epochs"}')
    assert (store.folder(run.id) / "config.json").read_text() == again.config
    assert read_metric(store, run.id, "train/loss").values == (0.5,)
    with pytest.raises(JobError, match="waiting or under way"):
        store.extend(run.id, "{}")


def test_a_title_and_a_note_are_kept_and_an_empty_title_is_the_name_again(store):
    run = queued(store, "cpu")
    assert (run.title, run.note) == ("a run", "")
    named = store.rename(run.id, " The  best\none ", "With noise.\nTwice.")
    assert (named.title, named.note, named.name) == ("The best one", "With noise.\nTwice.", "a run")
    assert store.rename(run.id, "", "").title == "a run"
    with pytest.raises(JobError, match="in fewer"):
        store.rename(run.id, "x" * 61, "")
    with pytest.raises(JobError, match="no such run"):
        store.rename("0" * 12, "title", "")


def test_what_helped_a_run_that_ended_is_forgotten_once_it_waits_again(store):
    run = started(store, "cpu")
    Attachment(store, run.id).end(Ending("failed", f"The machine ran out of memory. {NEW_RUN}", False))
    assert not store.get(run.id).resume_helps
    store.resume(run.id)
    cancelled = store.cancel(run.id)
    assert (cancelled.message.endswith(RESUME), cancelled.resume_helps) == (True, True)


def test_the_size_of_a_run_is_what_its_files_take(store):
    run = queued(store, "cpu")
    before = store.size(run.id)
    (store.folder(run.id) / "member-1").mkdir()
    (store.folder(run.id) / "member-1" / "checkpoint").write_bytes(b"x" * 1000)
    assert store.size(run.id) == before + 1000


@pytest.mark.parametrize(("version", "sentence"), [(3, OLDER), (5, "another version of the app")])
def test_a_list_of_runs_of_another_version_is_refused_with_what_to_do(tmp_path, version, sentence):
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(StorageError) as refused:
        RunStore(tmp_path).all()
    assert sentence in str(refused.value)


def test_jobs_without_a_device_wait_for_none_and_are_listed_by_kind(store):
    busy = started(store, "cpu")
    runs = [store.add(NewRun("import", "a folder", "", "", "{}", "")) for _ in range(2)]
    assert [store.claim("").id for _ in runs] == [run.id for run in runs]
    assert store.claim("cpu") is None
    assert [run.id for run in store.all("import")] == [run.id for run in reversed(runs)]
    assert [run.id for run in store.all()] == [busy.id]


def test_a_process_started_again_by_the_same_leader_takes_its_run_again_and_no_other_does(store):
    run = started(store, "cpu")
    Attachment(store, run.id).send_heartbeat("Training begins.")
    Attachment(store, run.id)
    assert store.get(run.id).state == "starting"
    assert "start again from the last checkpoint" in store.events(run.id)[-1].text
    with pytest.raises(JobError, match="another process"):
        Attachment(store, run.id, leader=1)


def test_a_process_whose_leader_was_killed_is_to_stop_and_does_not_bring_its_run_back(store):
    run = started(store, "cpu")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as leader:
        held = Attachment(store, run.id, leader.pid)
        leader.kill()
    store.refresh()
    assert held.send_heartbeat() is True
    assert store.get(run.id).state == "lost"


def test_a_silent_run_says_so_within_ten_seconds_and_what_became_of_it_when_its_process_ends(store):
    run = started(store, "cpu")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as silent:
        token = processes.start_token(silent.pid)
        set_columns(store, run.id, state="running", pid=silent.pid, process_started=token)
        silence(store, run.id, 8)
        store.refresh()
        store.refresh()
        assert "No heartbeat for several seconds" in store.get(run.id).message
        assert [event.kind for event in store.events(run.id)].count("lost") == 1
        assert store.claim("cpu", queued(store, "cpu").id) is None
        silent.kill()
    store.refresh()
    assert store.get(run.id).message.startswith("The process ended unexpectedly")


def test_a_process_that_cannot_be_seen_from_here_is_judged_by_its_heartbeat_alone(store):
    """It is another machine's, or from before this one was switched on; its pid is somebody else's."""
    run = started(store, "cpu")
    place, _, tick = (processes.start_token(os.getpid()) or "").rpartition(":")
    elsewhere = {"pid": os.getpid(), "process_started": f"another-{place}:{tick}"}
    for seconds, stop_requested, state in (
        (0, None, "running"),
        (0, time.time() - 3600, "running"),  # overdue: its own attendant ends it
        (8, None, "lost"),
    ):
        set_columns(store, run.id, state="running", stop_requested=stop_requested, **elsewhere)
        silence(store, run.id, seconds)
        store.refresh()
        assert store.get(run.id).state == state
    assert "said nothing" not in store.get(run.id).message  # nobody here can stop it
    assert store.claim("cpu", queued(store, "cpu").id)
    store.delete(run.id)  # and we live


LEADER = """
import subprocess, sys
members = [subprocess.Popen([sys.executable, "-c", "input()"]) for _ in range(2)]
print("there", flush=True)
members[0].wait()
"""


def test_a_team_that_lost_a_process_starts_again_and_one_that_only_says_nothing_is_lost(store):
    run = started(store, "cpu+cpu")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", LEADER], stdin=pipe, stdout=pipe) as leader:
        leader.stdout.readline()
        token = processes.start_token(leader.pid)
        states = []
        impatient = RunStore(store.folders.home, timing=Timing(stale=0.0))
        for seconds in (30, 0):  # before its processes came, and after
            time.sleep(0.1)
            columns = {"pid": leader.pid, "process_started": token, "message": ""}
            set_columns(store, run.id, state="running", **columns)
            silence(store, run.id, seconds)
            impatient.refresh()
            states.append(store.get(run.id).state)
        assert states == ["starting", "lost"]
        processes.end_group(leader.pid, token)


def test_a_stop_ends_a_silent_process(store):
    run = started(store, "cpu")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as silent:
        token = processes.start_token(silent.pid)
        set_columns(store, run.id, state="lost", pid=silent.pid, process_started=token)
        stopped = store.request_stop(run.id)
    assert silent.returncode == -9
    assert (stopped.state, stopped.message[:16]) == ("stopped", "Stopped by force")


def test_a_run_that_starts_has_more_time_to_speak(store):
    run = started(store, "cpu")
    for seconds, state in ((30, "starting"), (90, "lost")):
        silence(store, run.id, seconds)
        store.refresh()
        assert store.get(run.id).state == state


def test_kills_for_want_of_memory_are_counted_where_the_system_tells(tmp_path, monkeypatch):
    counts = tmp_path / "vmstat"
    monkeypatch.setattr(processes, "_KERNEL_COUNTS", counts)
    assert processes.out_of_memory_kills() == 0
    counts.write_text("nr_free_pages 5\noom_kill 3\n")
    assert processes.out_of_memory_kills() == 3


@pytest.mark.parametrize(("kind", "batches"), [("train", True), ("import", False)])
def test_only_a_training_that_is_killed_for_memory_is_told_of_batches(tmp_path, monkeypatch, kind, batches):
    kills = iter((0, 1))
    monkeypatch.setattr(processes, "out_of_memory_kills", lambda: next(kills))
    store = RunStore(tmp_path, [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
    run = store.add(NewRun(kind, "a job", "", "", "{}", "Do it again."), claimed=True)
    attend(store, run.id)
    ended = store.get(run.id)
    assert ended.message.startswith("The machine ran out of memory.")
    assert ("batch" in ended.message, ended.resume_helps) == (batches, not batches)
