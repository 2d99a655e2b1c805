"""The examples of a training beside its curves: reconstructions, and its best and worst ECGs.

Both are small files in the training's folder, replaced as a whole, so that a page reads one state.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from ecgapp.errors import ConfigError
from ecgapp.records.record import FloatArray
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

RECONSTRUCTIONS = "reconstructions.safetensors"
RANKING = "ranking.json"


@dataclass(frozen=True, eq=False)
class Reconstructions:
    """A few validation windows, and their reconstructions after some of the epochs.

    ``windows`` is float32 (n, n_leads, n_samples) in normalised units; ``answers`` (n_epochs, n, n_leads,
    n_samples) belongs to ``epochs``, which rise and count from 1.
    """

    windows: FloatArray
    answers: FloatArray
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class RankedAnswer:
    """One label of a record: ``truth`` is 1, 0, or None where its codes do not say.

    ``probability`` is that after the ranking's epoch, not calibrated. ``kept`` and ``threshold`` are those
    of the model that was kept, calibrated; None while the training goes on.
    """

    label: str
    truth: float | None
    probability: float
    kept: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class RankedRecord:
    """A validation record by the name of its store and its row there, and the mean loss of its windows.

    ``record_id`` and ``digest``, that of the store's manifest, say whether the row is still this record.
    ``answers`` are a classifier's, one for each label of its task.
    """

    store: str
    row: int
    loss: float
    record_id: str
    digest: str
    answers: tuple[RankedAnswer, ...] = ()


@dataclass(frozen=True)
class RankedRecords:
    """The validation records with the lowest and the highest loss after ``epoch``, the extremes first.

    No record is among both.
    """

    epoch: int
    best: tuple[RankedRecord, ...]
    worst: tuple[RankedRecord, ...]


def write_reconstructions(folder: Path, examples: Reconstructions) -> None:
    """Replace the folder's reconstructions."""
    arrays: dict[str, NDArray[np.generic]] = {
        "windows": examples.windows,
        "answers": examples.answers,
        "epochs": np.array(examples.epochs, np.int64),
    }
    write_atomically(folder / RECONSTRUCTIONS, save_arrays(arrays))


def read_reconstructions(folder: Path) -> Reconstructions | None:
    """The folder's reconstructions, or None while there are none."""
    try:
        arrays = load_arrays((folder / RECONSTRUCTIONS).read_bytes())
        epochs = tuple(int(epoch) for epoch in arrays["epochs"])
        return Reconstructions(arrays["windows"], arrays["answers"], epochs)
    except (OSError, KeyError, safetensors.SafetensorError):
        return None


def write_ranking(folder: Path, ranking: RankedRecords) -> None:
    """Replace the folder's ranking."""
    write_atomically(folder / RANKING, documents.dump(ranking).encode())


def read_ranking(folder: Path) -> RankedRecords | None:
    """The folder's ranking, or None while there is none."""
    try:
        return documents.load(RankedRecords, (folder / RANKING).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ConfigError):
        return None
