"""Speed of training autoencoders here: ``python -m benchmarks.training [--data FOLDER] [--save NAME]``.

Jang's network written plainly (``plain_jang``), the same network as the app has it, and the fast
autoencoder of ``docs/recipes/cae_lead2.json``, on windows of lead II: 2,048 samples at 250 Hz, PTB-XL's
where FOLDER has it, else synthetic ones. All take turns within one run, so that whatever else the machine
does disturbs all alike; each figure is the median of the rounds. Beside them stands what the machine could
do: the peak of its convolutions, the bandwidth of its memory, and the roofline of both. Then the networks
train from random weights for ``--seconds`` each and for ``--epochs`` each: on folds 1-8, validated on
fold 9. Ours run through the app's own learner: augmentation, clipping and averaging are in its time.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import torch

from benchmarks import store
from benchmarks.table import Row, at_least, show, tell
from benchmarks.training.contestants import fast, makers, plain, recipe
from benchmarks.training.lead2 import batches_of, real_records, synthetic_records
from benchmarks.training.learning import equal_epochs, equal_time, steps_within
from benchmarks.training.memory import memory_rows
from benchmarks.training.overhead import overhead_row
from benchmarks.training.peak import convolution_seconds, measured, work
from benchmarks.training.rates import Use, peak_rows, throughput, throughput_rows
from benchmarks.training.repeats import Setting, repeats_rows
from ecgapp.datasets import DatasetStore
from ecgapp.errors import EcgAppError
from ecgapp.models import build
from ecgapp.system.memory import keep_freed_memory
from ecgapp.training import TrainingConfig
from ecgapp.training.data.window_sampling import RecordSet
from ecgapp.training.devices import resolve_device, resolve_precision

RESULTS = Path(__file__).parents[1] / "results"
IMPORT, READ = 400.0, 10_000.0  # records a second, at least
PARTS = ("rates", "memory", "overhead", "data", "repeats", "time", "epochs")


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--data", type=Path, help="folder of unpacked archives; else synthetic ECGs")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--save", metavar="NAME", help="keep the table as results/NAME.md")
    parser.add_argument("--seconds", type=float, default=60.0, help="training for equal time")
    parser.add_argument("--epochs", type=int, default=10, help="training for equal epochs")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the throughput")
    parser.add_argument("--turn", type=float, default=1.0, help="seconds of a turn in a round, at least")
    parser.add_argument("--batch", type=int, default=64, help="windows a step")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda:0")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def rate_rows(options: argparse.Namespace, config: TrainingConfig, records: RecordSet) -> list[Row]:
    """Throughput of all, and what the fast one uses of the machine."""
    device = resolve_device(config.device)
    dtype = resolve_precision(config.precision, device)
    entries = [make() for make in makers(config)]
    batches = batches_of(records, config)
    rates = throughput(entries, batches, options.rounds, options.turn)
    machine = measured(dtype, device, config.batch_size)
    fastest, windows = entries[-1], next(batches)
    needed = work(build(config.network), windows[:1], machine, dtype.itemsize)
    alone = convolution_seconds(lambda: fastest.step(windows), device) / len(windows)
    use = Use(float(np.median(rates[-1])), needed, alone)
    return throughput_rows(entries, rates) + peak_rows(machine, use, dtype)


def data_rows(data: Path, home: Path) -> list[Row]:
    """Import of PTB-XL, several times over, by two processes; and reading its store in training order."""
    source = store.repeated(data / "ptb-xl", home / "several", 6)
    import_speed = store.imported("ptb-xl", source, home / "imported", 2)
    read = store.read_at_random(DatasetStore.open(home / "imported"))
    words = "two processes; starting the second one included"
    return [
        Row(
            "import of PTB-XL",
            f"{import_speed.wall:,.0f} records/s",
            words,
            at_least(IMPORT, import_speed.wall),
            f"{import_speed.n:,}",
        ),
        Row(
            "reading in training order",
            f"{read:,.0f} records/s",
            "batches of 64 at random",
            at_least(READ, read),
        ),
    ]


def _measure(options: argparse.Namespace, home: Path) -> Iterator[Row]:
    config = recipe(options.batch, options.seed, options.device)
    records = synthetic_records(config) if options.data is None else real_records(options.data, config, home)
    parts: dict[str, Callable[[], list[Row]]] = {
        "rates": lambda: rate_rows(options, config, records),
        "memory": lambda: memory_rows(config),
        "overhead": lambda: [overhead_row(config, records, options.rounds)],
        "data": lambda: data_rows(options.data, home) if options.data else [],
        "repeats": lambda: repeats_rows(Setting(options.device, config.precision, rounds=options.rounds)),
        "time": lambda: time_rows(options, config, records),
        "epochs": lambda: equal_epochs(records, config, options.epochs),
    }
    for name in options.parts:
        tell(f"Measuring: {name}")
        for row in parts[name]():
            tell(
                f"{row.what}: {row.measured}"
            )  # printed at once, so that an interrupted benchmark has shown its results
            yield row


def time_rows(options: argparse.Namespace, config: TrainingConfig, records: RecordSet) -> list[Row]:
    """Plain and fast network after the same time; a moment's trial says how many steps the fast one plans."""
    trial = throughput([fast(config, 1000)], batches_of(records, config), 1, options.turn)
    steps = steps_within(options.seconds, trial[0][0], config)
    return equal_time([plain(config, torch.float32), fast(config, steps)], records, config, options.seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 where the data cannot be used."""
    options = _arguments(arguments)
    keep_freed_memory()
    try:
        with tempfile.TemporaryDirectory() as home:
            rows = list(_measure(options, Path(home)))
    except EcgAppError as error:
        tell(str(error))
        return 1
    windows = "synthetic ECGs" if options.data is None else "PTB-XL"
    notes = [f"Batches of {options.batch} windows of lead II from {windows}. {date.today().isoformat()}."]
    text = show("Training", rows, notes)
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{options.save}.md").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
