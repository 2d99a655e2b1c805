"""``python -m ecgapp.worklist [SLOT [PARENT]]``: score what waits, and end when nothing does."""

import contextlib
import os
import sys

import torch

from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.system.processes import end_with_parent
from ecgapp.worklist.scorer import Scorer

POLITENESS = 5  # the pages come first


def main(slot: int, parent: int | None = None) -> int:
    """The exit code: 1 where the list cannot be read or written."""
    end_with_parent(parent)
    torch.set_num_threads(1)  # the processes beside this one have the other cores
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(POLITENESS)
    try:
        Scorer(Settings.from_environment(), slot).run()
    except EcgAppError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:] or ["0"])))
