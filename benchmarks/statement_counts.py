"""How often each source says each statement: ``python -m benchmarks.statement_counts STORE...``.

Prints a table of the records in the folds that train (1 to 8), for each source of the named data sets: how
many have the statement, are known not to have it, and leave it unknown because their source never says it or
says it less precisely. ``--all`` prints every statement of the vocabulary, not only the labels of the task
``statements``.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.cards_table import table
from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.datasets.installed import open_store
from ecgapp.tasks import Task
from ecgapp.tasks.statement_task import STATEMENTS, statement_label
from ecgapp.tasks.statement_vocabulary import statement, vocabulary

TRAINING_FOLDS = range(1, 9)

Counts = NDArray[np.int64]


def statement_counts(stores: Sequence[DatasetStore], task: Task) -> dict[str, Counts]:
    """For each source, its positive, negative and unknown records of each label: (3, n_labels)."""
    counts: dict[str, Counts] = defaultdict(lambda: np.zeros((3, len(task.labels)), np.int64))
    for store in stores:
        rows = store.rows(TRAINING_FOLDS)
        targets, sources = store.targets(task, rows), np.array(store.sources(rows))
        for source in np.unique(sources):
            own = targets[sources == source]
            counts[str(source)] += [(own == 1).sum(0), (own == 0).sum(0), np.isnan(own).sum(0)]
    return dict(counts)


def markdown(task: Task, counts: dict[str, Counts]) -> str:
    """The table: a row for each statement, and in each source its positives / negatives / unknown."""
    head = ("statement", "name", "positives", *(f"{source}: yes / no / unknown" for source in counts))
    rows = []
    for place, key in enumerate(task.label_names):
        own = [count[:, place] for count in counts.values()]
        cells = (" / ".join(f"{number:,}" for number in count) for count in own)
        rows.append((key, statement(key).name, f"{sum(int(count[0]) for count in own):,}", *cells))
    return table(head, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statement_counts", description=__doc__)
    parser.add_argument("stores", nargs="+", metavar="STORE", help="name of an imported data set")
    parser.add_argument("--all", action="store_true", help="every statement of the vocabulary")
    chosen = parser.parse_args(arguments)
    settings = Settings.from_environment()
    every = Task("vocabulary", "The vocabulary", tuple(map(statement_label, vocabulary())), by_source=True)
    task = every if chosen.all else STATEMENTS
    counts = statement_counts([open_store(name, settings) for name in chosen.stores], task)
    sys.stdout.write(f"{markdown(task, counts)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
