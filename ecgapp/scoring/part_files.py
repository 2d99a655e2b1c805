"""The files of parts: each is written completely or not at all, by one process at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ecgapp.scoring.chunk_scorer import ScoredRecord
from ecgapp.scoring.score_table import PLAN_KEY, ScoreTable
from ecgapp.scoring.scoring_plan import PARTS, ScoringPlan
from ecgapp.storage.files import remove_unfinished, write_atomically
from ecgapp.storage.lock import claimed

_BUSY = "Another process scores this part."


class PartFiles:
    """The files with the scores of each part, in the output folder ``folder``."""

    def __init__(self, folder: Path, plan: ScoringPlan) -> None:
        self._folder, self._plan = folder / PARTS, plan
        self._folder.mkdir(exist_ok=True)

    def path(self, part: int) -> Path:
        """The file of this part, whether it exists or not."""
        return self._folder / f"part-{part:05d}.parquet"

    def is_finished(self, part: int) -> bool:
        """Whether the part's file is there, and of this plan."""
        path = self.path(part)
        if not path.exists():
            return False
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (OSError, pa.ArrowException):
            return False
        return metadata.get(PLAN_KEY) == self._plan.digest.encode()

    @contextmanager
    def claimed(self, part: int) -> Iterator[None]:
        """Keep other processes from this part.

        Raises:
            LockedError: another one works on it.
        """
        with claimed(self.path(part), _BUSY):
            remove_unfinished(self._folder, self.path(part).name)
            yield

    def write(self, part: int, rows: Sequence[ScoredRecord], table: ScoreTable) -> None:
        """Write the part's file; a kill leaves all of it or nothing.

        Raises:
            OSError: the disk is full, or the folder cannot be written to.
        """
        write_atomically(self.path(part), table.parquet(rows))
