"""The time until a stopped training has ended: ``python -m benchmarks.stopping --data FOLDER``.

The lead II autoencoder of ``docs/recipes/cae_lead2.json`` learns from PTB-XL in a process of its own, as
the Training page starts it, in a home that is thrown away. It is asked to stop at a random moment of its
life (loading, learning, validating), resumed, and asked again: the same run until all rounds are done, so
that every round but the first also shows that the checkpoint of the last can be read.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.accuracy import import_all
from benchmarks.table import Row, at_most, show, tell
from benchmarks.training.contestants import RECIPE
from ecgapp.config import Settings
from ecgapp.errors import EcgAppError
from ecgapp.jobs import Run, RunStore
from ecgapp.storage import documents
from ecgapp.training import TrainingConfig

SECONDS = 10.0  # beyond the step that it is in
LIFE = 25.0  # seconds within which it is asked: half of them go into starting and loading
PATIENCE = 120.0
LAYOUTS = ("ptb-xl", "ptb-xl-zscored")


def stopped_after(store: RunStore, run_id: str, moment: float) -> tuple[float, Run]:
    """Start or resume, wait for ``moment`` seconds, ask; how long it then took to end, in seconds."""
    store.launch(run_id)
    time.sleep(moment)
    stop_time = time.perf_counter()
    store.request_stop(run_id)
    while not (run := store.get(run_id)).ended_for_now:
        if time.perf_counter() - stop_time > PATIENCE:
            raise RuntimeError("The run did not end.")
        time.sleep(0.01)
    return time.perf_counter() - stop_time, run


def measured(settings: Settings, config: TrainingConfig, rounds: int, seed: int) -> list[Row]:
    """One row for the stops, one for where the run had come to."""
    store, draw = RunStore(settings.runs), random.Random(seed)
    run = store.create(config.name, config.phase, "cpu", documents.dump(config))
    seconds, states = [], []
    for number in range(rounds):
        if number:
            store.resume(run.id)
        took, run = stopped_after(store, run.id, draw.uniform(0, LIFE))
        seconds.append(took)
        states.append(run.state)
        tell(f"stop {number + 1} of {rounds}: {took:.2f} s, {run.done} epochs done")
    middle, slowest = float(np.median(seconds)), max(seconds)
    words = f"p50 {middle:.2f} s, slowest {slowest:.2f} s"
    how = f"at random moments of {LIFE:g} s from its start"
    target = at_most(SECONDS, slowest, "s beyond a step")
    orderly = sum(state == "stopped" for state in states)
    return [
        Row("asked to stop until ended", words, how, target, f"n = {rounds}"),
        Row("ended as stopped, to be resumed", f"{orderly} of {rounds}", f"{run.done} epochs in all"),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stopping", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, required=True, help="folder of unpacked archives")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        settings = Settings(Path(folder))
        try:
            stores = import_all(options.data, settings, set(LAYOUTS))
            recipe = documents.load(TrainingConfig, RECIPE.read_text(encoding="utf-8"))
            config = replace(recipe, stores=tuple(stores), epochs=1000)  # it never ends by itself
            rows = measured(settings, config, options.rounds, options.seed)
        except EcgAppError as error:
            tell(str(error))
            return 1
    show("Stopping", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
