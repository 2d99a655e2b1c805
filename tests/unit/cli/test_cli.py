"""The command line: what it prints, what it refuses, and with which exit code."""

import io
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import tiny_models
from dataset_sources import write_ptb_xl
from small_training import COLUMNS, FINETUNING, PRETRAINING, small_settings

from benchmarks import spoil
from ecgapp import __main__, worker
from ecgapp.analysis import Admission, GateAnswer
from ecgapp.analysis.critical import CriticalFinding, CriticalKind
from ecgapp.cli.progress import ProgressBar
from ecgapp.config import PROJECT
from ecgapp.datasets import LAYOUTS, open_store
from ecgapp.jobs import Attachment, RunStore
from ecgapp.promotion import Decision, promote_run
from ecgapp.records import DEMOS, ECGRecord, SyntheticConfig, read_record, synthesise, write_wfdb
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path / "home"))
    return small_settings(tmp_path / "home", n_records=20)


@pytest.fixture
def run(capsys):
    """Run a command in this process: its exit code, what it printed, and what it told on the side."""

    def command(*words: object) -> tuple[int, str, str]:
        code = __main__.main([str(word) for word in words])
        return code, *capsys.readouterr()

    return command


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """One with the data set ``small``, a classifier ``small`` and an autoencoder ``coder``, both promoted."""
    settings = small_settings(tmp_path_factory.mktemp("trained"), n_records=20)
    runs = RunStore(settings.runs)
    for config in (FINETUNING, replace(PRETRAINING, name="coder", epochs=1)):
        run = runs.create(config.name, config.phase, "cpu", documents.dump(config))
        runs.claim("cpu", run.id)
        worker.execute(runs, run.id, settings)
        promote_run(runs, run.id, config.name, Decision("Ada", "a test", config.name), settings)
    return settings


@pytest.fixture
def trained(installation, monkeypatch):
    """``installation``, with none of the shipped models beside its own."""
    tiny_models.stand_alone(monkeypatch, installation.home)
    return installation


CALM = ("synthetic-first-degree-av-block", "synthetic-normal-sinus-rhythm")  # stand first


@pytest.fixture
def records(tmp_path, run):
    run("demo", tmp_path / "records")
    return sorted((tmp_path / "records").glob("*.hea"), key=lambda path: (path.stem not in CALM, path.stem))


def test_every_demo_record_is_written_and_read_back(records):
    assert len(records) == len(DEMOS)
    assert all(read_record([path]).n_leads == 12 for path in records)


DOCUMENT = {
    "record",
    "model",
    "sampling_rate",
    "critical",
    "judgement",
    "heart_rate",
    "refused",
    "labels_withheld",
    "no_labels",
    "admission",
    "findings",
    "warnings",
}
ALARMS = tuple(
    CriticalFinding(kind, name, ("II",), 1.0, 9.0, "Measured.", "artefact", "a source")
    for kind, name in ((CriticalKind.ASYSTOLE, "asystole"), (CriticalKind.LONG_QT, "QTc 520 ms"))
)


def test_predict_gives_every_label_with_its_threshold(trained, run, records):
    code, out, err = run("predict", *records[:2], "--model", "small", "--json")
    assert (code, err) == (0, "")
    documents = json.loads(out)
    assert [document["record"] for document in documents] == [path.stem for path in records[:2]]
    for document in documents:
        assert set(document) == DOCUMENT
        assert document["critical"] == []
        assert (document["refused"], document["no_labels"]) == (None, None)
        assert document["judgement"]["lines"][0]["severity"] == document["judgement"]["severity"]
        assert 40 < document["heart_rate"] < 130
        assert (document["model"], document["sampling_rate"]) == ("small", 500.0)
        assert [finding["label"] for finding in document["findings"]] == list(COLUMNS)
        for finding in document["findings"]:
            assert 0 <= finding["probability"] <= 1
            assert finding["positive"] == (finding["probability"] >= finding["threshold"])


def test_critical_findings_come_first_in_the_document_and_in_the_table(trained, run, records, monkeypatch):
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", lambda ecg: ALARMS)
    (document,) = json.loads(run("predict", records[0], "--json")[1])
    assert [one["kind"] for one in document["critical"]] == ["asystole", "long_qt"]
    assert document["critical"][0] == {
        "kind": "asystole",
        "sentence": "Read this ECG now: asystole.",
        "leads": ["II"],
        "start_s": 1.0,
        "end_s": 9.0,
        "evidence": "Measured.",
        "differential": "artefact",
        "source": "a source",
        "found_by": "rule",
    }
    assert document["judgement"]["severity"] == "critical"
    _, printed, _ = run("predict", records[0])
    assert printed.splitlines()[1].startswith("  CRITICAL: Read this ECG now: asystole.")


def test_a_record_of_one_lead_of_any_name_is_judged_without_labels(trained, run, tmp_path, monkeypatch):
    record = synthesise(SyntheticConfig()).record
    header, _ = write_wfdb(ECGRecord("x", record.signal[1:2], 500.0, ("ECG",)), tmp_path, "holter")
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.critical", lambda ecg: ALARMS)
    code, out, err = run("predict", header, "--json")
    (document,) = json.loads(out)
    assert code == 0
    assert err.startswith("holter: ")
    assert "lead" in document["no_labels"]
    assert document["findings"] == []
    assert document["refused"] is None
    assert [one["kind"] for one in document["critical"]] == ["asystole", "long_qt"]
    assert document["heart_rate"] == pytest.approx(70.0, abs=2)
    code, printed, _ = run("predict", header)
    assert (code, "CRITICAL: Read this ECG now" in printed) == (0, True)


NOISY = GateAnswer(0.9, 0.5, True, "This signal cannot be read as an ECG: noise.")
UNLIKE = GateAnswer(0.9, 0.5, True, "Labels are withheld: it is unlike others.")


@pytest.mark.parametrize(
    ("judged", "refused"),
    [(Admission(NOISY), NOISY.reason), (Admission(similar=UNLIKE), None)],
    ids=["refused", "withheld"],
)
def test_a_record_without_labels_is_judged_with_the_gates_reason(
    trained, run, records, monkeypatch, judged, refused
):
    monkeypatch.setattr("ecgapp.analysis.OpenedECG.admission", lambda ecg: judged)
    code, out, err = run("predict", records[0], "--json")
    (document,) = json.loads(out)
    assert code == 0
    assert (document["refused"], document["labels_withheld"]) == (refused, judged.reason)
    assert document["no_labels"] == judged.reason
    assert document["findings"] == []
    assert document["heart_rate"] > 0
    assert judged.reason in err


def test_without_any_classifier_records_are_judged_all_the_same(run, records, tmp_path, monkeypatch):
    tiny_models.stand_alone(monkeypatch, tmp_path / "empty")
    code, out, _ = run("predict", records[0], "--json")
    (document,) = json.loads(out)
    assert (code, document["model"]) == (0, None)
    assert "No classifier is installed" in document["no_labels"]


def test_predict_says_what_makes_its_answers_doubtful(trained, run, tmp_path):
    swapped = spoil.swapped(synthesise(SyntheticConfig()).record, "RA/LA")
    header, _ = write_wfdb(swapped, tmp_path, "ecg")
    code, printed, _ = run("predict", header, "--model", "small")
    assert (code, "electrodes look swapped (RA/LA)" in printed) == (0, True)
    (document,) = json.loads(run("predict", header, "--model", "small", "--json")[1])
    assert "electrodes look swapped (RA/LA)" in " ".join(document["warnings"])


def test_predict_without_a_model_takes_a_classifier_and_says_which(trained, run, records):
    code, out, _ = run("predict", records[0])
    assert code == 0
    assert "model small" in out
    assert "unconfirmed" in out


def test_a_signal_file_beside_its_header_is_the_same_record(trained, run, records):
    _, out, _ = run("predict", records[0].with_suffix(".dat"), records[0], "--json")
    assert len(json.loads(out)) == 1


def test_one_refused_record_does_not_stop_the_others_but_shows_in_the_exit_code(
    trained, run, records, tmp_path
):
    (tmp_path / "broken.hea").write_text("no header")
    code, out, err = run("predict", tmp_path / "broken.hea", records[0], "--json")
    assert code == 1
    assert [document["record"] for document in json.loads(out)] == [records[0].stem]
    assert err.startswith("broken: ")
    assert str(tmp_path) not in err


@pytest.mark.parametrize(("model", "sentence"), [("coder", "is an autoencoder"), ("none", "no model named")])
def test_a_model_that_cannot_predict_is_refused_once(trained, run, records, model, sentence):
    code, out, err = run("predict", *records, "--model", model)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert sentence in err


def test_evaluate_gives_figures_with_intervals_and_n_for_each_class(trained, run):
    code, out, err = run("evaluate", "--model", "small", "--store", "small", "--folds", 3, 4, "--json")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["n"] == len(open_store("small", trained).rows([3, 4]))
    assert set(document["macro"]) >= {"auroc", "auprc", "f1", "f2", "g2", "auroc_interval"}
    assert list(document["per_class"]) == list(COLUMNS)
    for figures in document["per_class"].values():
        assert set(figures) >= {"n", "n_positive", "threshold", "precision", "recall", "f1", "auroc", "auprc"}
        assert figures["auroc_interval"][0] <= figures["auroc"] <= figures["auroc_interval"][1]


def test_evaluate_gives_figures_of_all_labels_with_intervals_and_n(trained, run):
    _, out, _ = run("evaluate", "--model", "small", "--store", "small", "--json")
    document = json.loads(out)
    assert set(document["overall"]) >= {"accuracy", "label_accuracy", "weighted_f1"}
    for figure in document["overall"].values():
        assert 0 < figure["n"] <= document["n"]
        assert figure["value_interval"][0] <= figure["value"] <= figure["value_interval"][1]
    errors = document["calibration_error"]
    assert errors["n"] == document["n"]
    assert all(0 <= errors[name] <= 1 for name in ("mean", "pooled", "adaptive"))
    _, text, _ = run("evaluate", "--model", "small", "--store", "small")
    for words in ("weighted F1", "accuracy, all labels right", "calibration error, adaptive"):
        assert words in text


def test_evaluate_takes_the_path_of_a_store_as_well_and_an_autoencoder_has_errors(trained, run):
    _, by_name, _ = run("evaluate", "--model", "coder", "--store", "small", "--json")
    _, by_path, _ = run("evaluate", "--model", "coder", "--store", trained.stores / "small", "--json")
    assert by_name == by_path
    document = json.loads(by_name)
    assert document["mse_per_sample_interval"][0] <= document["mse_per_sample"]
    assert math.isclose(document["mse_summed"], 128 * document["mse_per_sample"], rel_tol=1e-3)


def test_verify_tells_an_intact_data_set_from_one_with_a_changed_byte(trained, run, tmp_path):
    copy = tmp_path / "small"
    shutil.copytree(trained.stores / "small", copy)
    code, out, _ = run("verify", copy)
    assert code == 0
    assert out.startswith("Intact: ")
    shard = next(copy.glob("signals-*.npy"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x7f")
    for command in (("verify", copy), ("evaluate", "--model", "coder", "--store", copy)):
        code, out, err = run(*command)
        assert (code, out) == (1, "")
        assert err == "The data set is damaged or incomplete. Import it again.\n"


def test_evaluate_as_a_table_names_classes_with_too_few_records(trained, run):
    _, out, _ = run("evaluate", "--model", "small", "--store", "small")
    assert "insufficient data (n = " in out
    assert "macro auroc" in out


def test_import_reports_what_was_read_and_refused(settings, run, records):
    records[0].with_suffix(".dat").unlink()
    code, out, err = run("import", "folder", records[0].parent, "hospital", "--sampling-rate", 100)
    assert code == 0
    assert f"Imported {len(DEMOS) - 1} records as hospital; refused 1." in out
    assert f"{len(DEMOS)} of {len(DEMOS)} records, 100 %" in err
    assert open_store("hospital", settings).manifest.sampling_rate == 100.0


@pytest.mark.usefixtures("settings")
def test_import_as_json_is_progress_line_by_line_then_the_report_or_the_problem(run, records, tmp_path):
    code, out, _ = run("import", "folder", records[0].parent, "lines", "--json")
    *progress, last = map(json.loads, out.splitlines())
    assert code == 0
    assert progress[-1] == {"done": len(DEMOS), "total": len(DEMOS)}
    assert last["report"]["read"] == len(DEMOS)
    code, out, _ = run("import", "folder", tmp_path / "none", "other", "--json")
    (line,) = out.splitlines()
    assert (code, list(json.loads(line))) == (1, ["problem"])


def test_the_report_counts_a_task_of_many_labels_in_one_line(settings, run, tmp_path):
    _, out, _ = run("import", "ptb-xl", write_ptb_xl(tmp_path / "source"), "hospital")
    assert "ptbxl_all: 3 of its 71 labels occur; the Data page counts them by fold." in out
    assert "ptbxl_superclass, records with the label, by fold:" in out


def test_import_into_a_path(settings, run, records, tmp_path):
    assert run("import", "folder", records[0].parent, tmp_path / "elsewhere")[0] == 0
    assert len(open_store(str(tmp_path / "elsewhere"), settings)) == len(DEMOS)


def test_train_finds_its_store_from_any_folder_and_appears_among_the_runs(
    settings, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(settings.stores)
    config = replace(PRETRAINING, stores=("./small",), epochs=2, device="auto")
    (tmp_path / "config.json").write_text(documents.dump(config))
    code, out, _ = run("train", tmp_path / "config.json")
    assert code == 0
    assert "Epoch 2 of 2: training loss" in out
    assert out.endswith("Finished. The model small is trained.\n")
    code, out, _ = run("runs")
    assert code == 0
    assert "finished  2 of 2" in out
    (trained_run,) = RunStore(settings.runs).all()
    assert documents.load(TrainingConfig, trained_run.config).stores == ("small",)  # so it is not deleted


def test_train_that_fails_says_why_and_exits_1(settings, run, tmp_path):
    config = replace(PRETRAINING, initialisation="transfer", pretrained="nobody")
    (tmp_path / "config.json").write_text(documents.dump(config))
    code, out, _ = run("train", tmp_path / "config.json")
    assert code == 1
    assert "no model named nobody" in out.splitlines()[-1]
    assert [one.state for one in RunStore(settings.runs).all()] == ["failed"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stores": ("gone",)}, "Import it first."),
        ({"validation_folds": (7,)}, "The folds for validation hold no record."),
        ({"device": "cuda:0+cuda:1", "compiled": True}, "A compiled network learns on one device."),
        ({"device": "cuda:0+cuda:1", "batch_size": 5}, "cannot share"),
    ],
    ids=["no data set", "no record", "compiled", "uneven"],
)
def test_train_makes_the_checks_of_the_page_before_it_makes_a_run(changes, words, settings, run, tmp_path):
    (tmp_path / "config.json").write_text(documents.dump(replace(PRETRAINING, **changes)))
    code, out, err = run("train", tmp_path / "config.json")
    assert (code, out) == (1, "")
    assert words in err
    assert RunStore(settings.runs).all() == ()


def test_train_on_a_busy_device_waits_in_the_queue_and_is_followed(settings, run, tmp_path, monkeypatch):
    runs = RunStore(settings.runs)
    first = runs.create("first", "pretrain", "cpu", "{}")
    runs.claim("cpu", first.id)

    def instead_of_a_second(_: float) -> None:  # time passes: the first ends, the second is run elsewhere
        queue = runs.queue("cpu")
        runs.liveness.end(runs.get(first.id), "stopped", "Stopped on request.")
        runs.claim("cpu", queue[0].id)
        worker.execute(runs, queue[0].id, settings)

    monkeypatch.setattr("ecgapp.cli.progress.time.sleep", instead_of_a_second)
    (tmp_path / "config.json").write_text(documents.dump(replace(PRETRAINING, epochs=1)))
    code, out, _ = run("train", tmp_path / "config.json")
    assert "cpu is busy" in out
    assert "Epoch 1 of 1 done." in out
    assert code == 0


def test_runs_are_moved_stopped_and_deleted_by_name_of_the_action(settings, run, monkeypatch):
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    runs = RunStore(settings.runs)
    first, second = (runs.create(name, "pretrain", "cpu", "{}") for name in ("first", "second"))
    runs.rename(second.id, "The better one", "")
    assert run("runs", "move", second.id, -1)[:2] == (
        0,
        "The better one is queued, number 1 of 2 in the queue.\n",
    )
    assert [waiting.id for waiting in runs.queue("cpu")] == [second.id, first.id]
    assert run("runs", "stop", first.id)[:2] == (0, "first is stopped.\n")
    assert run("runs", "resume", first.id)[:2] == (0, "first is queued, number 2 of 2 in the queue.\n")
    assert run("runs", "stop", first.id)[0] == 0
    code, out, _ = run("runs", "delete", first.id)
    assert (code, out.split(",")[0]) == (0, "Deleted")
    assert [left.id for left in runs.all()] == [second.id]
    code, out, err = run("runs", "stop", first.id)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "The better one" in run("runs")[1]


def test_a_run_is_followed_until_it_ends_and_its_end_is_the_exit_code(settings, run, monkeypatch):
    runs = RunStore(settings.runs)
    followed = runs.create("first", "pretrain", "cpu", "{}")
    runs.claim("cpu", followed.id)
    monkeypatch.setattr(
        "ecgapp.cli.progress.time.sleep",
        lambda _: runs.liveness.end(runs.get(followed.id), "failed", "It broke."),
    )
    assert run("runs", "follow", followed.id)[:2] == (1, "It broke.\n")


def test_train_goes_on_with_a_run_in_this_terminal(settings, run, tmp_path):
    runs = RunStore(settings.runs)
    stopped = runs.create("small", "pretrain", "cpu", documents.dump(replace(PRETRAINING, epochs=1)))
    runs.cancel(stopped.id)
    code, out, _ = run("train", "--resume", stopped.id)
    assert code == 0
    assert out.startswith(f"Run {stopped.id} on cpu.")
    code, _, err = run("train", "--resume", stopped.id)
    assert code == 1
    assert "has finished" in err


def test_train_goes_on_at_once_with_a_run_that_was_killed(settings, run):
    runs = RunStore(settings.runs)
    killed = runs.create("small", "pretrain", "cpu", documents.dump(replace(PRETRAINING, epochs=1)))
    runs.claim("cpu", killed.id)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        Attachment(runs, killed.id, process.pid)
        process.kill()
    code, out, _ = run("train", "--resume", killed.id)
    assert (code, out.splitlines()[0][:16]) == (0, f"Run {killed.id}")


def test_runs_that_were_killed_can_be_deleted_and_resumed_at_once(settings, run, monkeypatch):
    monkeypatch.setattr(RunStore, "start_next", lambda store, device: None)
    runs = RunStore(settings.runs)
    killed = [runs.create("small", "pretrain", device, "{}") for device in ("cpu", "cuda:0")]
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        for each in killed:
            runs.claim(each.device, each.id)
            Attachment(runs, each.id, process.pid)
        process.kill()
    assert run("runs", "resume", killed[0].id)[1] == "small is queued, number 1 of 1 in the queue.\n"
    assert run("runs", "delete", killed[1].id)[0] == 0


def test_another_machine_of_torchrun_needs_neither_the_config_nor_the_run(settings, run, monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    for name in ("watch_leader", "follow"):
        monkeypatch.setattr(f"ecgapp.worker.team.{name}", lambda *_: 0)
    assert run("train", "--resume", "0123456789ab") == (0, "", "")
    assert run("train", "only-there.json") == (0, "", "")


def test_the_others_are_told_where_what_to_train_is_refused(settings, run, monkeypatch):
    dismissed = []
    monkeypatch.setattr("ecgapp.worker.team.end_other_ranks", lambda: dismissed.append("told"))
    assert run("train", "--resume", "0123456789ab")[0] == 1
    assert run("train", "no-such-config.json")[0] == 1
    assert dismissed == ["told", "told"]


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "no-such-record.hea"],
        ["evaluate", "--model", "none", "--store", "small"],
        ["import", "ptb-xl", "no-such-folder", "name"],
        ["import", "folder", "records", "not a name"],
        ["train", "no-such-config.json"],
        ["train", "--resume", "0123456789ab"],
        ["runs", "stop", "0123456789ab"],
    ],
)
def test_refused_input_is_one_sentence_without_a_path_and_exit_code_1(settings, run, words):
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert str(settings.home) not in err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["unknown"],
        ["predict"],
        ["import", "no-layout", ".", "x"],
        ["evaluate"],
        ["evaluate", "--folds", "x"],
        ["train"],
        ["runs", "stop"],
        ["runs", "move", "0123456789ab"],
    ],
)
def test_wrong_use_is_exit_code_2(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(words)
    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_every_layout_can_be_imported_from_the_command_line():
    assert set(__main__._LAYOUTS) == set(LAYOUTS)


def test_the_program_starts_without_torch_where_it_needs_none(tmp_path):
    code = "import sys; from ecgapp.__main__ import main; main(['runs']); assert 'torch' not in sys.modules"
    environment = {**os.environ, "ECGAPP_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "There are no runs yet.\n", "")


def test_progress_is_a_bar_on_a_terminal_and_plain_lines_when_piped():
    screen, pipe = Screen(), io.StringIO()
    for stream in (screen, pipe):
        progress = ProgressBar("records", stream)
        for done in range(1, 1001):
            progress(done, 1000)
    assert "\r" in screen.getvalue()
    assert screen.getvalue().endswith("1,000 of 1,000 records\n")
    assert pipe.getvalue().splitlines() == [
        f"{n:,} of 1,000 records, {n // 10} %" for n in range(100, 1001, 100)
    ]
    assert "\r" not in pipe.getvalue()


def test_a_real_record_is_predicted_like_any_other(trained, run, real_data):
    headers = sorted((real_data / "challenge2021").rglob("*.hea"))[:2]
    code, out, _ = run("predict", *headers, "--json")
    assert code == 0
    assert [document["record"] for document in json.loads(out)] == [path.stem for path in headers]
