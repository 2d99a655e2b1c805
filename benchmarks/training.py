"""How fast autoencoders learn here: ``python -m benchmarks.training [--data FOLDER] [--seconds 60]``.

Jang's network written plainly (``plain_jang``), the same network as the app has it, and the fast
autoencoder of ``docs/recipes/cae_lead2.json``, on windows of lead II: 2,048 samples at 250 Hz. All take
turns within one run, so that whatever else the machine does disturbs all alike; each figure is the
median of the rounds. Then plain and fast network train from random weights for ``--seconds`` each,
in turns again: on PTB-XL's lead II where FOLDER has it, else on synthetic ECGs; folds 1-8, validated on
fold 9. Ours run through the app's own learner: augmentation, clipping and averaging are in its time.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.contestants import Contestant, all_contestants, fast, plain, recipe
from benchmarks.lead2 import batches_of, real_records, synthetic_records, validation_error
from benchmarks.table import Row, at_least, at_most, show, tell
from ecgapp.errors import EcgAppError
from ecgapp.training import TrainingConfig
from ecgapp.training.windows import RecordSet

TIMES = 10.0  # as fast as the plain network, at least
TURN = 5.0  # seconds of one turn of the training for equal time
RESERVE = 0.8  # of the steps that fit in the time: the rate's one cycle must end before it


def throughput(
    entries: Sequence[Contestant], batches: Iterator[Tensor], rounds: int, seconds: float
) -> list[list[float]]:
    """Windows a second of each contestant in each round, after one step to warm up."""
    for entry in entries:
        entry.step(next(batches))
    rates: list[list[float]] = [[] for _ in entries]
    for number in range(rounds):
        for rate, entry in zip(rates, entries, strict=True):
            n_windows, spent = run_for(entry, batches, seconds)
            rate.append(n_windows / spent)
        tell(f"round {number + 1} of {rounds} done")
    return rates


def run_for(entry: Contestant, batches: Iterator[Tensor], seconds: float) -> tuple[int, float]:
    """Learn for about ``seconds``, at least one step: windows seen, and seconds that it took."""
    n_windows, started = 0, _now()
    while True:
        batch = next(batches)
        entry.step(batch)
        n_windows += len(batch)
        if (spent := _now() - started) >= seconds:
            return n_windows, spent


def _now() -> float:
    """The time once the device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def throughput_rows(entries: Sequence[Contestant], rates: Sequence[Sequence[float]]) -> list[Row]:
    """Windows a second of each, and how many times the first one's that is; the last has the target."""
    medians = [float(np.median(rate)) for rate in rates]
    rows = []
    for entry, rate, median in zip(entries, rates, medians, strict=True):
        ratio = median / medians[0]
        target = at_least(TIMES, ratio, "times plain float32") if entry is entries[-1] else None
        sample = f"{len(rate)} rounds, {min(rate):.3g}-{max(rate):.3g}"
        measured = f"{median:.3g} windows/s, {ratio:.1f} times"
        rows.append(Row(f"training, {entry.name}", measured, "median of the rounds", target, sample))
    return rows


def equal_time(
    entries: Sequence[Contestant], records: RecordSet, config: TrainingConfig, seconds: float
) -> list[Row]:
    """Every contestant learns for the same time, in turns; the last is held against the first."""
    seen, spent = [0] * len(entries), [0.0] * len(entries)
    sources = [batches_of(records, config) for _ in entries]
    while min(spent) < seconds:
        for place in range(len(entries)):
            if (left := seconds - spent[place]) > 0:
                n_windows, took = run_for(entries[place], sources[place], min(TURN, left))
                seen[place], spent[place] = seen[place] + n_windows, spent[place] + took
        tell(f"equal time: {min(spent):.0f} of {seconds:g} s")
    found = [validation_error(entry.network, records, config) for entry in entries]
    baseline, rows = found[0][0], []
    for place, (error, n_windows) in enumerate(found):
        how = f"{seen[place]} windows seen in {spent[place]:.0f} s; predicting the mean gives 1"
        target = at_most(round(baseline, 3), round(error, 3), "(the plain one's)") if place else None
        name = f"validation MSE per sample, {entries[place].name}"
        rows.append(Row(name, f"{error:.3f}", how, target, f"n = {n_windows} windows"))
    return rows


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, help="folder of unpacked archives; else synthetic ECGs")
    parser.add_argument("--seconds", type=float, default=60.0, help="training for equal time; 0: none")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the throughput")
    parser.add_argument("--turn", type=float, default=1.0, help="seconds of a turn in a round, at least")
    parser.add_argument("--batch", type=int, default=64, help="windows a step")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:0")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, home: Path) -> list[Row]:
    config = recipe(options.batch, options.seed, options.device)
    if options.data is None:
        records = synthetic_records(config)
    else:
        records = real_records(options.data, config, home)
    entries = all_contestants(config)
    rates = throughput(entries, batches_of(records, config), options.rounds, options.turn)
    rows = throughput_rows(entries, rates)
    if options.seconds > 0:
        steps = max(1, round(RESERVE * options.seconds * float(np.median(rates[-1])) / options.batch))
        rivals = [plain(config, torch.float32), fast(config, steps)]
        rows += equal_time(rivals, records, config, options.seconds)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data cannot be used."""
    options = _arguments(arguments)
    try:
        with tempfile.TemporaryDirectory() as home:
            rows = _measure(options, Path(home))
    except EcgAppError as error:
        tell(str(error))
        return 1
    windows = "synthetic ECGs" if options.data is None else "PTB-XL"
    show("Training", rows, [f"Batches of {options.batch} windows of lead II from {windows}."])
    return 0


if __name__ == "__main__":
    sys.exit(main())
