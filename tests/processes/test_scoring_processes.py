"""Archives are scored by several processes: the same bytes as by one, and no record twice or not at all."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from archives import MODEL, contents, scored, write_archive
from run_processes import until
from worklists import small_home

from ecgapp.config import PROJECT, Settings
from ecgapp.scoring import part_scoring, scoring_plan

N, CHUNK = 14, 2


@pytest.fixture
def folder(tmp_path):
    """An archive and a home with the classifier."""
    write_archive(tmp_path / "archive", N)
    small_home(tmp_path / "home")
    return tmp_path


@pytest.fixture
def settings(folder, monkeypatch):
    for module in (scoring_plan, part_scoring):
        monkeypatch.setattr(module, "CHUNK_RECORDS", CHUNK)
    return small_home(folder / "home")


def descendants():
    return psutil.Process().children(recursive=True)


def test_after_many_kills_every_part_was_written_once_and_is_the_same_to_the_byte(folder):
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)}
    program = Path(__file__).parent.parent / "support" / "killing_scores.py"
    command = [sys.executable, program, folder, "10"]
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["killed"] >= 5
    assert report["written"] == {f"part-{part:05d}.parquet": 1 for part in range(N // CHUNK)}
    assert (report["same"], report["missing"], report["left"]) == (True, [], [])


def test_two_processes_write_the_bytes_of_one_although_one_is_killed(folder, settings):
    scored(folder / "archive", folder / "one", settings)
    before = {process.pid for process in descendants()}
    killed = []

    def kill_one(done, total):
        fresh = [
            process for process in descendants() if process.pid not in before and process.children() == []
        ]
        if not killed and fresh:
            fresh[-1].send_signal(signal.SIGKILL)
            killed.append(fresh[-1].pid)

    report = scored(folder / "archive", folder / "two", settings, workers=2, follow=kill_one)
    assert killed
    assert (report.complete, report.n_records) == (True, N)
    assert contents(folder / "two") == contents(folder / "one")


def test_ctrl_c_ends_the_command_and_its_processes_and_it_goes_on_later(folder):
    write_archive(folder / "archive", 40)
    command = [sys.executable, "-m", "ecgapp", "score", folder / "archive", "--model", MODEL]
    command += ["--out", folder / "scores", "--workers", "2"]
    surroundings = {**os.environ, "ECGAPP_HOME": str(folder / "home")}
    running = subprocess.Popen(
        command, env=surroundings, cwd=PROJECT, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    )  # fmt: skip
    until(lambda: list((folder / "scores").glob("parts/part-*.parquet")) != [])
    family = psutil.Process(running.pid).children(recursive=True)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=120)
    assert (running.returncode, told.splitlines()[-1][:12]) == (130, "Interrupted.")
    limit = time.monotonic() + 60
    while any(process.is_running() for process in family) and time.monotonic() < limit:
        time.sleep(0.1)
    assert not any(process.is_running() for process in family)
    assert scored(folder / "archive", folder / "scores", Settings(folder / "home")).complete
    numbers = [
        number
        for path in sorted((folder / "scores" / "parts").iterdir())
        for number in pq.read_table(path, columns=["record"])["record"].to_pylist()
    ]
    assert numbers == list(range(1, 41))
