"""The command ``score``: what it prints, what it refuses, and with which exit code."""

import json

import pyarrow.parquet as pq
import pytest
import tiny_models
from archives import MODEL, write_archive
from worklists import small_home

from ecgapp import __main__
from ecgapp.models import save_model
from ecgapp.scoring import chunk_pool, part_scoring, scoring_plan
from ecgapp.storage.lock import claimed

N = 6


@pytest.fixture
def score(tmp_path, monkeypatch, capsys):
    """Run the command on an archive of six records in three parts: exit code, output, errors."""
    small_home(tmp_path / "home")
    write_archive(tmp_path / "archive", N)
    tiny_models.stand_alone(monkeypatch, tmp_path / "home")
    for module in (scoring_plan, part_scoring):
        monkeypatch.setattr(module, "CHUNK_RECORDS", 2)

    def command(*words, source="archive", model=MODEL):
        fixed = ["score", tmp_path / source, "--model", model, "--out", tmp_path / "scores"]
        code = __main__.main([str(word) for word in (*fixed, "--workers", 1, *words)])
        return code, *capsys.readouterr()

    return command


def test_shares_are_scored_and_collected_into_one_table(score, tmp_path):
    code, output, progress = score("--part", "1/2")
    assert (code, output.splitlines()[0]) == (0, "Scored 4 records in 2 parts; 0 parts were finished before.")
    assert "4 of 4 records, 100 %" in progress
    code, output, _ = score("--collect")
    assert code == 1
    assert "1 of 3 parts are missing: 1." in output
    assert score("--part", "2/2")[0] == 0
    code, output, _ = score("--collect")
    assert (code, output.splitlines()[0]) == (0, "6 of 6 records are in scores.parquet.")
    assert len(pq.read_table(tmp_path / "scores" / "scores.parquet")) == N
    assert score()[1].startswith("Scored 0 records in 0 parts; 3 parts were finished before.")


def test_a_program_can_follow(score, tmp_path):
    lines = [json.loads(line) for line in score("--json")[1].splitlines()]
    assert lines[-2] == {"done": N, "total": N}
    assert lines[-1] == {"report": {"n_records": N, "n_scored": 3, "n_before": 0, "n_elsewhere": 0}}
    (line,) = score("--json", "--collect")[1].splitlines()
    summary = json.loads(line)["report"]
    assert (summary["n_collected"], summary["missing"], summary["states"]) == (N, [], {"scored": N})
    assert summary == json.loads((tmp_path / "scores" / "summary.json").read_text("utf-8"))


def test_parts_of_other_processes_are_counted(score, tmp_path):
    score()
    part = tmp_path / "scores" / "parts" / "part-00001.parquet"
    part.unlink()
    with claimed(part):
        code, output, _ = score()
    assert code == 1
    assert "1 parts are being scored by other processes." in output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--part", "3/2"), "A part is written I/N"),
        (("--part", "two"), "A part is written I/N"),
        (("--workers", "-1"), "At least one process"),
    ],
)
def test_wrong_numbers_are_refused_in_one_sentence(score, words, sentence):
    code, output, errors = score(*words)
    assert (code, output) == (1, "")
    assert errors.startswith(sentence)
    code, output, errors = score(*words, "--json")
    assert (code, errors) == (1, "")
    assert json.loads(output)["problem"].startswith(sentence)


def test_what_is_no_classifier_or_not_there_is_refused(score, tmp_path):
    save_model(tmp_path / "home" / "weights", tiny_models.autoencoder())
    assert "finds no classes" in score(model="tiny_cae")[2]
    assert "no model named other" in score(model="other")[2]
    assert "no folder and no data set" in score(source="nowhere")[2]


def test_ctrl_c_says_how_to_go_on(score, monkeypatch):
    def interrupted(chunks, setup, workers):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(part_scoring, "scored_chunks", interrupted)
    code, _, errors = score()
    assert code == 130
    assert "Run the same command again" in errors


def test_there_are_as_many_processes_as_cores_and_memory_allow(monkeypatch):
    monkeypatch.setattr(chunk_pool, "usable_cores", lambda: 8)
    for free, workers in ((100e9, 8), (3.5e9, 3), (1e8, 1)):
        monkeypatch.setattr(chunk_pool, "free_memory", lambda free=free: int(free))
        assert chunk_pool.default_workers() == workers
