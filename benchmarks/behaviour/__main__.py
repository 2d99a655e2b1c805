"""Save or compare: see the package."""

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

import benchmarks.behaviour
from benchmarks.behaviour.snapshot import Snapshot
from benchmarks.behaviour.values import count, differences, plain
from benchmarks.table import tell


def taken(data: Path, parts: Sequence[str]) -> dict[str, Any]:
    """All ``parts``, or all there are if none is named, from an empty home."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # they name files and lines, and each appears once a process
    current = {}
    with tempfile.TemporaryDirectory() as home:
        os.environ["ECGAPP_HOME"] = home
        computed = Snapshot(data, Path(home)).parts
        for name in parts or computed:
            began = time.perf_counter()
            current[name] = json.loads(json.dumps(plain(computed[name]()), allow_nan=False))
            tell(f"{name}: {count(current[name]):,} values, {time.perf_counter() - began:.0f} s")
    return current


def main(arguments: Sequence[str] | None = None) -> int:
    """Save or compare; 1 if anything differs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.behaviour", description=benchmarks.behaviour.__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="the unpacked archives")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--save", type=Path, metavar="FILE.json", help="where all answers go")
    what.add_argument("--compare", type=Path, metavar="FILE.json", help="answers that were saved before")
    parser.add_argument("--parts", nargs="+", default=(), metavar="PART", help="only these, such as predict")
    options = parser.parse_args(arguments)
    current = taken(options.data, options.parts)
    if options.save:
        options.save.write_text(json.dumps(current, indent=1, ensure_ascii=False), encoding="utf-8")
        return 0
    before = json.loads(options.compare.read_text("utf-8"))
    if options.parts:
        before = {name: value for name, value in before.items() if name in current}
    differing = list(differences(before, current))
    sys.stdout.write("".join(f"{line}\n" for line in differing))
    sys.stdout.write(f"{len(differing):,} of {count(current):,} values differ.\n")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
