"""Trainings in several processes of ``torchrun``."""

import os
import subprocess
import sys

import torch

from ecgapp.config import PROJECT
from ecgapp.storage import documents

PROGRAM = """
import os
import sys
from pathlib import Path
import torch
sys.path.insert(0, "tests/support")
from small_training import Recorder
from ecgapp import training
from ecgapp.config import Settings
from ecgapp.storage import documents
from ecgapp.training.parallel.process_group import joined
folder, settings, stop = Path(sys.argv[1]), Settings(Path(sys.argv[2])), int(sys.argv[3]) or None
configs = {path.stem: documents.load(training.TrainingConfig, path.read_text())
           for path in sorted(folder.glob("*.json"))}
try:
    with joined(gpu=any("cuda" in config.device for config in configs.values())) as processes:
        for name, config in configs.items():
            recorder = Recorder(stop if processes.is_leader else None)
            training.train(config, recorder, folder / name, settings, processes)
except training.Stopped:
    os.write(1, f"stopped {processes.rank}\\n".encode())  # at once: both write to the same pipe
threads = [name.read_text() for name in Path("/proc/self/task").glob("*/comm")]
sys.exit(sum("gloo" in name for name in threads))  # one alive may abort the interpreter's end
"""


def train_in_processes(configs, folder, settings, n_processes, stop=0):
    """The output of the processes, which train one config after another: ``name`` in ``folder/name``."""
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(documents.dump(config))
    program = folder / "program.py"
    program.write_text(PROGRAM)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_processes)]
    arguments = [str(program), str(folder), str(settings.home), str(stop)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *torchrun, *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_alike(one, other, tolerance):
    for name, weight in one.items():
        torch.testing.assert_close(weight, other[name], atol=tolerance, rtol=tolerance, msg=name)
