"""Trains small ensembles while they are killed at random moments; prints what came of it as JSON."""

import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch
from killing import Victim
from small_training import FINETUNING, Recorder, small_settings

from ecgapp import training
from ecgapp.config import Settings

CONFIG = replace(FINETUNING, members=3, epochs=8, checkpoint_seconds=0.05)


def kill_ensemble(config: training.TrainingConfig, folder: Path, settings: Settings) -> dict:
    """The first lives last a tenth of the whole at most, each later one a little longer: so it ends."""
    seldom = replace(config, checkpoint_seconds=30.0)
    training.train(seldom, Recorder(), folder / "warm", settings)  # all that torch does only once is done
    began = time.monotonic()
    straight = training.train(seldom, Recorder(), folder / "straight", settings).card
    whole = time.monotonic() - began
    rng, kills = random.Random(5), 0
    while True:
        victim = Victim(
            lambda tell: tell(training.train(config, Recorder(), folder / "killed", settings).card.sha256)
        )
        victim.listen(rng.uniform(0, whole * (0.1 + kills / 40)))
        if victim.told:
            victim.wait()
            return {"kills": kills, "same weights": victim.told[-1] == straight.sha256}
        victim.kill()
        kills += 1


def main(home: Path) -> None:
    """Members that leave folds out, and members that draw their records."""
    torch.set_num_threads(1)
    settings = small_settings(home, n_records=60)
    kinds = ("cross-fit", "bootstrap")
    report = {kind: kill_ensemble(replace(CONFIG, resampling=kind), home / kind, settings) for kind in kinds}
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
