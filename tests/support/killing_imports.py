"""Run as a program: imports SOURCE again and again, and kills each attempt at a random moment.

Attempts are forks of this one process, so each costs what it does and no start of Python. Where an
attempt was quicker than its kill, its store is checked against the first one and taken away.
"""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from ecgapp.datasets import DatasetStore, ImportOptions, import_dataset
from ecgapp.datasets.importing import importer, unfinished


def attempt(source: Path, destination: Path) -> int:
    """The process id of an import that has just begun."""
    child = os.fork()
    if child == 0:
        try:
            import_dataset("ptb-xl", source, destination, ImportOptions(workers=1))
        finally:
            os._exit(0)
    return child


def main(source: Path, destination: Path, kills: int, part: int) -> None:
    """Prints how many attempts were killed while they ran, and how many came through."""
    importer.PART_RECORDS = unfinished.PART_RECORDS = part
    os.fsync = lambda descriptor: (
        None
    )  # a killed process leaves its files to the system, which does not forget
    begun = time.monotonic()
    os.waitpid(attempt(source, destination.with_name("whole")), 0)
    whole = time.monotonic() - begun
    expected = DatasetStore.open(destination.with_name("whole")).manifest.digest
    draw, killed, finished = random.Random(0), 0, 0
    while killed < kills:
        child = attempt(source, destination)
        time.sleep(draw.uniform(0, whole))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        killed += os.WIFSIGNALED(status)
        if destination.exists():
            assert DatasetStore.open(destination).manifest.digest == expected, "another store"
            shutil.rmtree(destination)
            finished += 1
            whole *= 0.9  # the first one took longer, on a machine that had more to do
    sys.stdout.write(f"{killed} {finished}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
