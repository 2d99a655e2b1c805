"""A run as files for other programs: nothing is left out, nothing is rounded, and each reads back."""

import csv
import io
import math
import zipfile

import pytest
from metric_files import add_metrics
from small_training import PRETRAINING

from ecgapp.__main__ import main
from ecgapp.errors import JobError
from ecgapp.jobs import RunStore
from ecgapp.jobs.metric_export import export_run, export_zip
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig

POINTS = [
    ("train/step_loss", 10, 0.1 + 0.2),
    ("train/step_loss", 20, float("nan")),
    ("validation/loss", 1, 1e-9),
    ("device/memory_mb", 2.5, 812.0),
]


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def run(store):
    made = store.create("small", "pretrain", "cpu", documents.dump(PRETRAINING))
    add_metrics(store, made.id, POINTS)
    return made


def lines_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_point_is_in_the_csv_with_its_time_and_all_its_digits(store, run, tmp_path):
    other = store.create("other", "pretrain", "cpu", "{}")
    add_metrics(store, other.id, [("train/step_loss", 1, 9.0)])
    export_run(store, run.id, tmp_path / "out")
    lines = lines_of(tmp_path / "out" / "metrics.csv")
    read = {(line["series"], float(line["step"])): float(line["value"]) for line in lines}
    assert len(read) == len(lines) == len(POINTS)
    for name, step, value in POINTS:
        assert read[name, step] == value or math.isnan(value)
    assert all(line["time_utc"].endswith("+00:00") for line in lines)


def test_the_config_is_the_runs_to_the_letter_and_the_command_names_it(store, run, tmp_path):
    export_run(store, run.id, tmp_path / "out")
    text = (tmp_path / "out" / "config.json").read_text()
    assert text == run.config
    assert documents.load(TrainingConfig, text) == PRETRAINING
    assert (tmp_path / "out" / "command.txt").read_text() == "python -m ecgapp train config.json\n"


def test_a_zip_holds_the_same_files_below_the_runs_own_folder(store, run):
    with zipfile.ZipFile(io.BytesIO(export_zip(store, run.id))) as archive:
        folder = f"small-{run.id[:6]}"
        assert sorted(archive.namelist()) == [
            f"{folder}/command.txt",
            f"{folder}/config.json",
            f"{folder}/metrics.csv",
        ]
        assert archive.read(f"{folder}/config.json").decode() == run.config


def test_a_folder_that_holds_something_is_not_written_to(store, run, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(JobError, match="not empty"):
        export_run(store, run.id, tmp_path)
    assert not (tmp_path / "metrics.csv").exists()


def test_a_run_that_does_not_exist_is_told(store, tmp_path):
    with pytest.raises(JobError, match="no such run"):
        export_run(store, "a" * 12, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_is_exported_from_the_command_line(store, run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ECGAPP_HOME", str(tmp_path))  # the store above is its folder of runs
    assert main(["runs", "export", run.id, str(tmp_path / "out")]) == 0
    assert "python -m ecgapp train config.json" in capsys.readouterr().out
    assert (tmp_path / "out" / "metrics.csv").is_file()
    assert main(["runs", "export", run.id, str(tmp_path / "out")]) == 1
    assert "not empty" in capsys.readouterr().err
