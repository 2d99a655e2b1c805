"""A run in trouble says why it ended, what was saved is intact, and it goes on to the same weights."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from run_processes import QUICK, end_all
from small_training import FINETUNING, Recorder, change_store, small_settings, write_store

from ecgapp import training
from ecgapp.config import Settings
from ecgapp.datasets.manifest import MANIFEST, VERSION
from ecgapp.errors import StorageError
from ecgapp.jobs import NEW_RUN, RESUME, Run, RunStore
from ecgapp.storage import documents, files
from ecgapp.training import TrainingConfig
from ecgapp.training.loop.checkpoint import CHECKPOINT
from ecgapp.training.loop.learner import Learner
from ecgapp.worker import execute
from ecgapp.worker.reporter import RunReporter

WIDE = replace(FINETUNING.network.encoder, widths=(64, 64))
CONFIG = replace(
    FINETUNING, network=replace(FINETUNING.network, encoder=WIDE), epochs=2, checkpoint_seconds=0.0
)
N_RECORDS, MOMENT = 32, 4  # the trouble comes after so many steps
CPU_FULL = "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"


@pytest.fixture(scope="module")
def sha256(tmp_path_factory):
    """Of the weights that an untroubled training ends with."""
    home = tmp_path_factory.mktemp("home")
    settings = small_settings(home, N_RECORDS)
    return training.train(CONFIG, Recorder(), home / "run", settings).card.sha256


@pytest.fixture
def settings(tmp_path):
    return small_settings(tmp_path / "home", N_RECORDS)


@pytest.fixture
def store(settings):
    runs = RunStore(settings.runs, timing=QUICK)
    yield runs
    end_all(runs)


def started(store: RunStore, settings: Settings, config: TrainingConfig = CONFIG) -> Run:
    run = store.create(config.name, config.phase, "cpu", documents.dump(config))
    store.claim("cpu", run.id)
    return execute(store, run.id, settings)


def resumed(store: RunStore, run: Run, settings: Settings, monkeypatch) -> Run:
    with monkeypatch.context() as patched:
        patched.setattr(store, "start_next", lambda device: None)
        store.resume(run.id)
    store.claim("cpu", run.id)
    return execute(store, run.id, settings)


def weights(store: RunStore, run: Run) -> str:
    return json.loads((store.folder(run.id) / "result" / "small.json").read_text())["sha256"]


@pytest.fixture
def at_a_step(monkeypatch):
    """Lets something happen once, in the middle of a training."""

    def arrange(happen) -> None:
        asked = 0
        plain = RunReporter.should_stop

        def should_stop(self) -> bool:
            nonlocal asked
            asked += 1
            if asked == MOMENT:
                happen()
            return plain(self)

        monkeypatch.setattr(RunReporter, "should_stop", should_stop)

    return arrange


def check_message(store: RunStore, settings: Settings, run: Run, words: str) -> None:
    """The page reads it: one or two sentences, no path, and the events say the same."""
    shown = next(found for found in store.refresh() if found.id == run.id)
    assert words in shown.message, (shown.message, store.log_tail(run.id, technical=True))
    assert "/" not in shown.message
    assert store.events(run.id)[-1].text == shown.message


def test_a_disk_that_is_full_in_the_middle_of_a_checkpoint(store, settings, sha256, at_a_step, monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    at_a_step(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1])))  # really cuts the file
    try:
        run = started(store, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (store.folder(run.id) / CHECKPOINT).stat().st_size > 300_000
    assert run.state == "failed"
    check_message(store, settings, run, "Free space on the disk. Resume goes on")
    assert not list(store.folder(run.id).rglob("*.unfinished"))
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder]
    if os.name == "nt" or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("mounting is not permitted here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """To the last byte."""
    with (folder / "ballast").open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def test_a_disk_that_others_fill_to_the_last_byte(small_disk, sha256, at_a_step, monkeypatch):
    settings = small_settings(small_disk / "home", N_RECORDS)
    store = RunStore(settings.runs, timing=replace(QUICK, storage=60.0))
    soon = threading.Timer(1.5, (small_disk / "ballast").unlink)
    at_a_step(lambda: (fill(small_disk), soon.start()))
    run = started(store, settings)
    assert run.state == "failed"
    check_message(store, settings, run, "Free space on the disk. Resume goes on")
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_disk_that_stays_full_is_told_on_the_page_and_loses_nothing(
    small_disk, sha256, at_a_step, monkeypatch
):
    settings = small_settings(small_disk / "home", N_RECORDS)
    store = RunStore(settings.runs, timing=QUICK)
    at_a_step(lambda: fill(small_disk))
    with pytest.raises(StorageError, match="Free space on the disk"):
        started(store, settings)
    (small_disk / "ballast").unlink()
    monkeypatch.setattr("ecgapp.system.processes.is_alive", lambda *_: False)  # the run's process is this one
    run = store.refresh()[0]
    assert (run.state, run.resumable) == ("lost", True)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_folder_that_may_no_longer_be_written_to(store, settings, sha256, at_a_step, monkeypatch):
    plain = files.tempfile.mkstemp

    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(settings.home))

    at_a_step(lambda: setattr(files.tempfile, "mkstemp", refuse))
    try:
        run = started(store, settings)
    finally:
        files.tempfile.mkstemp = plain
    assert run.state == "failed"
    check_message(store, settings, run, "may write to its folder")
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_log_that_cannot_be_written_ends_no_run(store, settings, sha256, at_a_step):
    def take_the_log() -> None:
        log = store.log_path(store.all()[0].id)
        log.unlink()
        log.mkdir()

    at_a_step(take_the_log)
    run = started(store, settings)
    assert run.state == "finished"
    assert weights(store, run) == sha256


@pytest.mark.parametrize("gone", ["the run's", "the data set's"])
def test_a_folder_that_is_deleted_under_the_run_is_made_again_or_in_memory(
    store, settings, sha256, at_a_step, gone
):
    at_a_step(
        lambda: shutil.rmtree(
            store.folder(store.all()[0].id) if gone == "the run's" else settings.stores / "small"
        )
    )
    run = started(store, settings)
    assert run.state == "finished", run.message
    assert weights(store, run) == sha256


def test_sigterm_writes_a_checkpoint_and_ends_the_run(store, settings, sha256, at_a_step, monkeypatch):
    at_a_step(lambda: signal.raise_signal(signal.SIGTERM))
    run = started(store, settings)
    assert run.state == "stopped"
    check_message(store, settings, run, "Stopped on request")
    again = resumed(store, run, settings, monkeypatch)
    assert any("Going on from epoch 1, step" in line for line in store.log_tail(run.id))
    assert again.state == "finished"
    assert weights(store, run) == sha256


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError(), RuntimeError(CPU_FULL)], ids=repr
)
def test_memory_that_runs_out(store, settings, sha256, monkeypatch, error):
    step = Learner.step

    def fail(self, number, *batch):
        if number == MOMENT:
            raise error
        return step(self, number, *batch)

    with monkeypatch.context() as patched:
        patched.setattr(Learner, "step", fail)
        run = started(store, settings)
    assert run.state == "failed"
    check_message(store, settings, run, "memory")
    assert "smaller batch size" in run.message
    assert run.message.endswith(NEW_RUN)
    assert (run.resumable, run.resume_helps) == (True, False)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_loss_that_is_no_number_is_told_with_what_helps_and_a_resume_repeats_it(
    store, settings, monkeypatch
):
    run = started(store, settings, replace(CONFIG, learning_rate=1e30, clip_gradient=0.0))
    check_message(store, settings, run, "no longer a number. Choose a lower learning rate. A resume would")
    assert (run.state, run.resume_helps) == ("failed", False)
    again = resumed(store, run, settings, monkeypatch)
    assert (again.state, again.message, again.resume_helps) == ("failed", run.message, False)


@pytest.fixture
def stopped(store, settings, at_a_step, monkeypatch):
    """A run that was stopped in the middle."""
    at_a_step(lambda: signal.raise_signal(signal.SIGTERM))
    return started(store, settings)


def test_a_data_set_that_is_removed_and_imported_again_between_stop_and_resume(
    store, settings, stopped, sha256, monkeypatch
):
    shutil.rmtree(settings.stores / "small")
    run = resumed(store, stopped, settings, monkeypatch)
    assert run.state == "failed"
    check_message(store, settings, run, "no data set of this name. Import it first. Resume goes on")
    write_store(settings.stores / "small", N_RECORDS)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def damage_a_file(folder: Path) -> None:
    """As a disk does: same size, other content."""
    shard = next(folder.glob("signals-*.npy"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")


def test_a_data_set_that_is_damaged_between_stop_and_resume_helps_once_it_is_imported_again(
    store, settings, stopped, sha256, monkeypatch
):
    damage_a_file(settings.stores / "small")
    run = resumed(store, stopped, settings, monkeypatch)
    check_message(store, settings, run, "damaged or incomplete. Import it again. Resume goes on")
    assert (run.state, run.resume_helps) == ("failed", True)
    shutil.rmtree(settings.stores / "small")
    write_store(settings.stores / "small", N_RECORDS)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_lead_that_the_data_set_lacks_needs_other_settings(store, settings):
    elsewhere = replace(CONFIG.preprocessing, leads=("I", "V1"))
    run = started(store, settings, replace(CONFIG, preprocessing=elsewhere))
    check_message(store, settings, run, f"no lead V1. Choose other leads or another data set. {NEW_RUN}")
    assert (run.state, run.resume_helps) == ("failed", False)


def test_a_device_that_is_not_there_may_come_back(store, settings, stopped, sha256, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(sys.modules["ecgapp.training.devices"], "devices", lambda: ("cuda:0",))
        run = resumed(store, stopped, settings, monkeypatch)
    check_message(store, settings, run, "no device cpu; it has cuda:0. Resume goes on")
    assert (run.state, run.resume_helps) == ("failed", True)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_pretrained_model_that_is_removed_and_installed_again_between_stop_and_resume(
    store, settings, at_a_step, monkeypatch
):
    base = replace(CONFIG, name="base", phase="pretrain", network=WIDE, label_columns=())
    training.train(base, Recorder(), settings.home / "base", settings)
    installed = shutil.copytree(settings.home / "base" / "result", settings.weights, dirs_exist_ok=True)
    config = replace(CONFIG, initialisation="transfer", pretrained="base")
    at_a_step(lambda: signal.raise_signal(signal.SIGTERM))
    run = started(store, settings, config)
    assert run.state == "stopped", run.message
    away = installed.rename(settings.home / "away")
    run = resumed(store, run, settings, monkeypatch)
    check_message(store, settings, run, "no model named base on this machine. Resume goes on")
    assert (run.state, run.resume_helps) == ("failed", True)
    away.rename(installed)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert any("Going on from epoch 1, step" in line for line in store.log_tail(run.id))
    whole = training.train(config, Recorder(), settings.home / "whole", settings)
    assert weights(store, run) == whole.card.sha256


def test_a_run_to_transfer_from_that_has_no_model_needs_other_settings(store, settings):
    config = replace(CONFIG, initialisation="transfer", pretrained="run:0123456789ab")
    run = started(store, settings, config)
    check_message(store, settings, run, f"has no model. Choose one that has finished. {NEW_RUN}")
    assert (run.state, run.resume_helps) == ("failed", False)


@pytest.mark.parametrize("newer", [True, False])
def test_a_data_set_of_another_version_helps_once_the_app_is_updated_where_that_is_newer(
    store, settings, stopped, sha256, monkeypatch, newer
):
    manifest = settings.stores / "small" / MANIFEST
    plain = manifest.read_text()
    manifest.write_text(
        plain.replace(f'"version": {VERSION}', f'"version": {VERSION + (1 if newer else -1)}')
    )
    run = resumed(store, stopped, settings, monkeypatch)
    check_message(store, settings, run, f"Update the app. {RESUME}" if newer else f"again. {NEW_RUN}")
    assert (run.state, run.resume_helps) == ("failed", newer)
    manifest.write_text(plain)
    assert resumed(store, run, settings, monkeypatch).state == "finished"
    assert weights(store, run) == sha256


def test_a_data_set_that_changed_between_stop_and_resume(store, settings, stopped, monkeypatch):
    kept = (store.folder(stopped.id) / CHECKPOINT).read_bytes()
    change_store(settings)
    run = resumed(store, stopped, settings, monkeypatch)
    assert run.state == "failed"
    check_message(store, settings, run, "the data changed since this training began. A resume would")
    assert not run.resume_helps
    assert (store.folder(run.id) / CHECKPOINT).read_bytes() == kept


def test_a_damaged_checkpoint_gives_way_to_the_one_before_and_the_log_says_so(
    store, settings, stopped, sha256, monkeypatch
):
    path = store.folder(stopped.id) / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-1000])
    run = resumed(store, stopped, settings, monkeypatch)
    assert any("The last checkpoint is damaged." in line for line in store.log_tail(run.id))
    assert run.state == "finished"
    assert weights(store, run) == sha256
