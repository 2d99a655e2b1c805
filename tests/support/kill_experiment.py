"""Runs the 40 arms of an experiment while its process is killed ten times; prints a summary as JSON."""

import hashlib
import json
import random
import sys
from pathlib import Path

from killing import Victim
from tiny_experiments import TinyRun, files_of, tiny_home, trials_begun, with_settings

from ecgapp.experiments.collection import write_report
from ecgapp.experiments.part_execution import PartRun

KILLS, ARMS = 10, 40
CONFIG = with_settings(n_arms=ARMS - 1, n_trials=2, steps=3, pause=0.003)


def arms_of(run: TinyRun) -> tuple:
    """All arms of the experiment."""
    return tuple(run.arms.values())


def life(run: TinyRun) -> None:
    """The process that is killed: it runs what is left, and writes the report after each arm."""
    part = PartRun(run.protocol, run.context)
    for arm in arms_of(run):
        part.run([arm])
        write_report(run.folder, run.stores)


def digests(run: TinyRun) -> dict[str, str]:
    """The sha256 of every file of the report, and of every trial's result."""
    files = files_of(run.folder)
    for path in sorted((run.folder.path / "arms").rglob("*.*")):
        if path.is_file():
            files[str(path.relative_to(run.folder.path))] = path.read_bytes()
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def main(folder: Path) -> None:
    """Kill, look, go on; then run the same experiment without a kill."""
    settings, rng = tiny_home(folder / "home"), random.Random(5)
    killed, done = TinyRun(settings, CONFIG, path=folder / "killed"), []
    for _ in range(KILLS):
        victim = Victim(lambda tell: life(killed))
        victim.listen(rng.uniform(0.02, 0.25))
        done.append((victim.kill(), sum(killed.folder.is_finished(key) for key in killed.arms)))
    life(killed)
    begun = trials_begun(settings)
    whole = TinyRun(settings, CONFIG, path=folder / "whole")
    life(whole)
    report = {
        "exits": [code for code, _ in done],
        "finished after each kill": [number for _, number in done],
        "trials begun": len(begun),
        "trials": len(set(begun)),
        "killed": digests(killed),
        "whole": digests(whole),
        "left over": [path.name for path in killed.folder.path.rglob(".*")],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
