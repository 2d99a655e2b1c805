"""Deterministic sharding: the batches of an epoch are the same for any number of processes.

The training records are divided into lanes (shards). Every batch takes the same number of windows from
each. A process reads some of the lanes, so it needs only their records; which process reads which lane does
not change the contents of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgapp.errors import TrainingError
from ecgapp.training.data.window_sampling import RecordSet, Rows, WindowList, random_windows
from ecgapp.training.parallel.process_group import ProcessGroup
from ecgapp.training.training_config import LANES


@dataclass(frozen=True, eq=False)
class Lanes:
    """The rows of each lane, how many windows a batch takes from each, and how many batches there are."""

    rows: tuple[Rows, ...]
    share: int
    steps: int  # batches in an epoch

    @property
    def batch(self) -> int:
        """Windows in a batch, over all lanes."""
        return self.share * len(self.rows)

    def own(self, processes: ProcessGroup) -> range:
        """The lanes that this process reads: of as many as ``shared_out`` deals, all have equally many."""
        part = processes.part(len(self.rows))
        return range(part.start, part.stop)

    def own_rows(self, processes: ProcessGroup) -> Rows:
        """The records that this process needs for its lanes."""
        return np.unique(np.concatenate([self.rows[lane] for lane in self.own(processes)]))


def fitting_lanes(lanes: int, processes: int) -> int:
    """``lanes`` if divisible by ``processes``; else their smallest multiple that is at least ``LANES``."""
    return lanes if lanes % processes == 0 else -(-LANES // processes) * processes


def fitting_batch(batch_size: int, processes: int) -> int:
    """The multiple of ``processes`` nearest to ``batch_size``, at least one window each."""
    return max(1, round(batch_size / processes)) * processes


def deal_alike(
    records: RecordSet, networks: Sequence[Rows], batch_size: int, lanes: int = LANES
) -> list[Lanes]:
    """The lanes of each network's rows: equal batches, equally many, so that they can be trained together.

    The number of lanes is the largest divisor of ``lanes`` that also divides the batch and leaves at least
    one batch of records in each; 1 always fits. A set smaller than ``batch_size`` gives a single batch.
    """
    fewest = min(map(len, networks))
    batch = min(batch_size, fewest)
    fitting = (n for n in range(lanes, 0, -1) if lanes % n == batch % n == 0 and n * batch <= fewest)
    dealings = ([deal(records, rows, batch, n) for rows in networks] for n in fitting)
    # rounding over many small stores can leave a lane too small
    dealt = next(each for each in dealings if all(one.steps for one in each))
    steps = min(each.steps for each in dealt)
    return [replace(each, steps=steps) for each in dealt]


def shared_out(
    records: RecordSet, networks: Sequence[Rows], batch_size: int, lanes: int, processes: int
) -> list[Lanes]:
    """``deal_alike`` for so many processes.

    Raises:
        TrainingError: they cannot all have equally many lanes; it names what to change so that they can.
    """
    dealt = deal_alike(records, networks, batch_size, lanes)
    if len(dealt[0].rows) % processes == 0:
        return dealt
    wanted = fitting_lanes(lanes, processes)
    batch = shareable_batch(records, networks, batch_size, wanted, processes)
    if batch == 0:
        raise TrainingError(f"There are too few records for {processes} processes. Train with fewer of them.")
    changes = [f"lanes to {wanted}"] * (wanted != lanes) + [f"batch_size to {batch}"] * (batch != batch_size)
    raise TrainingError(
        f"{processes} processes cannot share the records out evenly with these settings. "
        f"Set {' and '.join(changes)}."
    )


def shareable_batch(
    records: RecordSet, networks: Sequence[Rows], batch_size: int, lanes: int, processes: int
) -> int:
    """The largest batch up to ``fitting_batch`` that so many processes can share out; 0 where there is none.

    ``lanes`` are as many as the processes can share out.
    """
    most = min(map(len, networks)) // processes  # at least so many lanes, and a batch of records in each
    largest = min(fitting_batch(batch_size, processes), most // processes * processes)
    for batch in range(largest, 0, -processes):
        if len(deal_alike(records, networks, batch, lanes)[0].rows) % processes == 0:
            return batch
    return 0


def deal(records: RecordSet, rows: Rows, batch: int, lanes: int) -> Lanes:
    """``rows`` in ``lanes`` lanes: of each store, neighbours lie in the same lane.

    So every lane holds all stores in equal shares, and reads few parts of their files.
    """
    share = batch // lanes
    ordered = np.sort(rows)
    by_store = [ordered[records.store_of[ordered] == store] for store in range(len(records.stores))]
    parts = [
        np.concatenate([mine[_share(len(mine), lane, lanes)] for mine in by_store]) for lane in range(lanes)
    ]
    return Lanes(tuple(parts), share, min(map(len, parts)) // share)


def epoch_order(
    records: RecordSet, lanes: Lanes, processes: ProcessGroup, shift: float, seed: Sequence[int]
) -> WindowList:
    """This process's windows of one epoch, in batch order."""
    steps = lanes.steps
    parts = [
        random_windows(
            records, lanes.rows[lane], steps * lanes.share, shift, np.random.default_rng([*seed, lane])
        )
        for lane in lanes.own(processes)
    ]

    def in_batch_order(of_lanes: Sequence[Rows]) -> Rows:
        """Reorder from lane order to batch order."""
        return np.stack([part.reshape(steps, lanes.share) for part in of_lanes], 1).reshape(-1)

    return WindowList(
        in_batch_order([part.positions for part in parts]), in_batch_order([part.owners for part in parts])
    )


def _share(n: int, lane: int, lanes: int) -> slice:
    return slice(lane * n // lanes, (lane + 1) * n // lanes)
