"""One training as the loop gets it: what is learnt from which records, and what comes out."""

from dataclasses import dataclass
from pathlib import Path

from ecgapp.models import Network
from ecgapp.training.data.sharding import Lanes
from ecgapp.training.data.window_sampling import RecordSet, Rows
from ecgapp.training.objective import Objective
from ecgapp.training.parallel.process_group import ALONE, ProcessGroup
from ecgapp.training.result.example_writer import Gallery
from ecgapp.training.training_config import TrainingConfig


@dataclass(frozen=True, eq=False)
class Member:
    """One network's part of a job: the records it learns from, those it is judged on, and its seed."""

    lanes: Lanes
    validation: Rows
    seed: int


@dataclass(frozen=True, eq=False)
class Job:
    """One training, of one network or of several that learn together, and where it is kept."""

    config: TrainingConfig
    records: RecordSet
    members: tuple[Member, ...]
    objective: Objective
    folder: Path
    identity: str  # of config and data; a checkpoint of another one is refused
    gallery: Gallery
    keep_best: bool = True  # False: the last epoch's weights, which no validation has chosen
    processes: ProcessGroup = ALONE


@dataclass(frozen=True, eq=False)
class Outcome:
    """The networks that are kept, in eval mode and without gradients, and how many epochs were run."""

    networks: list[Network]
    epochs: int
