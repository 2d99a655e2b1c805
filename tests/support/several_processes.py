"""One training in several processes of ``torchrun``."""

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
config = documents.load(training.TrainingConfig, Path(sys.argv[1]).read_text())
try:
    with joined(gpu="cuda" in config.device) as processes:
        recorder = Recorder(int(sys.argv[4]) or None if processes.is_leader else None)
        training.train(config, recorder, Path(sys.argv[2]), Settings(Path(sys.argv[3])), processes)
except training.Stopped:
    os.write(1, f"stopped {processes.rank}\\n".encode())  # at once: both write to the same pipe
threads = [name.read_text() for name in Path("/proc/self/task").glob("*/comm")]
sys.exit(sum("gloo" in name for name in threads))  # one alive may abort the interpreter's end
"""


def train_in_processes(config, folder, settings, n_processes, stop=0):
    """The output of the processes; the model lies in ``folder``."""
    document = folder.parent / f"{folder.name}.json"
    document.write_text(documents.dump(config))
    program = folder.parent / "program.py"
    program.write_text(PROGRAM)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n_processes)]
    arguments = [str(program), str(document), str(folder), str(settings.home), str(stop)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *torchrun, *arguments]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_alike(one, other, tolerance):
    for name, weight in one.items():
        torch.testing.assert_close(weight, other[name], atol=tolerance, rtol=tolerance, msg=name)
