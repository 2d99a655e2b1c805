"""How an epoch's windows are dealt, so that several processes see together what one alone would.

The records to learn from lie in lanes, and every batch takes equally many windows from each lane. A
process reads some of the lanes, so it needs only their records; which process reads which lane
changes nothing in what a batch holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgapp.errors import TrainingError
from ecgapp.training.windows import RecordSet, Rows, WindowList, random_windows
from ecgapp.training.world import World

LANES = 8


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

    def own(self, world: World) -> range:
        """The lanes that this process reads.

        Raises:
            TrainingError: there are fewer lanes than processes, or they cannot be shared out evenly.
        """
        if len(self.rows) % world.size:
            raise TrainingError(
                f"So few records cannot be shared out to {world.size} processes with this batch size. Choose "
                f"2, 4 or {LANES} processes, and a smaller batch size that is a multiple of them."
            )
        part = world.part(len(self.rows))
        return range(part.start, part.stop)

    def own_rows(self, world: World) -> Rows:
        """The records that this process needs for its lanes."""
        return np.unique(np.concatenate([self.rows[lane] for lane in self.own(world)]))


def deal_alike(records: RecordSet, networks: Sequence[Rows], batch_size: int) -> list[Lanes]:
    """The lanes of each network's rows, with equal batches and equally many, so that they can learn together.

    Small sets have fewer lanes, down to one, and the smallest has the only batch of all its records.
    """
    fewest = min(map(len, networks))
    batch = min(batch_size, fewest)
    lanes = LANES
    while lanes > 1 and (batch % lanes or fewest < lanes * batch):
        lanes //= 2
    dealt = [deal(records, rows, batch, lanes) for rows in networks]
    while min(each.steps for each in dealt) == 0:  # many small stores leave a lane too few
        lanes //= 2
        dealt = [deal(records, rows, batch, lanes) for rows in networks]
    steps = min(each.steps for each in dealt)
    return [replace(each, steps=steps) for each in dealt]


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
    records: RecordSet, lanes: Lanes, world: World, shift: float, seed: Sequence[int]
) -> WindowList:
    """One epoch of training, batch behind batch: this process's windows of each."""
    steps = lanes.steps
    parts = [
        random_windows(
            records, lanes.rows[lane], steps * lanes.share, shift, np.random.default_rng([*seed, lane])
        )
        for lane in lanes.own(world)
    ]

    def woven(of_lanes: Sequence[Rows]) -> Rows:
        """Lane behind lane becomes batch behind batch."""
        return np.stack([part.reshape(steps, lanes.share) for part in of_lanes], 1).reshape(-1)

    return WindowList(woven([part.positions for part in parts]), woven([part.owners for part in parts]))


def _share(n: int, lane: int, lanes: int) -> slice:
    return slice(lane * n // lanes, (lane + 1) * n // lanes)
