"""Writes large checkpoints while it is killed 30 times; prints the counts as JSON."""

import json
import random
import sys
from pathlib import Path

import torch
from killing import Tell, Victim

from ecgapp.storage.files import remove_unfinished
from ecgapp.training.loop.checkpoint import load_checkpoint, save_checkpoint

SIZE = 2_000_000  # numbers: 8 MB


def life(tell: Tell, folder: Path, number: int) -> None:
    """Write checkpoint after checkpoint, each filled with its own number."""
    while True:
        save_checkpoint(folder, "x", {"number": number, "weights": torch.full((SIZE,), float(number))})
        tell(str(number))
        number += 1


def main(folder: Path) -> None:
    """Kill the writer, check the last checkpoint, and continue from it."""
    torch.set_num_threads(1)
    rng = random.Random(3)
    report = {"kills": 0, "left unfinished": 0, "found unreadable": 0, "found older than told": 0}
    number, told = 0, []
    for _ in range(30):
        victim = Victim(lambda tell, first=number + 1: life(tell, folder, first))
        victim.listen(20, lambda line: True)
        victim.listen(rng.uniform(0, 0.06))
        victim.kill()
        report["kills"] += 1
        report["left unfinished"] += any(folder.glob("*.unfinished"))
        remove_unfinished(folder)
        state = load_checkpoint(folder, "x", told.append)
        whole = bool((state["weights"] == state["number"]).all()) and not told
        report["found unreadable"] += not whole
        report["found older than told"] += state["number"] < int(victim.told[-1])
        number = state["number"]
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
