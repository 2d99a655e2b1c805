"""The first of several processes: it holds the run for all, and says what became of the others."""

import os
import signal
from dataclasses import dataclass, field

import pytest
import torch.distributed
from run_processes import until
from small_training import PRETRAINING, small_settings

from ecgapp import training
from ecgapp.errors import ConfigError, DatasetLostError, JobError, TrainingError
from ecgapp.jobs import NEW_RUN, RESUME, Attachment, Ending, Run, RunStore
from ecgapp.storage import documents
from ecgapp.training.parallel import process_group
from ecgapp.worker import error_board, execute, team

GLOO = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:537] Read error: Connection reset by peer."


@dataclass
class FakeGroup:
    """One of two processes, of which the other is only imagined."""

    is_leader: bool = True
    words: list = field(default_factory=list)
    others_are_there: bool = True
    board: torch.distributed.HashStore = field(default_factory=torch.distributed.HashStore)

    def broadcast(self, word):
        self.words.append(word)
        return word

    def all_gather(self, mine):
        if not self.others_are_there:
            raise RuntimeError(GLOO)
        return [mine, mine]


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home", n_records=5)


@pytest.fixture
def store(settings, monkeypatch):
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    return RunStore(settings.runs)


@pytest.fixture
def others(monkeypatch):
    """This process is the first of two that ``torchrun`` started, which may start them once more."""
    surroundings = {"RUN_ID": "x", "RESTART_COUNT": "0", "MAX_RESTARTS": "1"}
    for name, value in surroundings.items():
        monkeypatch.setenv(f"TORCHELASTIC_{name}", value)
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    found = FakeGroup()

    class Joined:
        def __init__(self, gpu):
            assert not gpu

        def __enter__(self):
            return found

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(process_group, "joined", Joined)
    return found


def claimed(store: RunStore) -> Run:
    run = store.create("a run", "pretrain", "cpu+cpu", documents.dump(PRETRAINING))
    return store.claim("cpu", run.id)


def train_until(error: Exception):
    def train(config, reporter, folder, settings, processes):
        raise error

    return train


def test_the_first_process_tells_the_others_which_run_they_train_on_which_devices(
    store, settings, others, monkeypatch
):
    monkeypatch.setattr(training, "train", train_until(TrainingError("The loss is no longer a number.")))
    run = claimed(store)
    assert execute(store, run.id, settings).state == "failed"
    assert others.words == [(run.id, run.config, "cpu+cpu")]
    assert store.get(run.id).pid == os.getppid()


@pytest.mark.parametrize(
    "error", [RuntimeError(GLOO), TrainingError(process_group.LOST), ConnectionError("Broken pipe")]
)
def test_a_lost_process_leaves_the_run_under_way_until_no_restart_is_left(
    store, settings, others, monkeypatch, error
):
    monkeypatch.setattr(training, "train", train_until(error))
    run = claimed(store)
    assert execute(store, run.id, settings).state == "starting"
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    ended = execute(store, run.id, settings)
    assert (ended.state, ended.message) == ("lost", f"{process_group.LOST} {RESUME}")


@pytest.fixture
def leavings(store, monkeypatch):
    """How the run had ended whenever this process would have left at once."""
    found = []
    monkeypatch.setattr(
        team, "exit_now", lambda _=None: found.append((store.all()[0].state, store.all()[0].message))
    )
    monkeypatch.setattr(error_board, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(error_board, "PATIENCE_SECONDS", 0.02)
    return found


def test_what_another_process_failed_of_is_what_the_run_failed_of(store, settings, others, monkeypatch):
    """Its sentence is there before its connection closes."""
    run = claimed(store)
    monkeypatch.setenv("RANK", "1")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(others, "broadcast", lambda word: (run.id, run.config, run.device))
        elsewhere.setattr(training, "train", train_until(TrainingError("A record cannot be used.")))
        elsewhere.setattr(signal, "signal", lambda *_: None)
        assert team.follow(settings) == 0
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setattr(training, "train", train_until(RuntimeError(GLOO)))
    ended = execute(store, run.id, settings)
    assert (ended.state, ended.message) == ("failed", f"A record cannot be used. {NEW_RUN}")
    assert not ended.resume_helps


def test_the_first_process_that_fails_lets_the_others_end_without_a_new_start(
    store, settings, others, monkeypatch
):
    run = claimed(store)
    monkeypatch.setattr(training, "train", train_until(ValueError("a bug")))
    assert execute(store, run.id, settings).state == "failed"
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(others, "broadcast", lambda word: (run.id, run.config, run.device))
    monkeypatch.setattr(training, "train", train_until(RuntimeError(GLOO)))
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    assert team.follow(settings) == 0


def test_a_first_process_that_waits_in_vain_for_one_that_failed_ends_the_run(
    store, settings, others, leavings, monkeypatch
):
    """Within a GPU's library it does not see that the other has left."""

    def train(config, reporter, folder, settings, processes):
        error_board.ErrorBoard(processes.board).write(TrainingError("A record cannot be used."))
        until(lambda: leavings != [])
        raise training.Stopped

    monkeypatch.setattr(training, "train", train)
    execute(store, claimed(store).id, settings)
    assert leavings == [("failed", f"A record cannot be used. {NEW_RUN}")]


def test_a_bug_among_several_processes_is_no_lost_process(store, settings, others, monkeypatch):
    monkeypatch.setattr(training, "train", train_until(RuntimeError("mat1 and mat2 cannot be multiplied")))
    assert execute(store, claimed(store).id, settings).state == "failed"


@pytest.mark.parametrize(("there", "state"), [(True, "stopped"), (False, "starting")])
def test_a_signal_stops_the_run_only_where_all_others_are_still_there(
    store, settings, others, monkeypatch, there, state
):
    """For ``torchrun`` sends the same signal when it ends the processes to start them again."""

    def train(config, reporter, folder, settings, processes):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert reporter.should_stop()
        raise training.Stopped

    others.others_are_there = there
    monkeypatch.setattr(training, "train", train)
    run = execute(store, claimed(store).id, settings)
    assert (run.state, run.stop_requested) == (state, None)


def test_the_others_are_dismissed_where_there_is_nothing_to_train(store, settings, others):
    run = claimed(store)
    Attachment(store, run.id, os.getppid()).end(Ending("failed", "It broke down."))
    with pytest.raises(JobError):
        execute(store, run.id, settings)
    assert others.words == [None]


def test_a_run_stopped_before_the_others_came_trains_nowhere(store, settings, others, monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trained"))
    run = claimed(store)
    store.request_stop(run.id)
    assert execute(store, run.id, settings).state == "stopped"
    assert others.words == [None]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (training.Stopped(), 0),
        (TrainingError("No memory."), 0),
        (RuntimeError(GLOO), 1),
        (ValueError("bug"), 1),
    ],
)
def test_another_process_asks_for_a_new_start_only_where_one_helps(
    store, settings, others, monkeypatch, capsys, error, code
):
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    run = claimed(store)
    monkeypatch.setattr(others, "broadcast", lambda word: (run.id, run.config, run.device))
    monkeypatch.setattr(training, "train", train_until(error))
    try:
        assert team.follow(settings) == code
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert store.get(run.id) == run  # only the first process touches the run
    assert all(line.startswith("    ") for line in capsys.readouterr().err.splitlines())


def test_a_store_that_went_with_its_process_has_no_word():
    class Gone:
        def check(self, *_):
            raise torch.distributed.DistNetworkError("Broken pipe")

        compare_set = check

    error_board.ErrorBoard(Gone()).write(TrainingError("A record cannot be used."))
    assert error_board.ErrorBoard(Gone()).read() is None


@pytest.mark.parametrize(
    "error", [DatasetLostError("It is gone."), TrainingError("No fold."), ConfigError("No.")]
)
def test_what_a_process_leaves_says_whether_a_resume_helps(error):
    found = error_board.ErrorBoard(torch.distributed.HashStore())
    assert found.read() is None
    found.write(error)
    found.write(TrainingError("It came later."))
    told = found.read()
    assert (str(told), told.resume_helps) == (str(error), error.resume_helps)
