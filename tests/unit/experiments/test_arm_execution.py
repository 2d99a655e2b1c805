"""The execution of arms: each trial once, from where it was interrupted, in one process at a time."""

from dataclasses import replace

import pytest
import torch
from tiny_experiments import (
    ARMS,
    CONFIG,
    Stopper,
    TinyRun,
    break_arms,
    files_of,
    tiny_home,
    trials_begun,
    with_settings,
)

from ecgapp import __version__
from ecgapp.errors import ConfigError, ExperimentError, LockedError, StorageError, TrainingError
from ecgapp.experiments.arm_execution import BUSY
from ecgapp.experiments.collection import collect, read_report, read_results, write_report
from ecgapp.experiments.experiment_folder import TimeEstimate
from ecgapp.experiments.part_execution import PartRun, arms_of_part
from ecgapp.experiments.report_parts import FigureSeries, ResultTable
from ecgapp.experiments.study_protocol import Arm, protocol_named, study
from ecgapp.experiments.trial_result import trial_path
from ecgapp.experiments.trials.probe_reporter import ProbeReporter
from ecgapp.storage import documents
from ecgapp.storage.lock import claimed
from ecgapp.training import Stopped


@pytest.fixture
def settings(tmp_path):
    return tiny_home(tmp_path / "home")


def test_a_finished_trial_and_a_finished_arm_are_never_run_again(settings):
    run = TinyRun(settings).run()
    begun = trials_begun(settings)
    assert len(begun) == 7
    run.run()
    TinyRun(settings).run()
    assert trials_begun(settings) == begun


def test_an_arm_needs_the_arms_that_it_builds_on(settings):
    run = TinyRun(settings)
    with pytest.raises(ExperimentError, match="has not finished"):
        run.run("arm-1")
    run.run("first", "arm-1")
    assert run.folder.is_finished("arm-1")


def test_an_arm_goes_on_with_the_trial_and_the_step_at_which_it_was_stopped(settings, tmp_path):
    stopped = TinyRun(settings, reporter=Stopper(10)).run("first")
    with pytest.raises(Stopped):
        stopped.reporting(Stopper(5)).run("arm-1")  # three looks in the first trial, two in the second
    assert stopped.folder.trials_done("arm-1", 2) == 1
    assert (stopped.folder.work("arm-1") / "trial-02" / "step").read_text() == "1"
    stopped.reporting(ProbeReporter()).run()
    assert trials_begun(settings)[1:4] == ["arm-1 0", "arm-1 1", "arm-1 1"]
    assert not stopped.folder.work("arm-1").exists()
    whole = TinyRun(settings, path=tmp_path / "whole").run()
    for run in (stopped, whole):
        write_report(run.folder, run.stores)
    assert files_of(stopped.folder) == files_of(whole.folder)


def test_an_arm_that_another_process_runs_is_refused(settings):
    run = TinyRun(settings)
    run.folder.arm("first").mkdir(parents=True)
    with claimed(run.folder.arm("first")), pytest.raises(LockedError, match=BUSY):
        run.run("first")
    run.run("first")


def test_a_failed_arm_keeps_its_place_and_runs_once_the_cause_is_gone(settings):
    run = TinyRun(settings).run("first", "arm-1")
    break_arms(settings, "arm-2")
    with pytest.raises(TrainingError, match="not a number"):
        run.run("arm-2")
    assert not run.folder.is_finished("arm-2")
    break_arms(settings)
    run.run("arm-2")
    assert run.folder.is_finished("arm-2")


def test_unfinished_files_of_a_kill_are_removed(settings):
    run = TinyRun(settings)
    run.folder.arm("first").mkdir(parents=True)
    left = run.folder.arm("first") / ".trial-01.json.x1.unfinished"
    left.write_text("{")
    run.run("first")
    assert not left.exists()


def test_the_same_results_give_the_same_tables_byte_for_byte(settings, tmp_path):
    first = TinyRun(settings).run()
    other_order = TinyRun(settings, path=tmp_path / "other").run("first", "arm-3", "arm-1", "arm-2")
    for run in (first, other_order):
        write_report(run.folder, run.stores)
    files = files_of(first.folder)
    assert sorted(files) == ["report.md", "results.json", "scores.csv"]
    assert files == files_of(other_order.folder)
    write_report(first.folder, first.stores)
    assert files == files_of(first.folder)


def test_tables_fill_as_arms_end(settings):
    run = TinyRun(settings)
    assert read_report(run.folder) is None
    assert [row[2:] for row in collect(run.folder, run.stores).tables[0].rows] == [(0, None)] * 4
    run.run("first", "arm-2")
    report = write_report(run.folder, run.stores).report
    assert [row[2] for row in report.tables[0].rows] == [1, 0, 2, 0]
    written = read_report(run.folder)
    assert written.report == report
    assert [(arm.arm, arm.finished, len(arm.trials)) for arm in written.arms] == [
        ("first", True, 1),
        ("arm-2", True, 2),
    ]


def test_a_partial_report_says_first_which_arms_are_missing(settings):
    run = TinyRun(settings).run("first", "arm-2")
    report = write_report(run.folder, run.stores).report
    (caution,) = report.cautions
    assert "2 of 4 arms have finished; missing: Arm 1, Arm 3." in caution
    assert report.to_markdown().splitlines()[2] == f"**{caution}**"
    assert read_report(run.folder).report.cautions == report.cautions
    run.run()
    assert write_report(run.folder, run.stores).report.cautions == ()


def test_arms_of_different_versions_of_the_app_are_named_in_the_report(settings, monkeypatch):
    run = TinyRun(settings).run("first", "arm-1")
    monkeypatch.setattr("ecgapp.experiments.experiment_folder.__version__", "99.0")
    run.run()
    document = write_report(run.folder, run.stores)
    versions = [arm.code_version for arm in document.arms]
    assert versions == [__version__, __version__, "99.0", "99.0"]
    (caution,) = document.report.cautions
    assert f"arms by version: {__version__}: 2; 99.0: 2" in caution


def test_a_report_and_its_results_are_of_the_same_files(settings, monkeypatch):
    run = TinyRun(settings).run("first", "arm-1")
    report = run.protocol.report

    def slow(config, stores, results):
        made = report(config, stores, results)
        run.run("arm-2")  # ends while the report is being made
        return made

    monkeypatch.setattr(run.protocol, "report", slow)
    document = write_report(run.folder, run.stores)
    assert [arm.arm for arm in document.arms] == ["first", "arm-1"]
    assert "2 of 4 arms" in document.report.cautions[0]
    assert read_report(run.folder) == document


def test_every_table_says_n_and_sources_below_it_and_in_its_csv_unless_it_is_the_papers(
    settings, monkeypatch
):
    run = TinyRun(settings).run()
    made = run.protocol.report(CONFIG, run.stores, {})
    own = replace(made.tables[0], key="own", records="n = 7 of the clinic.")
    paper = replace(made.tables[0], key="paper", published=True)
    tables = (*made.tables, own, paper)
    monkeypatch.setattr(run.protocol, "report", lambda *_: replace(made, tables=tables))
    document = write_report(run.folder, run.stores)
    said = [table.all_notes for table in document.report.tables]
    assert said == [("n = 20 records of hospital.",), ("n = 7 of the clinic.",), ()]
    files = {name: content.decode() for name, content in files_of(run.folder).items()}
    assert files["scores.csv"].splitlines()[0] == "Arm,Paper,n,Ours,Records"
    assert all(row.endswith(",n = 20 records of hospital.") for row in files["scores.csv"].splitlines()[1:])
    assert "Records" not in files["paper.csv"]
    assert files["report.md"].count("n = 20 records of hospital.") == 1


def test_a_result_that_was_changed_or_lost_after_its_arm_had_ended_is_not_put_into_a_table(settings):
    run = TinyRun(settings).run()
    path = trial_path(run.folder.arm("arm-1"), 1)
    text = path.read_text()
    for damage in (text.replace("0.", "1.", 1), None):
        path.unlink() if damage is None else path.write_text(damage)
        with pytest.raises(StorageError, match="damaged"):
            collect(run.folder, run.stores)
        path.write_text(text)
    assert len(collect(run.folder, run.stores).tables) == 1


def test_the_arrays_of_a_trial_are_its_own(settings):
    run = TinyRun(settings).run()
    path = run.folder.arm("arm-1") / "trial-02.safetensors"
    path.write_bytes((run.folder.arm("arm-1") / "trial-01.safetensors").read_bytes())
    trials = read_results(run.folder, list(run.arms.values()))["arm-1"]
    assert trials.arrays(0)["probabilities"].shape == (2,)
    with pytest.raises(StorageError, match="damaged"):
        trials.arrays(1)


def test_the_parts_of_an_experiment_have_every_arm_and_share_only_those_that_others_need(settings):
    arms = tuple(TinyRun(settings, with_settings(n_arms=9)).arms.values())
    parts = [[arm.key for arm in arms_of_part(arms, number, 4)] for number in range(1, 5)]
    assert all(part.count("first") == 1 for part in parts)
    others = [key for part in parts for key in part if key != "first"]
    assert sorted(others) == sorted(f"arm-{k}" for k in range(1, 10))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_part_leaves_out_what_fails_and_what_builds_on_it_and_runs_the_rest(settings):
    run = TinyRun(settings)
    break_arms(settings, "arm-2")
    assert not PartRun(run.protocol, run.context).run(tuple(run.arms.values()))
    assert [run.folder.is_finished(key) for key in ARMS] == [True, True, False, True]
    other = TinyRun(settings, with_settings(n_arms=2))
    break_arms(settings, "first")
    part = PartRun(other.protocol, other.context)
    assert not part.run(tuple(other.arms.values()))
    assert part.failed == {"first", "arm-1", "arm-2"}


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (MemoryError(), "The machine ran out of memory."),
        (torch.OutOfMemoryError("CUDA out of memory"), "The machine ran out of memory."),
        (OSError(28, "No space left on device"), "Check that the disk is not full."),
        (ValueError("tuple.index(x): x not in tuple"), "It broke down unexpectedly"),
    ],
)
def test_an_unexpected_error_ends_its_arm_alone_and_leaves_its_technical_details(
    settings, monkeypatch, error, cause
):
    lines = []

    class Listener(ProbeReporter):
        def log(self, text):
            lines.append(text)

    run = TinyRun(settings, reporter=Listener())
    open_arm = run.protocol.open_arm

    def broken(arm, context):
        if arm.key == "arm-2":
            raise error
        return open_arm(arm, context)

    monkeypatch.setattr(run.protocol, "open_arm", broken)
    assert not PartRun(run.protocol, run.context).run(tuple(run.arms.values()))
    assert [run.folder.is_finished(key) for key in ARMS] == [True, True, False, True]
    assert any(line.startswith("Failed: Arm 2. ") and cause in line for line in lines)
    assert any(line.startswith("Traceback") for line in lines)


def test_a_wish_to_stop_ends_the_whole_part(settings):
    run = TinyRun(settings, reporter=Stopper(4))
    with pytest.raises(Stopped):
        PartRun(run.protocol, run.context).run(tuple(run.arms.values()))


def test_a_part_runs_other_arms_while_another_process_has_one(settings):
    run = TinyRun(settings).run("first")
    order = []

    class Recorder(ProbeReporter):
        def log(self, text):
            order.append(text)
            if len(order) == 2:
                lock.__exit__(None, None, None)

    run.folder.arm("arm-1").mkdir()
    lock = claimed(run.folder.arm("arm-1"))
    lock.__enter__()
    assert PartRun(run.protocol, run.reporting(Recorder()).context).run(tuple(run.arms.values()))
    assert order == ["Finished: Arm 2.", "Finished: Arm 3.", "Finished: Arm 1."]


def test_an_estimate_is_kept_beside_the_results(settings):
    run = TinyRun(settings)
    assert run.folder.estimate() is None
    run.folder.write_estimate(TimeEstimate("cpu", {"first": 1.5}))
    assert run.folder.estimate() == TimeEstimate("cpu", {"first": 1.5})


def test_a_table_is_complete_and_reads_back_as_it_was():
    with pytest.raises(ConfigError, match="one cell for each column"):
        ResultTable("key", "Title", ("a", "b"), (("x",),))
    table = ResultTable("key", "Title", ("a", "b", "c", "d"), (("x|y", 5, 5.0, None),))
    assert documents.load(ResultTable, documents.dump(table)).rows == table.rows
    assert table.text_rows() == [("x|y", "5", "5.000", "–")]
    assert table.csv_text() == "a,b,c,d\nx|y,5,5.0,\n"
    assert "| x\\|y | 5 | 5.000 | – |" in table.to_markdown()


@pytest.mark.parametrize(
    "fields",
    [
        {"y": (1.0,)},
        {"style": "pie"},
        {"low": (0.0, 0.0)},
        {"low": (0.0,), "high": (1.0, 1.0)},
    ],
)
def test_a_series_that_cannot_be_drawn_is_refused(fields):
    with pytest.raises(ConfigError):
        FigureSeries(**{"name": "s", "x": (1.0, 2.0), "y": (1.0, None), **fields})


def test_a_protocol_has_one_name_and_an_arm_a_key_for_files():
    with pytest.raises(ConfigError, match="two protocols"):
        study("tiny")(type(protocol_named("tiny")))
    with pytest.raises(ConfigError, match="There is no protocol"):
        protocol_named("unknown")
    for key in ("", "../x", "a b"):
        with pytest.raises(ConfigError):
            Arm(key, "title")
    assert CONFIG.protocol == "tiny"
