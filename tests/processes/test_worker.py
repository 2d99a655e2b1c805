"""The process of a run: it trains, writes its metrics, stops when asked, and sets its final state."""

import math
import os
import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from metric_files import add_metrics, read_metric
from run_processes import QUICK, end_all, locked, until
from small_training import COLUMNS, FINETUNING, PRETRAINING, small_settings
from stored_predictions import validation_predictions

from ecgapp import training
from ecgapp.analysis import open_model
from ecgapp.errors import (
    DatasetError,
    InterruptedTrainingError,
    JobError,
    ModelError,
    StorageError,
    TrainingError,
)
from ecgapp.jobs import NEW_RUN, Attachment, Run, RunStore, metric_names
from ecgapp.jobs.metrics import POINTS
from ecgapp.promotion import Decision, promote_run
from ecgapp.storage import documents
from ecgapp.storage.database import Database
from ecgapp.training import EpochReport, StepReport
from ecgapp.worker import JobContext, execute, main, team
from ecgapp.worker.reporter import RunReporter

WHY = Decision("Ada", "better on our own patients")
SECRET = "/home/someone/Jane Doe 1950-01-01.hea"


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home", n_records=20)


@pytest.fixture
def store(settings):
    runs = RunStore(settings.runs, timing=QUICK)
    yield runs
    end_all(runs)


def claimed(store: RunStore, config=PRETRAINING) -> Run:
    run = store.create(config.name, config.phase, "cpu", documents.dump(config))
    return store.claim("cpu", run.id) or run


def test_a_finetuning_ends_finished_with_every_number_that_the_page_draws(store, settings):
    run = execute(store, claimed(store, FINETUNING).id, settings)
    assert (run.state, run.done, run.total) == ("finished", 3, 3), store.log_tail(run.id, technical=True)
    for name in (
        metric_names.TRAIN_LOSS,
        metric_names.VALIDATION_LOSS,
        metric_names.F1,
        *(metric_names.F1_OF_LABEL + c for c in COLUMNS),
    ):
        assert read_metric(store, run.id, name).steps == (1, 2, 3), name
    for name in (
        metric_names.STEP_LOSS,
        metric_names.LEARNING_RATE,
        metric_names.THROUGHPUT,
        metric_names.MEMORY,
        metric_names.CPU_PERCENT,
    ):
        assert read_metric(store, run.id, name).last is not None, name
    kinds = [event.kind for event in store.events(run.id)]
    assert kinds == ["queued", "starting", "running", "finished"]
    assert any("Epoch 3 of 3" in line for line in store.log_tail(run.id))


def test_the_log_on_the_page_holds_no_path(store, settings):
    run = execute(store, claimed(store).id, settings)
    shown = "\n".join([*store.log_tail(run.id, 1000), *(event.text for event in store.events(run.id))])
    assert shown
    assert str(settings.home) not in shown
    assert "/" not in shown


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            DatasetError("The data set is damaged. Import it again."),
            "The data set is damaged. Import it again.",
        ),
        (MemoryError(), "ran out of memory"),
        (OSError(28, "No space left on device", SECRET), "disk is not full"),
        (ValueError(f"bad {SECRET}"), "broke down unexpectedly"),
    ],
)
def test_a_failure_is_one_plain_sentence_and_its_details_stay_in_the_file(
    store, settings, monkeypatch, error, message
):
    def fail(*_):
        raise error

    monkeypatch.setattr(training, "train", fail)
    run = execute(store, claimed(store).id, settings)
    assert run.state == "failed"
    assert message in run.message
    shown = [run.message, *store.log_tail(run.id, 1000), *(event.text for event in store.events(run.id))]
    assert not any("Jane" in text or "Traceback" in text for text in shown)
    technical = "\n".join(store.log_tail(run.id, 1000, technical=True))
    assert ("Traceback" in technical) == (not isinstance(error, DatasetError))


def test_a_config_that_makes_no_sense_fails_with_a_sentence(store, settings):
    run = store.create("odd", "pretrain", "cpu", '{"name": "odd"}')
    store.claim("cpu", run.id)
    ended = execute(store, run.id, settings)
    assert ended.state == "failed"
    assert "lacks a field" in ended.message


def test_a_stopped_run_resumes_from_its_checkpoint_with_one_curve_to_the_end(store, settings, monkeypatch):
    run = claimed(store)
    tell = RunReporter.epoch

    def stop_after_the_first(self, report):
        tell(self, report)
        self._context.stop.set()

    monkeypatch.setattr(RunReporter, "epoch", stop_after_the_first)
    assert execute(store, run.id, settings).state == "stopped"
    monkeypatch.setattr(RunReporter, "epoch", tell)
    monkeypatch.setattr(store, "start_next", lambda device: None)
    store.resume(run.id)
    store.claim("cpu", run.id)
    again = execute(store, run.id, settings)
    assert again.state == "finished"
    assert read_metric(store, run.id, metric_names.TRAIN_LOSS).steps == (1, 2, 3)
    assert any("Going on from" in line for line in store.log_tail(run.id))


def test_a_run_stopped_before_it_began_never_trains(store, settings, monkeypatch):
    run = claimed(store)
    store.request_stop(run.id)
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trained"))
    assert execute(store, run.id, settings).state == "stopped"


def test_sigterm_asks_to_stop_and_the_old_handler_comes_back(store, settings, monkeypatch):
    before = signal.getsignal(signal.SIGTERM)

    def train(config, reporter, folder, settings, processes):
        signal.raise_signal(signal.SIGTERM)
        assert reporter.should_stop()
        raise training.Stopped

    monkeypatch.setattr(training, "train", train)
    assert execute(store, claimed(store).id, settings).state == "stopped"
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_run_is_refused_out_of_turn(store, settings):
    run = store.create("a run", "pretrain", "cpu", "{}")
    with pytest.raises(JobError):
        execute(store, run.id, settings)


def test_the_worker_without_a_run_is_wrong_use(capsys):
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().err


@pytest.fixture
def reporter(store, settings):
    return RunReporter(JobContext(Attachment(store, claimed(store).id), settings))


def test_a_training_s_first_report_is_written_with_its_new_plan_and_its_metrics(store, reporter):
    run = store.all()[0]
    store.folders.write_progress(run.id, 20, 20, None)
    with reporter._context.heart:
        reporter.step(StepReport(210, 21, 0.5, 1e-3, 100.0, 300, epochs=30))
        until(lambda: store.get(run.id).state == "running")
    assert (store.get(run.id).done, store.get(run.id).total) == (20, 30)
    assert read_metric(store, run.id, metric_names.STEP_LOSS).steps == (210,)


def test_every_metric_of_an_epoch_has_its_series(store, reporter):
    reporter.epoch(
        EpochReport(
            3,
            5,
            0.4,
            math.nan,
            0.7,
            0.65,
            {"NORM": 0.5},
            {"NORM": 9},
            {"NORM": 7},
            (0.6, 0.8),
            0.9,
            0.3,
            seconds=12.0,
            seconds_left=24.0,
        )
    )
    run = store.all()[0]
    values = {name: read_metric(store, run.id, name).values for name in metric_names.EPOCH_SERIES.values()}
    assert math.isnan(values.pop(metric_names.VALIDATION_LOSS)[0])
    expected = {
        metric_names.TRAIN_LOSS: (0.4,),
        metric_names.CONSTANT_LOSS: (0.3,),
        metric_names.F1: (0.7,),
        metric_names.WEIGHTED_F1: (0.65,),
        metric_names.AUROC: (0.9,),
        metric_names.EPOCH_SECONDS: (12.0,),
    }
    assert {name: value for name, value in values.items() if not name.endswith("/")} == expected
    for group, part, value in (
        (metric_names.F1_OF_LABEL, "NORM", 0.5),
        (metric_names.PREDICTED_OF_LABEL, "NORM", 9),
        (metric_names.POSITIVES_OF_LABEL, "NORM", 7),
        (metric_names.F1_OF_MEMBER, "2", 0.8),
    ):
        assert read_metric(store, run.id, f"{group}{part}").values == (value,)
    assert (store.get(run.id).done, store.get(run.id).seconds_left) == (3, 24.0)


def test_an_epoch_that_cannot_be_written_ends_the_training_before_a_checkpoint(store, reporter):
    (store.folder(store.all()[0].id) / POINTS).mkdir()
    with pytest.raises(InterruptedTrainingError, match="Free space on the disk"):
        reporter.epoch(EpochReport(1, 2, 0.4, 0.5))


def test_an_epoch_waits_for_room_on_the_disk(store, reporter):
    path = store.folder(store.all()[0].id) / POINTS
    path.mkdir()
    threading.Timer(0.3, path.rmdir).start()
    reporter.epoch(EpochReport(1, 2, 0.4, 0.5))
    assert read_metric(store, store.all()[0].id, metric_names.TRAIN_LOSS).values == (0.4,)


def test_an_epoch_that_cannot_be_written_ends_a_run_that_is_to_stop_at_once_and_as_failed(
    store, settings, monkeypatch
):
    def train(config, reporter, folder, settings, processes):
        (folder / POINTS).unlink()
        (folder / POINTS).mkdir()
        reporter._context.stop.set()
        reporter.epoch(EpochReport(1, 2, 0.4, 0.5))

    monkeypatch.setattr(training, "train", train)
    store.timing = replace(QUICK, storage=3600.0)
    run = claimed(store)
    add_metrics(store, run.id, [("train/loss", 1, 0.5)])
    ended = execute(store, run.id, settings)
    assert (ended.state, ended.resume_helps) == ("failed", True)
    assert "last checkpoint is intact. Free space on the disk" in ended.message


def test_a_list_that_is_locked_delays_neither_metrics_nor_the_end_of_a_run(store, settings, monkeypatch):
    store.database.busy = 0.05
    plain = team.train

    def train(*arguments):
        with locked(store):
            name = plain(*arguments)
            run = store.all()[0]
            assert read_metric(store, run.id, metric_names.TRAIN_LOSS).steps == (1, 2, 3)
            assert run.done == 3
        return name

    monkeypatch.setattr(team, "train", train)
    run = execute(store, claimed(store).id, settings)
    assert (run.state, store.get(run.id).state) == ("finished", "finished")


def test_a_run_that_ends_while_the_list_is_locked_has_its_final_state_for_the_next_reader(
    store, settings, monkeypatch
):
    store.database.busy = 0.05
    lock = ExitStack()

    def train(*_):
        lock.enter_context(locked(store))
        return "small"

    monkeypatch.setattr(team, "train", train)
    run = execute(store, claimed(store).id, settings)
    assert (run.state, store.get(run.id).active) == ("finished", True)
    lock.close()
    assert store.refresh()[0].state == "finished"


@pytest.mark.parametrize("mends", [True, False])
def test_of_two_threads_that_know_why_a_run_ended_one_writes_it(store, settings, monkeypatch, mends):
    """The training's own comes back from the call in which it waited, while the other one writes."""
    left = []
    monkeypatch.setattr(team, "exit_now", lambda _=None: left.append(store.all()[0].state))
    monkeypatch.setattr(team, "launched", lambda: True)
    monkeypatch.setattr(team, "leader", os.getpid)
    write, broken = Database.write, threading.Event()

    def fail_or_write(database, durable=True):
        if broken.is_set():
            raise StorageError("The list of runs cannot be read or written.")
        return write(database, durable)

    @contextmanager
    def joined(give_up, device):
        broken.set()
        (store.folder(run.id) / "final.json").mkdir()
        error = TrainingError("A record cannot be used.")
        threading.Thread(target=give_up, args=(error,), daemon=True).start()
        if mends:
            threading.Timer(0.3, broken.clear).start()
        raise error
        yield

    monkeypatch.setattr(Database, "write", fail_or_write)
    monkeypatch.setattr(team, "joined", joined)
    monkeypatch.setattr(team, "lost_another", lambda error: False)
    run = claimed(store)
    if mends:
        assert execute(store, run.id, settings).message == f"A record cannot be used. {NEW_RUN}"
        assert [event.kind for event in store.events(run.id)].count("failed") == 1
        until(lambda: left in ([], ["failed"]))
    else:
        with pytest.raises(StorageError, match="could not be written down"):
            execute(store, run.id, settings)


def test_a_promoted_model_is_the_run_s_and_the_review_page_finds_it(store, settings):
    run = execute(store, claimed(store, FINETUNING).id, settings)
    card = promote_run(store, run.id, "ours", replace(WHY, despite="ours"), settings)
    assert open_model("ours", settings).card == card
    assert validation_predictions("ours", settings) is not None
    event = store.events(run.id)[-1]
    assert event.kind == "promoted"
    assert card.sha256 in event.text
    with pytest.raises(ModelError, match="Name the model"):
        promote_run(store, run.id, "../ours", replace(WHY, despite="../ours"), settings)


def test_an_unfinished_run_is_not_promoted(store, settings):
    run = claimed(store)
    with pytest.raises(JobError, match="not finished"):
        promote_run(store, run.id, "ours", WHY, settings)


def test_a_launched_run_trains_in_its_own_process_until_it_is_asked_to_stop_then_the_next_begins(
    store, settings, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    endless = replace(PRETRAINING, epochs=100_000)
    first = store.create("first", "pretrain", "cpu", documents.dump(endless))
    second = store.create("second", "pretrain", "cpu", documents.dump(replace(PRETRAINING, epochs=1)))
    store.launch(first.id)
    store.launch(second.id)
    until(lambda: store.get(first.id).done > 0)
    assert store.get(second.id).state == "queued"
    store.request_stop(first.id)
    until(lambda: store.get(second.id).state == "starting")
    stopped = store.get(first.id)
    assert (stopped.state, stopped.message) == (
        "stopped",
        "Stopped on request. Resume goes on from the last checkpoint.",
    )
    assert stopped.done == read_metric(store, first.id, metric_names.TRAIN_LOSS, 10**6).steps[-1]
    assert stopped.done < 100_000
