"""The time from a folder to the sorted worklist: ``python -m benchmarks.worklist --data FOLDER``.

FOLDER is that of the PhysioNet/CinC Challenge 2021. The first ten seconds of its twelve-lead records at
500 Hz are written as WFDB files; where they are fewer than asked for they are repeated, each time with
other noise of one microvolt, for an ECG is listed once. Each run begins with an empty home: the folder is
read as the page reads it, the scorers are started as the page starts them, and the clock stops when the
last record is scored and the list is sorted. Processor time is that of all processes together: on a
machine that does other work too it says more than the clock.
"""

import argparse
import itertools
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from benchmarks.table import Row, at_most, show, tell
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.records import LEADS, ECGRecord, fingerprint, read_record, write_wfdb
from ecgapp.records.grouping import grouped, in_folder
from ecgapp.worklist import ListView, Worklist, arranged
from ecgapp.worklist.intake import Intake
from ecgapp.worklist.scorer_pool import slots

SECONDS, RATE = 10.0, 500.0
NOISE = 0.001  # mV
TARGET = 180.0  # s for 1,000 records on two cores
MODEL = "nine_class"
LOOK = 0.1  # s


@dataclass(frozen=True)
class Run:
    """Seconds until all was scored and sorted, seconds of processors, and MB of the largest scorer."""

    wall: float
    cpu: float
    listing: float
    largest: float
    scored: int


def write_records(source: Path, folder: Path, n_records: int) -> int:
    """``n_records`` WFDB records in ``folder``; how many different ECGs they come from."""
    originals = list(itertools.islice(_originals(source), n_records))
    draw = np.random.default_rng(0)
    for number in range(n_records):
        record = originals[number % len(originals)]
        if number >= len(originals):
            noise = draw.integers(-1, 2, record.signal.shape) * NOISE
            record = replace(record, signal=record.signal + noise.astype(np.float32))
        write_wfdb(record, folder, f"r{number:05d}")
    return len(originals)


def _originals(source: Path) -> Iterator[ECGRecord]:
    seen = set()  # some are in two of the challenge's sources
    for header in sorted(source.rglob("*.hea")):
        try:
            record = read_record([header])
        except EcgAppError:
            continue
        if record.sampling_rate == RATE and record.leads == LEADS and record.duration >= SECONDS:
            first = np.nan_to_num(record.signal[:, : int(SECONDS * RATE)])
            cut = replace(record, signal=first, derived=frozenset(), codes=(), warnings=())
            if (key := fingerprint(cut)) not in seen:
                seen.add(key)
                yield cut


def run(folder: Path) -> Run:
    """Read and score the records in ``folder`` once, in an empty home."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        settings = Settings(Path(home))
        used, began = _cpu(), time.perf_counter()
        intake, worklist = Intake(settings), Worklist(settings)
        intake.add(grouped(in_folder(str(folder))), MODEL)
        largest = 0.0
        while intake.under_way or worklist.progress().waiting:
            largest = max(largest, *(_memory(child) for child in psutil.Process().children()), 0.0)
            time.sleep(LOOK)
        listing = time.perf_counter()
        listed = arranged(worklist.items(), ListView())
        ended = time.perf_counter()
        while psutil.Process().children():  # they linger for what may follow
            time.sleep(LOOK)
        scored = sum(item.state == "scored" for item in listed)
        return Run(ended - began, _cpu() - used, ended - listing, largest, scored)


def _cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _memory(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 1e6
    except psutil.Error:
        return 0.0


def rows(runs: Sequence[Run], n_records: int, n_ecgs: int) -> list[Row]:
    """The table's rows: medians, with the runs' range."""

    def row(what: str, values: Sequence[float], unit: str, how: str, most: float | None = None) -> Row:
        middle = median(values)
        digits = 0 if middle >= 10 else 2
        spread = f"{min(values):.{digits}f}-{max(values):.{digits}f} {unit}, {len(values)} runs"
        target = None if most is None else at_most(most, middle, unit)
        return Row(what, f"{middle:.{digits}f} {unit}", how, target, spread)

    most = TARGET * n_records / 1000
    how = f"{slots()} scorers of one thread each; {n_ecgs} different ECGs of {SECONDS:g} s at {RATE:g} Hz"
    return [
        row(f"from a folder of {n_records:,} to the sorted list", [r.wall for r in runs], "s", how, most),
        row("processor time of all processes", [r.cpu for r in runs], "s", "reading included"),
        row("the list read and sorted", [r.listing for r in runs], "s", "as each look at the page does"),
        row("memory of the largest scorer", [r.largest for r in runs], "MB", "resident"),
        row("records scored", [float(r.scored) for r in runs], "", "none may be lost"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worklist", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--records", type=int, default=1000, metavar="N")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        n_ecgs = write_records(options.data, Path(folder), options.records)
        runs = []
        for number in range(options.runs):
            runs.append(run(Path(folder)))
            tell(f"run {number + 1}: {runs[-1].wall:.0f} s, {runs[-1].cpu:.0f} s of processors")
    show("Worklist", rows(runs, options.records, n_ecgs))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
