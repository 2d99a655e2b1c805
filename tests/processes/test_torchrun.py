"""A training by ``torchrun`` goes on after the loss of a process and ends with the same weights."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import psutil
import pytest
from metric_files import read_metric
from run_processes import until
from small_training import PRETRAINING, small_settings

from ecgapp.config import PROJECT
from ecgapp.jobs import RunStore
from ecgapp.models import load_model
from ecgapp.storage import documents
from ecgapp.training.loop.checkpoint import CHECKPOINT

TOGETHER = replace(PRETRAINING, epochs=30, checkpoint_seconds=0.1, device="auto")


@contextmanager
def torchrun(home, config):
    """``torchrun`` on two processes of this training; it starts them again up to twice."""
    (home / "config.json").write_text(documents.dump(config))
    program = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*program, "--max-restarts", "2", "-m", "ecgapp", "train", str(home / "config.json")]
    surroundings = {
        "ECGAPP_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONPATH": str(PROJECT),
    }
    with subprocess.Popen(
        command, env=os.environ | surroundings, stdout=subprocess.PIPE, text=True
    ) as leader:
        yield leader
        leader.communicate()


def trained_in(runs):
    return load_model([runs.folder(runs.all()[0].id) / "result"], "small").card.sha256


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """The weights of two processes that nothing happens to."""
    settings = small_settings(tmp_path_factory.mktemp("whole"), n_records=20)
    with torchrun(settings.home, TOGETHER):
        pass
    return trained_in(RunStore(settings.runs))


def test_torchrun_takes_a_run_up_again_after_each_loss_and_ends_with_the_same_weights(
    uninterrupted, tmp_path
):
    settings = small_settings(tmp_path, n_records=20)
    runs = RunStore(settings.runs)

    def checkpoints():
        """When the run's checkpoint was written, if it was."""
        paths = [runs.folder(run.id) / CHECKPOINT for run in runs.all()]
        return {path.stat().st_mtime_ns for path in paths if path.exists()}

    with torchrun(settings.home, TOGETHER) as leader:
        for rank in ("0", "1"):
            before = checkpoints()
            until(lambda before=before: checkpoints() - before)
            processes = {p.environ()["RANK"]: p for p in psutil.Process(leader.pid).children()}
            processes[rank].kill()
            psutil.wait_procs(processes.values())
    (ended,) = runs.all()
    assert (ended.state, ended.device, ended.pid) == ("finished", "cpu+cpu", leader.pid)
    assert sum("Going on from" in line for line in runs.log_tail(ended.id, 10**6)) == 2
    steps = read_metric(runs, ended.id, "train/loss", 10**6).steps
    assert steps == tuple(range(1, len(steps) + 1))
    assert trained_in(runs) == uninterrupted
