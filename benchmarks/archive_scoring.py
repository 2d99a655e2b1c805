"""Scoring an archive by one process and by several: ``python -m benchmarks.archive_scoring --data FOLDER``.

FOLDER is that of the PhysioNet/CinC Challenge 2021, and its records are repeated as ``benchmarks.worklist``
repeats them. Each run is the command itself, start of Python included, into a new output folder. Runs with
one process and with several alternate, so that other work on the machine meets both. Processor time is that
of all processes together. What ``--workers`` processes would reach on idle cores is bounded by their number
times the processor time of one, divided by theirs; it is the figure to read on a machine that does other
work too.
"""

import argparse
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from benchmarks.table import Row, at_least, show, tell
from benchmarks.worklist import MODEL, RATE, SECONDS, write_records
from ecgapp.config import PROJECT

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
TARGET = 1.7  # times as fast with two processes as with one


@dataclass(frozen=True)
class Run:
    """Seconds of the clock and of processors, and the content of the parts' files."""

    wall: float
    cpu: float
    parts: tuple[bytes, ...]


def run(source: Path, out: Path, home: Path, workers: int) -> Run:
    """Score ``source`` once."""
    command = [sys.executable, "-m", "ecgapp", "score", str(source), "--model", MODEL, "--out", str(out)]
    surroundings = {**os.environ, "ECGAPP_HOME": str(home)}
    used, begun = _cpu(), time.perf_counter()
    subprocess.run([*command, "--workers", str(workers)], env=surroundings, cwd=PROJECT, check=True)
    wall = time.perf_counter() - begun
    _wait_for_orphans()
    return Run(wall, _cpu() - used, tuple(path.read_bytes() for path in sorted((out / "parts").iterdir())))


def _adopt_orphans() -> None:
    """Let the processes whose parents end become children of this one, so that their time is counted."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_orphans() -> None:
    """Wait until all children have ended, those of other processes too."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _cpu() -> float:
    """Processor seconds of all processes that this one started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def once_each(out: Path, n_records: int) -> bool:
    """Whether every record stands in exactly one row."""
    tables = [pq.read_table(path, columns=["record"]) for path in sorted((out / "parts").iterdir())]
    numbers = [number for table in tables for number in table["record"].to_pylist()]
    return sorted(numbers) == list(range(1, n_records + 1))


def rows(one: Sequence[Run], several: Sequence[Run], workers: int, complete: bool) -> list[Row]:
    """The table's rows: medians, with the runs' range."""
    walls = [[each.wall for each in runs] for runs in (one, several)]
    cpus = [[each.cpu for each in runs] for runs in (one, several)]
    ratio = median(walls[0]) / median(walls[1])
    bound = workers * median(cpus[0]) / median(cpus[1])
    same = len({each.parts for each in (*one, *several)}) == 1
    sample = f"{len(one)} runs each"

    def seconds(values: Sequence[float]) -> str:
        return f"{median(values):.0f} s ({min(values):.0f}-{max(values):.0f})"

    return [
        Row("time, one process", seconds(walls[0]), "the command, from start to end", None, sample),
        Row(f"time, {workers} processes", seconds(walls[1]), "the same", None, sample),
        Row("times as fast", f"{ratio:.2f}", "ratio of the medians", at_least(TARGET, ratio), sample),
        Row("processor time, one process", seconds(cpus[0]), "all processes together", None, sample),
        Row(f"processor time, {workers} processes", seconds(cpus[1]), "all together", None, sample),
        Row("times as fast on idle cores, at most", f"{bound:.2f}", "from processor times", None, sample),
        Row("every record once", "yes" if complete else "no", "rows of all parts", None, sample),
        Row("files the same to the byte", "yes" if same else "no", "all runs", None, sample),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive_scoring", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--records", type=int, default=1000, metavar="N")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    options = parser.parse_args(arguments)
    _adopt_orphans()
    with tempfile.TemporaryDirectory() as name:
        folder, one, several, complete = Path(name), [], [], True
        n_ecgs = write_records(options.data, folder / "archive", options.records)
        for number in range(options.runs):
            for workers, runs in ((1, one), (options.workers, several)):
                out = folder / f"scores-{workers}-{number}"
                runs.append(run(folder / "archive", out, folder / "home", workers))
                complete &= once_each(out, options.records)
                tell(f"{workers} processes: {runs[-1].wall:.0f} s, {runs[-1].cpu:.0f} s of processors")
    notes = [f"{options.records:,} records from {n_ecgs} ECGs of {SECONDS:g} s at {RATE:g} Hz, {MODEL}."]
    show("Scoring an archive", rows(one, several, options.workers, complete), notes)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
