"""Runs and their states: one process a device, a queue, and no dead run that looks alive."""

import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from metric_files import add_metrics, read_metric
from run_processes import QUICK, end_all, locked, set_columns, silence, until

from ecgapp.errors import JobError, StorageError
from ecgapp.jobs import Attachment, Ending, Heartbeat, Run, RunStore, Timing, rows
from ecgapp.jobs.attendant import attend
from ecgapp.jobs.job_folder import PROGRESS
from ecgapp.storage.database import Database
from ecgapp.system import processes

WORKER = """
import os, sys
from pathlib import Path
from ecgapp.jobs import Attachment, Ending, Heartbeat, RunStore
from ecgapp.jobs.launcher import inherited
store = RunStore(Path(os.environ["ECGAPP_HOME"]) / "runs", *inherited())
held = Attachment(store, sys.argv[1])
with Heartbeat(held, lambda: None) as heart:
    heart.begin("The work begins.")
    stopped = heart.stop.wait(60)
held.end(Ending("stopped" if stopped else "finished", "Stopped on request."))
"""


SLEEPER = [sys.executable, "-c", WORKER]  # takes the run, beats, and ends when asked to


@pytest.fixture
def store(tmp_path):
    runs = RunStore(tmp_path / "runs", SLEEPER, QUICK)
    yield runs
    end_all(runs)


def queued(store: RunStore, device: str = "cpu", name: str = "a run") -> Run:
    return store.create(name, "pretrain", device, "{}")


def claimed(store: RunStore) -> Run:
    """A run whose process is to start."""
    run = queued(store)
    store.claim("cpu", run.id)
    return run


def running(store: RunStore, device: str = "cpu") -> Run:
    run = queued(store, device)
    store.launch(run.id)
    until(lambda: store.get(run.id).state == "running")
    return store.get(run.id)


def test_a_launched_run_lives_in_a_session_of_its_own(store):
    run = running(store)
    assert os.getsid(run.pid) == run.pid != os.getsid(0)
    assert processes.is_alive(run.pid, run.process_started)


def test_twenty_clicks_start_one_process(store):
    run = queued(store)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: RunStore(store.folders.home, SLEEPER, QUICK).launch(run.id), range(20)))
    until(lambda: store.get(run.id).state == "running")
    family = psutil.Process().children(recursive=True)
    assert len([child for child in family if WORKER in child.cmdline()]) == 1
    assert [event.kind for event in store.events(run.id)].count("starting") == 1


def test_twenty_runs_launched_at_once_start_one_process_on_their_device(store):
    runs = [queued(store) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda run: store.launch(run.id), runs))
    states = [store.get(run.id).state for run in runs]
    assert states[0] in ("starting", "running")
    assert states[1:] == ["queued"] * 19


def test_runs_on_different_devices_do_not_wait_for_each_other(store):
    first, second = running(store, "cpu"), running(store, "cuda:0")
    assert {store.get(first.id).state, store.get(second.id).state} == {"running"}


def test_a_stop_reaches_the_process_and_the_run_ends_stopped(store):
    run = running(store)
    assert store.request_stop(run.id).state == "stopping"
    until(lambda: store.get(run.id).state == "stopped")
    assert store.get(run.id).message == "Stopped on request."
    until(lambda: not processes.is_alive(run.pid, run.process_started))


def test_the_queue_starts_in_order_as_its_device_becomes_free(store):
    first = running(store)
    second, third = queued(store), queued(store)
    store.launch(third.id)
    store.launch(second.id)
    assert [run.id for run in store.queue("cpu")] == [second.id, third.id]
    store.request_stop(first.id)
    until(lambda: store.get(second.id).state == "running")
    assert store.get(third.id).state == "queued"


LAUNCHER = """
import json, sys
from pathlib import Path
from ecgapp.jobs import RunStore, Timing
store = RunStore(Path(sys.argv[1]), json.loads(sys.argv[2]), Timing(beat=0.05, attend=0.05))
for run_id in sys.argv[3:]:
    store.launch(run_id)
"""


def test_a_killed_run_is_lost_and_the_next_one_starts_though_the_server_is_gone(store):
    run, waiting = queued(store), queued(store)
    folder, command = str(store.folders.home), json.dumps(SLEEPER)
    subprocess.run([sys.executable, "-c", LAUNCHER, folder, command, run.id, waiting.id], check=True)
    until(lambda: store.get(run.id).state == "running")
    os.killpg(store.get(run.id).pid, 9)
    until(lambda: store.get(waiting.id).state == "running")
    lost = store.get(run.id)
    assert lost.state == "lost"
    assert "killed" in lost.message


def test_refresh_finds_a_run_whose_process_is_gone(store):
    run = claimed(store)
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        token = processes.start_token(child.pid) or "gone"
    set_columns(store, run.id, pid=child.pid, process_started=token)
    store.refresh()
    assert store.get(run.id).state == "lost"


def test_a_pid_given_again_to_another_process_is_not_the_run(store):
    run = claimed(store)
    set_columns(store, run.id, pid=os.getpid(), process_started="a process before this one")
    store.refresh()
    assert store.get(run.id).state == "lost"


def test_ending_a_run_with_a_reused_pid_kills_nobody(store):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        assert not processes.end_group(stranger.pid, "a process before this one")
        assert stranger.poll() is None
        assert processes.end_group(stranger.pid, processes.start_token(stranger.pid))
    assert stranger.returncode == -9


def test_a_process_does_not_end_itself():
    assert not processes.end_group(os.getpid(), processes.start_token(os.getpid()))


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""])
    token = processes.start_token(child.pid)
    until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert not processes.is_alive(child.pid, token)
    child.wait()


def test_a_silent_run_is_lost_but_keeps_its_device_and_comes_back_when_it_beats(store):
    run, waiting = queued(store), queued(store)
    store.claim("cpu", run.id)
    held = Attachment(store, run.id)
    held.send_heartbeat("Training begins.")
    silence(store, run.id, 3600)
    store.refresh()
    assert store.get(run.id).state == "lost"
    assert store.get(waiting.id).state == "queued"
    assert held.send_heartbeat() is False
    assert store.get(run.id).state == "running"


def test_a_run_that_never_got_a_process_is_lost(store):
    run = claimed(store)
    silence(store, run.id, 3600)
    store.refresh()
    assert store.get(run.id).state == "lost"


def test_a_run_that_does_not_stop_when_asked_is_stopped_by_force_though_nobody_looks(store):
    run = running(store)
    os.kill(run.pid, 19)  # SIGSTOP: it cannot hear
    store.request_stop(run.id)
    set_columns(store, run.id, stop_requested=time.time() - 3600)
    until(lambda: store.get(run.id).state == "stopped")
    until(lambda: not processes.is_alive(run.pid, run.process_started))
    assert "did not stop when asked" in store.get(run.id).message


def attendant_of(run: Run) -> psutil.Process:
    return psutil.Process(run.pid).parent()


def test_a_run_outlives_its_attendant_and_stops_as_asked(store):
    run = running(store)
    attendant_of(run).kill()
    assert store.refresh()[0].state == "running"
    store.request_stop(run.id)
    until(lambda: store.get(run.id).state == "stopped")


def test_a_run_killed_with_its_attendant_is_found_lost_by_whoever_looks(store):
    run = running(store)
    attendant = attendant_of(run)
    attendant.suspend()
    psutil.Process(run.pid).kill()
    attendant.kill()
    until(lambda: store.refresh()[0].state == "lost")
    assert "ended unexpectedly" in store.get(run.id).message
    assert [event.kind for event in store.events(run.id)].count("lost") == 1


@pytest.mark.parametrize("attended", [True, False])
def test_a_run_killed_before_its_process_said_a_word_is_shown_within_ten_seconds(tmp_path, attended):
    store = RunStore(tmp_path / "runs", [sys.executable, "-c", "import time; time.sleep(600)"], QUICK)
    run = queued(store)
    store.launch(run.id)
    until(lambda: store.get(run.id).pid is not None)
    begun = store.get(run.id)
    if not attended:
        attendant_of(begun).kill()
    os.kill(begun.pid, 9)
    killed = time.time()
    until(lambda: (store.get(run.id) if attended else store.refresh()[0]).state == "lost")
    assert store.get(run.id).ended - killed < 10.0
    assert (begun.state, store.get(run.id).resume_helps) == ("starting", True)


@pytest.mark.parametrize(("state", "seconds"), [("starting", Timing().start), ("running", Timing().stale)])
def test_a_process_that_hangs_is_told_after_the_time_that_its_state_allows(store, state, seconds):
    run = claimed(store)
    held = Attachment(store, run.id)
    if state == "running":
        held.send_heartbeat("Training begins.")
    for silent, shown in ((seconds - 2.0, state), (seconds + 1.0, "lost")):
        silence(store, run.id, silent)
        assert store.refresh()[0].state == shown
    assert "No heartbeat for several seconds. Stop the run, or wait" in store.get(run.id).message
    assert "Resume" not in store.get(run.id).message


@pytest.fixture
def refuse_writes(monkeypatch):
    """Makes each of the next writes to the list of runs fail for which it was called with False."""
    answers: list[bool] = []
    write = Database.write

    def write_if_allowed(database, durable=True):
        if answers and not answers.pop(0):
            raise StorageError("The disk is full.")
        return write(database, durable)

    monkeypatch.setattr(Database, "write", write_if_allowed)
    return lambda *allowed: answers.extend(allowed)


def test_an_attendant_records_how_a_run_ended_and_starts_the_next_once_the_disk_has_room_again(
    tmp_path, refuse_writes
):
    store = RunStore(tmp_path / "runs", [sys.executable, "-c", ""], QUICK)
    run, waiting = queued(store), queued(store)
    store.claim("cpu", run.id)
    refuse_writes(True, False, False, True, True, False)  # its pid, its final state, and the next run
    attend(store, run.id)
    assert "broke down" in store.get(run.id).message
    until(lambda: store.get(waiting.id).state == "lost")
    end_all(store)


def test_a_process_that_dies_before_its_pid_could_be_written_leaves_a_lost_run(tmp_path, refuse_writes):
    store = RunStore(tmp_path / "runs", [sys.executable, "-c", ""], QUICK)
    run = claimed(store)
    refuse_writes(False)
    attend(store, run.id)
    assert (store.get(run.id).state, store.get(run.id).pid) == ("lost", None)
    assert "broke down" in store.get(run.id).message
    assert [event.kind for event in store.events(run.id)] == ["queued", "starting", "lost"]


@pytest.mark.parametrize(
    ("command", "state", "words"),
    [
        ([sys.executable, "-c", "raise SystemExit(3)"], "lost", "broke down"),
        (["no such program"], "failed", "could not be started"),
    ],
    ids=["breaks down at once", "cannot start"],
)
def test_a_process_that_never_works_leaves_no_waiting_run(tmp_path, command, state, words):
    store = RunStore(tmp_path / "runs", command, QUICK)
    run = queued(store)
    store.launch(run.id)
    until(lambda: store.get(run.id).state == state)
    assert words in store.get(run.id).message


def test_a_stopped_run_resumes_under_the_same_id_and_two_resumes_are_one(store):
    run = running(store)
    store.request_stop(run.id)
    until(lambda: store.get(run.id).state == "stopped")
    store.resume(run.id)
    store.resume(run.id)
    until(lambda: store.get(run.id).state == "running")
    again = store.get(run.id)
    assert again.pid != run.pid
    assert again.started == run.started
    assert [event.kind for event in store.events(run.id)].count("running") == 2


def test_a_queued_run_can_be_cancelled_and_a_running_one_cannot(store):
    run, waiting = running(store), queued(store)
    assert store.cancel(waiting.id).state == "stopped"
    with pytest.raises(JobError):
        store.cancel(run.id)


def test_a_finished_run_is_neither_stopped_nor_resumed(store):
    run = claimed(store)
    Attachment(store, run.id).end(Ending("finished", "Done."))
    with pytest.raises(JobError, match="not under way"):
        store.request_stop(run.id)
    with pytest.raises(JobError, match="has finished"):
        store.resume(run.id)


def test_only_one_process_can_take_a_run(store):
    run = running(store)
    with pytest.raises(JobError, match="another process"):
        Attachment(store, run.id)


def test_a_queued_run_cannot_be_taken_before_its_turn(store):
    running(store)
    waiting = queued(store)
    assert store.claim("cpu", waiting.id) is None
    with pytest.raises(JobError):
        Attachment(store, waiting.id)


def test_deleting_a_run_removes_its_folder_and_numbers_but_not_while_it_runs(store):
    run = running(store)
    with pytest.raises(JobError, match="Stop it"):
        store.delete(run.id)
    store.request_stop(run.id)
    until(lambda: store.get(run.id).state == "stopped")
    add_metrics(store, run.id, [("train/loss", 1, 0.5)])
    store.delete(run.id)
    assert store.all() == ()
    assert not store.folder(run.id).exists()
    assert len(read_metric(store, run.id, "train/loss")) == 0


def test_the_process_of_a_deleted_run_is_told_to_stop(store):
    run = claimed(store)
    held = Attachment(store, run.id)
    with store.database.write() as connection:
        rows.delete(connection, run.id)
    assert held.send_heartbeat() is True


@pytest.mark.parametrize(
    "run_id", ["", "..", "../../etc", "0123456789AB", "0123456789ab/x", "0123456789ab\n"]
)
def test_a_made_up_id_never_names_a_folder(store, run_id):
    with pytest.raises(JobError, match="no such run"):
        store.folder(run_id)


def test_an_unwritable_run_list_is_explained(tmp_path):
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be read or written"):
        RunStore(tmp_path / "runs").all()


def test_our_own_log_lines_are_shown_and_technical_ones_are_not(store):
    run = queued(store)
    store.write_log(run.id, "One\nsentence.")
    with store.log_path(run.id).open("a") as file:
        file.write('Traceback:\n  File "/home/someone/x.py", line 1\n')
    assert store.log_tail(run.id, 1)[0].endswith(" One sentence.")
    assert not any("/home" in line for line in store.log_tail(run.id))
    assert any("/home" in line for line in store.log_tail(run.id, technical=True))


def test_heartbeats_go_on_while_the_list_cannot_be_written(store):
    run = claimed(store)
    with Heartbeat(Attachment(store, run.id), lambda: None), locked(store):
        before = store.get(run.id).heartbeat
        until(lambda: store.get(run.id).heartbeat > before + 3 * QUICK.beat)
        assert store.get(run.id).active


def test_a_final_state_that_the_list_could_not_take_is_recorded_by_the_next_process_that_reads_it(store):
    store.database.busy = 0.05
    run, waiting = queued(store), queued(store)
    store.claim("cpu", run.id)
    held = Attachment(store, run.id)
    with locked(store):
        held.end(Ending("finished", "Done."))
        assert store.get(run.id).state == "starting"
    shown = {run.id: run for run in RunStore(store.folders.home, SLEEPER, QUICK).refresh()}
    assert (shown[run.id].state, shown[run.id].message) == ("finished", "Done.")
    assert store.events(run.id)[-1].kind == "finished"
    assert shown[waiting.id].state == "starting"


def test_the_final_state_of_an_earlier_start_is_not_taken_for_that_of_a_later_one(store):
    run = claimed(store)
    store.folders.write_ending(run.id, Ending("finished", "Done.", pid=1, process_started="before"))
    Attachment(store, run.id)
    assert store.refresh()[0].state == "starting"


def test_a_failing_measurement_does_not_stop_the_heart(store):
    run = claimed(store)
    beats = []

    def on_heartbeat():
        beats.append(store.get(run.id).heartbeat)
        raise ZeroDivisionError("a driver's own error")

    with Heartbeat(Attachment(store, run.id), on_heartbeat) as heart:
        until(lambda: len(set(beats)) > 2)
        assert not heart.stop.is_set()
    assert "driver" not in " ".join(event.text for event in store.events(run.id))


def test_a_driver_that_hangs_does_not_delay_the_end_of_the_heartbeats(store):
    run = claimed(store)
    hangs, released, ended = threading.Event(), threading.Event(), threading.Event()

    def measure():
        if threading.current_thread().name == "heartbeat":
            hangs.set()
            released.wait()

    with Heartbeat(Attachment(store, run.id), measure) as heart:
        hangs.wait()
        threading.Thread(target=lambda: (heart.end(), ended.set()), daemon=True).start()
        in_time = ended.wait(10)
        released.set()
    assert in_time


def test_no_heartbeat_makes_a_run_running_again_after_their_end(store):
    run = claimed(store)
    held, beats = Attachment(store, run.id), []
    with Heartbeat(held, lambda: beats.append(1)) as heart:
        until(lambda: len(beats) > 2)
        heart.end()
        held.end(Ending("lost", "Another process was lost."))
        time.sleep(3 * QUICK.beat)
        assert store.get(run.id).state == "lost"


def test_a_signal_becomes_a_stop_that_every_process_sees(store):
    run = claimed(store)
    with Heartbeat(Attachment(store, run.id), lambda: None) as heart:
        heart.stop.set()
        until(lambda: store.get(run.id).state == "stopping")
    assert store.get(run.id).stop_requested is not None


def test_progress_is_read_from_the_last_whole_line_though_a_kill_tore_one(store):
    run = queued(store)
    store.folders.write_progress(run.id, 3, 20, 12.5)
    with (store.folder(run.id) / PROGRESS).open("ab") as file:
        file.write(b'\n{"done": 4, "to')
    assert (store.get(run.id).done, store.get(run.id).total, store.get(run.id).share) == (3, 20, 0.15)
    store.folders.write_progress(run.id, 5, 20, None)
    assert (store.get(run.id).done, store.get(run.id).seconds_left) == (5, None)


def test_a_process_that_ended_in_order_while_another_one_waited_to_write_is_not_killed(store, monkeypatch):
    killed = []
    monkeypatch.setattr(processes, "end_group", lambda *who: killed.append(who))
    run = claimed(store)
    held = Attachment(store, run.id)
    set_columns(store, run.id, state="stopping", stop_requested=1.0)
    seen = store.get(run.id)
    held.end(Ending("stopped", "Stopped on request."))
    store.liveness.check(seen)
    assert (store.get(run.id).message, killed) == ("Stopped on request.", [])
