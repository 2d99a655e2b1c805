"""The process of a run: it trains, tells its numbers, stops when asked, and says how it ended."""

import math
import os
import signal
import sys
from dataclasses import replace

import pytest
from run_processes import end_all, until
from small_training import COLUMNS, FINETUNING, PRETRAINING, small_settings
from stored_predictions import validation_predictions

from ecgapp import training
from ecgapp.analysis import open_model
from ecgapp.errors import DatasetError, InterruptedTrainingError, JobError, ModelError
from ecgapp.jobs import Attachment, Run, RunStore, metric_names
from ecgapp.promotion import Decision, promote_run
from ecgapp.storage import documents
from ecgapp.training import EpochReport, StepReport
from ecgapp.worker import RunReporter, execute, main, unwritten_metrics
from ecgapp.worker.reporter import UNWRITTEN
from ecgapp.worker.unwritten_metrics import Waiting

WHY = Decision("Ada", "better on our own patients")
SECRET = "/home/someone/Jane Doe 1950-01-01.hea"


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home", n_records=20)


@pytest.fixture
def store(settings):
    runs = RunStore(settings.runs)
    yield runs
    end_all(runs)


def claimed(store: RunStore, config=PRETRAINING) -> Run:
    run = store.create(config.name, config.phase, "cpu", documents.dump(config))
    return store.claim("cpu", run.id) or run


def test_a_finetuning_ends_finished_with_every_number_that_the_page_draws(store, settings):
    run = execute(store, claimed(store, FINETUNING).id, settings)
    assert (run.state, run.epoch, run.epochs) == ("finished", 3, 3), store.log_tail(run.id, technical=True)
    for name in (
        metric_names.TRAIN_LOSS,
        metric_names.VALIDATION_LOSS,
        metric_names.F1,
        *(metric_names.F1_OF_LABEL + c for c in COLUMNS),
    ):
        assert store.metrics(run.id, name).steps == (1, 2, 3), name
    for name in (
        metric_names.STEP_LOSS,
        metric_names.LEARNING_RATE,
        metric_names.THROUGHPUT,
        metric_names.MEMORY,
        metric_names.CPU_PERCENT,
    ):
        assert store.latest(run.id, name) is not None, name
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
        self.stop.set()

    monkeypatch.setattr(RunReporter, "epoch", stop_after_the_first)
    assert execute(store, run.id, settings).state == "stopped"
    monkeypatch.setattr(RunReporter, "epoch", tell)
    monkeypatch.setattr(store, "start_next", lambda device: None)
    store.resume(run.id)
    store.claim("cpu", run.id)
    again = execute(store, run.id, settings)
    assert again.state == "finished"
    assert store.metrics(run.id, metric_names.TRAIN_LOSS).steps == (1, 2, 3)
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


def test_numbers_that_could_not_be_written_wait_and_are_not_lost(store, monkeypatch):
    run = claimed(store)
    reporter = RunReporter(Attachment(store, run.id), run)
    reporter.step(StepReport(10, 1, 0.5, 1e-3, 100.0, 20, epochs=2))
    write = store.add_metrics
    monkeypatch.setattr(store, "add_metrics", refuse)
    reporter.epoch(EpochReport(1, 2, 0.4, math.nan))
    with pytest.raises(JobError):
        reporter.flush()
    assert store.latest(run.id, metric_names.TRAIN_LOSS) is None
    monkeypatch.setattr(store, "add_metrics", write)
    reporter.flush()
    assert store.latest(run.id, metric_names.STEP_LOSS) == 0.5
    assert store.latest(run.id, metric_names.TRAIN_LOSS) == 0.4
    assert math.isnan(store.latest(run.id, metric_names.VALIDATION_LOSS))


def test_the_first_words_of_a_training_are_written_with_its_new_plan_and_its_numbers(store):
    run = claimed(store)
    held = Attachment(store, run.id)
    held.progress(20, 20, None)
    reporter = RunReporter(held, store.get(run.id))
    reporter.step(StepReport(210, 21, 0.5, 1e-3, 100.0, 300, epochs=30))
    now = store.get(run.id)
    assert (now.state, now.epoch, now.epochs) == ("running", 20, 30)
    assert store.metrics(run.id, metric_names.STEP_LOSS).steps == (210,)


def test_the_next_process_writes_the_epochs_that_one_could_not_write(store, monkeypatch):
    run = claimed(store)
    held = Attachment(store, run.id)
    with monkeypatch.context() as patched:
        patched.setattr(store, "add_metrics", refuse)
        reporter = RunReporter(held, run)
        for number in (1, 2):
            reporter.epoch(EpochReport(number, 3, 0.4, math.nan))
    next_one = RunReporter(held, store.get(run.id))
    next_one.flush()
    assert store.metrics(run.id, metric_names.TRAIN_LOSS).values == (0.4, 0.4)
    assert math.isnan(store.latest(run.id, metric_names.VALIDATION_LOSS))
    assert store.get(run.id).epoch == 2
    assert not (store.folder(run.id) / UNWRITTEN).exists()


def test_what_another_thread_is_just_writing_is_kept_too(tmp_path):
    file = tmp_path / "epochs.json"
    waiting = Waiting(file)
    waiting.add_epoch([("f1", 7, 0.5)])
    taken = waiting.take()
    waiting.add_epoch([("f1", 8, 0.6)])
    waiting.keep()
    assert Waiting(file).take()[0] == [[("f1", 7.0, 0.5)], [("f1", 8.0, 0.6)]]
    waiting.written(waiting.take())
    assert file.exists()  # 7 is still under way
    waiting.give_back(taken)
    waiting.written(waiting.take())
    assert not file.exists()


def test_a_file_of_epochs_that_the_disk_has_spoilt_hinders_nobody(store):
    run = claimed(store)
    path = store.folder(run.id) / UNWRITTEN
    path.write_bytes(b'[[["train/loss", 1, ')
    reporter = RunReporter(Attachment(store, run.id), run)
    reporter.epoch(EpochReport(1, 2, 0.4, 0.5))
    assert store.metrics(run.id, metric_names.TRAIN_LOSS).steps == (1,)
    assert not path.exists()


@pytest.mark.parametrize("room", [0, 2])
def test_an_epoch_that_can_be_kept_nowhere_ends_the_training_before_a_checkpoint(store, monkeypatch, room):
    """``room`` comes at that attempt, if at all."""
    run, attempts = claimed(store), []
    reporter = RunReporter(Attachment(store, run.id), run)
    monkeypatch.setattr(store, "add_metrics", refuse)
    monkeypatch.setattr("ecgapp.worker.reporter._PATIENCE_SECONDS", 60.0 if room else 0.0)
    plain = unwritten_metrics.write_atomically

    def fail_or_write(path, content):
        attempts.append(path)
        if len(attempts) != room:
            raise OSError(28, "No space left on device", SECRET)
        plain(path, content)

    monkeypatch.setattr(unwritten_metrics, "write_atomically", fail_or_write)
    report = EpochReport(1, 2, 0.4, 0.5)
    if room:
        reporter.epoch(report)
        assert (store.folder(run.id) / UNWRITTEN).exists()
    else:
        with pytest.raises(InterruptedTrainingError, match="Free space on the disk"):
            reporter.epoch(report)


def test_an_epoch_that_can_be_kept_nowhere_ends_a_run_that_is_to_stop_at_once_and_as_failed(
    store, settings, monkeypatch
):
    """A full disk takes the list, and the file that lies beside it."""
    refusing = []

    def refuse_file(path, content):
        refusing.append(path)
        raise OSError(28, "No space left on device", SECRET)

    def train(config, reporter, folder, settings, processes):
        with monkeypatch.context() as full:
            full.setattr(store, "add_metrics", refuse)
            full.setattr(unwritten_metrics, "write_atomically", refuse_file)
            reporter.stop.set()
            reporter.epoch(EpochReport(1, 2, 0.4, 0.5))

    monkeypatch.setattr(training, "train", train)
    run = execute(store, claimed(store).id, settings)
    assert (run.state, run.resume_helps, len(refusing)) == ("failed", True, 1)
    assert "last checkpoint is intact. Free space on the disk" in run.message


def test_of_too_many_numbers_that_wait_those_of_the_epochs_and_the_ends_of_the_curves_stay(
    store, monkeypatch
):
    monkeypatch.setattr(unwritten_metrics, "MOST_SAMPLES", 50)
    run = claimed(store)
    reporter = RunReporter(Attachment(store, run.id), run)
    with monkeypatch.context() as patched:
        patched.setattr(store, "add_metrics", refuse)
        for number in range(1, 401):
            reporter.step(StepReport(number, number, 0.5, 1e-3, 100.0, 400, epochs=400, gradient_norm=1.0))
            reporter.epoch(EpochReport(number, 400, 0.4, 0.5))
            with pytest.raises(JobError):
                reporter.flush()
    reporter.flush()
    assert store.metrics(run.id, metric_names.TRAIN_LOSS).steps == tuple(range(1, 401))
    kept = store.metrics(run.id, metric_names.STEP_LOSS).steps
    assert 20 <= len(kept) <= 50
    assert kept[-1] == 400
    assert store.metrics(run.id, metric_names.GRADIENT_NORM).steps == kept


def refuse(*_arguments):
    raise JobError("The disk is full.")


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
    until(lambda: store.get(first.id).epoch > 0)
    assert store.get(second.id).state == "queued"
    store.request_stop(first.id)
    until(lambda: store.get(second.id).state == "starting")
    stopped = store.get(first.id)
    assert (stopped.state, stopped.message) == (
        "stopped",
        "Stopped on request. Resume goes on from the last checkpoint.",
    )
    assert stopped.epoch == store.metrics(first.id, metric_names.TRAIN_LOSS, 10**6).steps[-1]
    assert stopped.epoch < 100_000
