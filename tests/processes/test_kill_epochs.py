"""A checkpoint leaves no epoch behind whose numbers are lost, whatever happens to the list of runs."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from run_processes import end_all
from small_training import COLUMNS, FINETUNING, small_settings

from ecgapp.config import PROJECT, Settings
from ecgapp.jobs import Run, RunStore, metric_names
from ecgapp.storage import documents
from ecgapp.worker import execute
from ecgapp.worker.reporter import UNWRITTEN

CONFIG = replace(FINETUNING, epochs=4, checkpoint_seconds=0.0)
SERIES = (
    metric_names.TRAIN_LOSS,
    metric_names.VALIDATION_LOSS,
    metric_names.F1,
    *(metric_names.F1_OF_LABEL + name for name in COLUMNS),
)


def claimed(settings: Settings) -> tuple[RunStore, Run]:
    store = RunStore(settings.runs)
    run = store.create(CONFIG.name, CONFIG.phase, "cpu", documents.dump(CONFIG))
    return store, store.claim("cpu", run.id) or run


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    """As in the process that dies: with another number of threads the last bits differ."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def untroubled(tmp_path_factory):
    """Each series of a run that has no trouble."""
    settings = small_settings(tmp_path_factory.mktemp("home"), 20)
    store, run = claimed(settings)
    execute(store, run.id, settings)
    return {name: store.metrics(run.id, name) for name in SERIES}


def die_in_trouble(settings: Settings, run_id: str, moment: str) -> None:
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(PROJECT)}
    script = PROJECT / "tests" / "support" / "kill_epochs.py"
    done = subprocess.run(
        [sys.executable, script, settings.home, run_id, moment],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == -9, done.stderr


@pytest.mark.parametrize("moments", [("2",), ("1", "3"), ("model",)], ids="-".join)
def test_all_epochs_have_their_numbers_though_the_list_could_not_be_written_and_the_process_was_killed(
    tmp_path, monkeypatch, untroubled, moments
):
    monkeypatch.setattr(RunStore, "start_next", lambda *_: None)
    settings = small_settings(tmp_path / "home", 20)
    store, run = claimed(settings)
    for moment in moments:
        die_in_trouble(settings, run.id, moment)
        assert store.metrics(run.id, metric_names.F1).steps == ()
        assert store.refresh()[0].state == "lost"
        store.resume(run.id)
        store.claim("cpu", run.id)
    ended = execute(store, run.id, settings)
    assert (ended.state, ended.done) == ("finished", 4), ended.message
    assert any("Going on from epoch" in line for line in store.log_tail(run.id)) == (moments != ("model",))
    for name, series in untroubled.items():
        found = store.metrics(run.id, name)
        assert found.steps == series.steps == (1, 2, 3, 4), name
        assert found.values == series.values, name
    assert not (store.folder(run.id) / UNWRITTEN).exists()
    end_all(store)
