"""A run's process is killed as the system kills: the page tells, and resume ends with the same weights."""

import json
import os
import signal
import sys
import time
from dataclasses import replace

import pytest
import torch
from metric_files import read_metric
from run_processes import end_all, until
from small_training import FINETUNING, Recorder, small_settings

from ecgapp import training
from ecgapp.jobs import RunStore, metric_names
from ecgapp.storage import documents
from ecgapp.training.loop.checkpoint import CHECKPOINT

CONFIG = replace(FINETUNING, epochs=80, checkpoint_seconds=0.2)
TOLD_WITHIN = 10.0  # seconds


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home")


@pytest.fixture
def store(settings, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    runs = RunStore(settings.runs)
    yield runs
    end_all(runs)


def shown(store: RunStore, run_id: str):
    """As a page looks at it."""
    return next(run for run in store.refresh() if run.id == run_id)


def test_a_worker_killed_in_the_middle_of_an_epoch_is_lost_within_seconds_and_resumes_to_the_same_weights(
    store, settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # sums in another order round otherwise
    run = store.create(CONFIG.name, CONFIG.phase, "cpu", documents.dump(CONFIG))
    store.launch(run.id)
    path = store.folder(run.id) / CHECKPOINT
    for kill in range(2):
        before = path.stat().st_mtime_ns if kill else 0
        until(lambda: shown(store, run.id).state == "running")
        until(lambda since=before: path.exists() and path.stat().st_mtime_ns > since)
        os.kill(store.get(run.id).pid, signal.SIGKILL)
        killed = time.time()
        until(lambda: shown(store, run.id).state == "lost")
        lost = store.get(run.id)
        assert lost.ended - killed < TOLD_WITHIN
        assert "killed" in lost.message
        assert "/" not in lost.message
        store.resume(run.id)
    until(lambda: shown(store, run.id).ended_for_now)
    assert shown(store, run.id).state == "finished", store.log_tail(run.id, technical=True)
    assert sum("Going on from" in line for line in store.log_tail(run.id, 1000)) == 2
    epochs = read_metric(store, run.id, metric_names.TRAIN_LOSS, 10**6).steps
    assert epochs == tuple(range(1, CONFIG.epochs + 1))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    straight = training.train(CONFIG, Recorder(), tmp_path / "straight", settings).card
    torch.set_num_threads(threads)
    card = json.loads((store.folder(run.id) / "result" / "small.json").read_text())
    assert card["sha256"] == straight.sha256
