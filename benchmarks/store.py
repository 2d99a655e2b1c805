"""The scaling of data sets: ``python -m benchmarks.store [--data FOLDER] [--records 10000 100000 1000000]``.

Stores of the numbers asked for are simulated (``simulated.py``), each is looked at by a fresh process,
and what must not grow with them is compared. Then every source in FOLDER is imported by one process
and by two, PTB-XL once more with each record repeated four times, and its store is read in training order:
64 random records at a time. Memory is a process's own: file pages that the system keeps are not counted.
Sampling reads the same records again, from memory: how soon a disk gives them for the first time is its
own affair, and depends on whether all of a store fits into the memory of the machine.
"""

import argparse
import csv
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import psutil

from benchmarks.simulated import simulate
from benchmarks.table import Row, at_least, at_most, show, tell
from ecgapp.datasets import LAYOUTS, DatasetStore, ImportOptions, check_patient_folds, import_dataset
from ecgapp.errors import EcgAppError
from ecgapp.tasks import task

T = TypeVar("T")
BATCH, BATCHES = 64, 30
FOLDERS = {"challenge2021": "challenge"}  # others are named after their layout
TARGET = "ptb-xl"


@dataclass(frozen=True)
class Look:
    """The times and memory of a fresh process that opens a store; ms and MB."""

    opening: float
    rows: float
    leaks: float
    targets: float
    record: float
    sampling: float  # records a second
    memory_open: float
    memory_sampling: float


@dataclass(frozen=True)
class Imported:
    """Records, how many a second (``cpu``: of this process's own time), and the peak of memory in MB."""

    n: int
    wall: float
    cpu: float
    peak: float


def look(path: Path, other: Path) -> Look:
    """Open the store at ``path`` and use it as a training does, after ``other`` has loaded all modules."""
    read_at_random(DatasetStore.open(other))
    before = _memory("RssAnon")
    opening, store = _timed(lambda: DatasetStore.open(path))
    opened = _memory("RssAnon")
    sampling = read_at_random(store)
    sampled = _memory("RssAnon")
    rows, _ = _timed(lambda: store.rows((1, 2, 3, 4, 5, 6, 7, 8)))
    leaks, _ = _timed(lambda: check_patient_folds([store]))
    targets, _ = _timed(lambda: store.targets(task("ptbxl_superclass")))
    record, _ = _timed(lambda: store.record(len(store) // 2))
    return Look(opening, rows, leaks, targets, record, sampling, opened - before, sampled - opened)


def simulated(path: Path, n: int) -> float:
    """Make such a store; the most memory that this took, in MB."""
    simulate(path, n)
    return _memory("VmHWM")


def read_at_random(store: DatasetStore) -> float:
    """Records a second, in batches as a training draws them from all records.

    The best of three rounds over the same records, after one that brings them into memory.
    """
    rows = np.random.default_rng(0).integers(len(store), size=(BATCHES, BATCH))
    rates = []
    for _ in range(4):
        begun = time.perf_counter()
        for chosen in rows:
            for _ in store.batches(chosen, BATCH):
                pass
        rates.append(rows.size / (time.perf_counter() - begun))
    return max(rates[1:])


def imported(layout: str, source: Path, destination: Path, workers: int) -> Imported:
    """Import ``source``, and say how that went."""
    begun, used = time.perf_counter(), time.process_time()
    report = import_dataset(layout, source, destination, ImportOptions(workers=workers))
    wall, cpu = time.perf_counter() - begun, time.process_time() - used
    return Imported(report.read, report.read / wall, report.read / cpu, _memory("VmHWM"))


def repeated(source: Path, folder: Path, times: int) -> Path:
    """PTB-XL at ``source`` with every line of its table ``times`` times; the signals are linked."""
    folder.mkdir(parents=True)
    for records in source.glob("records*"):
        (folder / records.name).symlink_to(records.resolve(), target_is_directory=True)
    with (source / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    with (folder / "ptbxl_database.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        for number in range(times):
            writer.writerows({**line, "ecg_id": int(line["ecg_id"]) + number * 100_000} for line in lines)
    return folder


def store_rows(sizes: Sequence[int], folder: Path) -> list[Row]:
    """The figures that must not grow with a store, at each size."""
    looks, peaks = [], []
    for n in sizes:
        tell(f"Simulating {n:,} records ...")
        peaks.append(_fresh(simulated, folder / f"s{n}", n))
        looks.append(_fresh(look, folder / f"s{n}", folder / f"s{sizes[0]}"))
    sample = " / ".join(f"{n:,}" for n in sizes) + " records"

    def row(what: str, value: Callable[[Look], float], how: str, most: float | None = None) -> Row:
        values = [value(each) for each in looks]
        words = " / ".join(f"{number:,.1f}" for number in values)
        return Row(what, words, how, None if most is None else at_most(most, values[-1]), sample)

    assembled = " / ".join(f"{peak - peaks[0]:,.0f}" for peak in peaks)
    return [
        Row(
            "memory of assembling, MB",
            assembled,
            "the most that there was, beyond the smallest store's",
            at_most(50, peaks[-1] - peaks[0]),
            sample,
        ),
        row("opening a store, ms", lambda each: each.opening, "its manifest is read, its index mapped", 100),
        row("memory after opening, MB", lambda each: each.memory_open, "of the process itself", 50),
        row("the rows of eight folds, ms", lambda each: each.rows, "one column"),
        row("patients in two folds, ms", lambda each: each.leaks, "64-bit keys, sorted", 2000),
        row("targets of all records, ms", lambda each: each.targets, "once for each kind of record"),
        row("one record with its names, ms", lambda each: each.record, "one group of a thousand names"),
        row(
            "sampling, records/s",
            lambda each: each.sampling,
            f"{BATCH} at random, 12 leads, 10 s, warm files",
        ),
        row(
            "memory of sampling, MB",
            lambda each: each.memory_sampling,
            "beyond what the smallest store took",
            50,
        ),
    ]


def import_rows(data: Path, folder: Path) -> list[Row]:
    """Records a second of each source in ``data``, by one process and by two; PTB-XL's memory and reading."""
    sources = sorted(path for path in data.iterdir() if FOLDERS.get(path.name, path.name) in LAYOUTS)
    rows = []
    for source in sources:
        layout = FOLDERS.get(source.name, source.name)
        tell(f"Importing {source.name} ...")
        if layout == TARGET:  # enough records for several parts
            source = repeated(source, folder / "source-several", 6)
        one, two = (
            _fresh(imported, layout, source, folder / f"{layout}-{workers}", workers) for workers in (1, 2)
        )
        words = f"{one.wall:,.0f} / {two.wall:,.0f}; {one.cpu:,.0f} a second of one core"
        target = at_least(400, max(one.wall, two.wall)) if layout == TARGET else None
        how = "one process / two; start of the second and the report included"
        rows.append(Row(f"import of {layout}, records/s", words, how, target, f"{one.n:,}"))
    if (data / TARGET).is_dir():
        rows += ptb_xl_rows(data / TARGET, folder)
    return rows


def ptb_xl_rows(source: Path, folder: Path) -> list[Row]:
    """The memory of an import, and reading its store in training order."""
    looks = []
    for times in (1, 4, 16):
        tell(f"Importing PTB-XL {times} times over ...")
        tables = repeated(source, folder / f"source-{times}", times)
        looks.append(_fresh(imported, TARGET, tables, folder / f"times-{times}", 1))
    sample = " / ".join(f"{each.n:,}" for each in looks) + " records"
    peaks = " / ".join(f"{each.peak:,.0f}" for each in looks)
    reading = _fresh(_reading, folder / "times-4")
    return [
        Row("peak memory of an import, MB", peaks, "one process, the program itself included", None, sample),
        Row(
            "reading in training order, records/s",
            f"{reading:,.0f}",
            f"{BATCH} at random, 12 leads, 10 s at 100 Hz, to float32",
            at_least(10_000, reading),
            f"{BATCH * BATCHES:,}",
        ),
    ]


def _reading(path: Path) -> float:
    return read_at_random(DatasetStore.open(path))


def _memory(kind: str) -> float:
    """MB of this process: ``RssAnon``, which are no file's pages, or ``VmHWM``, the most that there were.

    Where the system does not tell, all that there are; ``getrusage`` would add its parent's peak.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
        return int(lines[kind].split()[0]) / 1024
    return psutil.Process().memory_info().rss / 2**20


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = act()
    return 1000 * (time.perf_counter() - begun), result


def _fresh(act: Callable[..., T], *arguments: object) -> T:
    """The result of ``act`` in a new process, whose memory is its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(act, *arguments).result()


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.store", description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of unpacked sources, named as their layouts")
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        try:
            rows = store_rows(arguments.records, Path(folder))
            rows += import_rows(arguments.data, Path(folder)) if arguments.data else []
        except EcgAppError as error:
            sys.exit(str(error))
    show("Data sets that grow", rows)


if __name__ == "__main__":
    main()
