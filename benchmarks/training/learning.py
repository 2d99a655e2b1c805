"""Reconstruction of fold 9 by the contestants after the same time, and after the same epochs."""

from collections.abc import Callable, Sequence
from itertools import islice

import torch

from benchmarks.table import Row, at_most, tell
from benchmarks.training.contestants import Contestant, fast, ours, plain, published
from benchmarks.training.lead2 import batches_of, validation_error
from benchmarks.training.rates import run_for
from ecgapp.training import TrainingConfig
from ecgapp.training.data.window_sampling import RecordSet

TURN = 5.0  # seconds of one turn of the training for equal time
RESERVE = 0.8  # of the steps that fit in the time: the rate's one cycle must end before it


def steps_within(seconds: float, windows_a_second: float, config: TrainingConfig) -> int:
    """The number of steps that a contestant of this speed plans for a training of ``seconds``."""
    return max(1, round(RESERVE * seconds * windows_a_second / config.batch_size))


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
    hows = [f"{n} windows seen in {took:.0f} s" for n, took in zip(seen, spent, strict=True)]
    return error_rows("after equal time", entries, hows, records, config)


def equal_epochs(records: RecordSet, config: TrainingConfig, epochs: int) -> list[Row]:
    """The plain network, the same one in the app's own training, and the fast one, on the same windows."""
    steps = epochs * (len(records.rows(config.train_folds)) // config.batch_size)
    makers: list[Callable[[], Contestant]] = [
        lambda: plain(config, torch.float32),
        lambda: ours("Jang's network, ours, auto precision", published(config), steps),
        lambda: fast(config, steps),
    ]
    entries = []
    for make in makers:
        entries.append(make())
        for batch in islice(batches_of(records, config), steps):
            entries[-1].step(batch)
        tell(f"equal epochs: {entries[-1].name} has done its {epochs}")
    hows = [f"{epochs} epochs of the same windows"] * len(entries)
    return error_rows("after equal epochs", entries, hows, records, config)


def error_rows(
    when: str, entries: Sequence[Contestant], hows: Sequence[str], records: RecordSet, config: TrainingConfig
) -> list[Row]:
    """Each one's validation MSE; the last must not exceed the first one's."""
    errors = [validation_error(entry.network, records, config) for entry in entries]
    baseline, rows = errors[0][0], []
    for entry, how, (error, n_windows) in zip(entries, hows, errors, strict=True):
        last = entry is entries[-1]
        target = at_most(round(baseline, 3), round(error, 3), "(the plain one's)") if last else None
        what = f"validation MSE per sample {when}, {entry.name}"
        how = f"{how}; predicting the mean gives 1"
        rows.append(Row(what, f"{error:.3f}", how, target, f"n = {n_windows} windows"))
    return rows
