"""The most memory that a training takes: each contestant in a process of its own."""

import multiprocessing
import resource
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch

from benchmarks.table import Row
from benchmarks.training.contestants import makers
from ecgapp.system.memory import keep_freed_memory
from ecgapp.training import TrainingConfig
from ecgapp.training.devices import resolve_device

STEPS = 3
_MEGABYTE = 1e6


def peak_memory(config: TrainingConfig, place: int) -> tuple[str, float]:
    """A contestant's name, and the most bytes that a few of its steps take, beside the program itself.

    On a GPU those of its tensors; on a CPU those of this process, which must be a new one.
    """
    device = resolve_device(config.device)
    keep_freed_memory()
    program = peak_bytes()
    contestant = makers(config)[place]()
    windows = torch.randn(config.batch_size, 1, config.preprocessing.window)
    for _ in range(STEPS):
        contestant.step(windows)
    if device.type == "cuda":
        return contestant.name, float(torch.cuda.max_memory_allocated(device))
    return contestant.name, float(peak_bytes() - program)


def peak_bytes() -> int:
    """The most that this process has held at once.

    The kernel's own line is read where there is one: what ``getrusage`` says begins, after a fork and an
    exec, at what the parent held.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory_rows(config: TrainingConfig) -> list[Row]:
    """One row a contestant."""
    rows = []
    for place in range(len(makers(config))):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            name, most = pool.submit(peak_memory, config, place).result()
        how = f"beside the program, after {STEPS} steps of {config.batch_size} windows"
        rows.append(Row(f"peak memory, {name}", f"{most / _MEGABYTE:,.0f} MB", how))
    return rows
