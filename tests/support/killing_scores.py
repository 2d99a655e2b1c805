"""Run as a program: scores SOURCE again and again with two processes at once, and kills them at random.

Prints how many were killed, how often a part's file was written, and whether all files are as they should be.
Each attempt is a fork of this one process, so that it costs what it does and no start of Python.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from archives import contents, order, scored

from ecgapp.config import Settings
from ecgapp.scoring import collect, part_scoring, scoring_plan

CHUNK = 2


def attempt(source: Path, out: Path, settings: Settings) -> int:
    """The process id of a scoring that has just begun."""
    child = os.fork()
    if child == 0:
        try:
            scored(source, out, settings)
        finally:
            os._exit(0)
    return child


def main(folder: Path, kills: int) -> None:
    """Score ``folder/archive`` into ``folder/scores`` by the model in ``folder/home``."""
    for module in (scoring_plan, part_scoring):
        module.CHUNK_RECORDS = CHUNK
    source, out = folder / "archive", folder / "scores"
    settings = Settings(folder / "home", folder / "none")
    begun = time.monotonic()
    os.waitpid(attempt(source, folder / "whole", settings), 0)
    whole = time.monotonic() - begun
    draw, killed, files = random.Random(0), 0, {}
    for _ in range(kills):
        children = [attempt(source, out, settings) for _ in range(2)]
        time.sleep(draw.uniform(0, whole / 3))
        for child in children:
            os.kill(child, signal.SIGKILL)
        killed += sum(os.WIFSIGNALED(os.waitpid(child, 0)[1]) for child in children)
        for path in (out / "parts").glob("part-*.parquet"):
            files.setdefault(path.name, set()).add(path.stat().st_ino)
    for child in [attempt(source, out, settings) for _ in range(2)]:
        os.waitpid(child, 0)
    for path in (out / "parts").glob("part-*.parquet"):
        files.setdefault(path.name, set()).add(path.stat().st_ino)
    wanted = order(source, out, settings)
    report = {
        "killed": killed,
        "written": {name: len(times) for name, times in files.items()},
        "same": contents(out) == contents(folder / "whole"),
        "missing": collect(wanted.plan, out, wanted.card).missing,
        "left": [path.name for path in out.rglob("*.unfinished")],
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
