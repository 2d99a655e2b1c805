"""What a run's process takes of the machine right now. No Streamlit here."""

import shutil
import subprocess
import time
from dataclasses import dataclass

import psutil

from ecgapp.jobs import Run
from ecgapp.jobs.process import is_alive

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Reading:
    """One look at a process: processor seconds so far, memory in bytes, and when."""

    run_id: str
    time: float
    cpu_seconds: float
    memory: int


@dataclass(frozen=True)
class GPUReading:
    """One look at a graphics card: share of time in use, memory in MiB."""

    percent: float
    used: float
    total: float


def read_process(run: Run) -> Reading | None:
    """The run's process and its children, or None where it does not live (any more)."""
    if run.pid is None or not is_alive(run.pid, run.process_started):
        return None
    try:
        process = psutil.Process(run.pid)
        family = [process, *process.children(recursive=True)]
        seconds = sum(sum(member.cpu_times()[:2]) for member in family)
        memory = sum(member.memory_info().rss for member in family)
    except psutil.Error:
        return None
    return Reading(run.id, time.monotonic(), seconds, memory)


def cores_in_use(before: Reading | None, now: Reading) -> float | None:
    """How many processor cores were busy between two looks at the same run."""
    if before is None or before.run_id != now.run_id or now.time <= before.time:
        return None
    return max(0.0, (now.cpu_seconds - before.cpu_seconds) / (now.time - before.time))


def read_gpu(device: str) -> GPUReading | None:
    """The graphics card ``cuda:<index>``, or None for the CPU or where the driver does not tell."""
    program = shutil.which("nvidia-smi")
    kind, _, index = device.partition(":")
    if kind != "cuda" or program is None or not index.isdigit():
        return None
    query = "--query-gpu=utilization.gpu,memory.used,memory.total"
    command = [program, "-i", index, query, "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_gpu(answer.stdout)


def parse_gpu(line: str) -> GPUReading | None:
    """``37, 1024, 81559``: percent, MiB used, MiB in all; None for ``[N/A]`` and the like."""
    try:
        percent, used, total = (float(part) for part in line.strip().split(","))
    except ValueError:
        return None
    return GPUReading(percent, used, total)


def use_words(before: Reading | None, now: Reading | None, gpu: GPUReading | None) -> str:
    """One line for the page, e.g. ``1.9 of 2 cores, 812 MB memory``."""
    if now is None:
        return "no process at work"
    cores, n_cores = cores_in_use(before, now), psutil.cpu_count() or 1
    parts = ["measuring the processor" if cores is None else f"{cores:.1f} of {n_cores} cores"]
    parts.append(f"{now.memory / MEBIBYTE:,.0f} MB memory")
    if gpu is not None:
        parts.append(f"GPU {gpu.percent:.0f} %, {gpu.used:,.0f} of {gpu.total:,.0f} MB")
    return ", ".join(parts)
