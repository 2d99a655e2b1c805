"""The result of one trial: values, curves and counts as JSON, and arrays beside it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from ecgapp.errors import ConfigError, StorageError
from ecgapp.storage import documents
from ecgapp.storage.files import write_atomically

Array = NDArray[Any]  # of floats or integers
_UNREADABLE = "A result of the experiment is damaged. Delete the experiment and run it again."


@dataclass(frozen=True)
class TrialResult:
    """The result of one trial, e.g. one bootstrap repeat of an arm.

    ``values`` are figures on the test records, None if undefined; ``curves`` have one value for each epoch;
    ``counts`` are numbers of records. ``arrays_sha256`` is the digest of the arrays' file, "" without one.
    """

    values: dict[str, float | None] = field(default_factory=dict)
    curves: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    arrays_sha256: str = ""


def write_trial(folder: Path, number: int, result: TrialResult, arrays: Mapping[str, Array]) -> None:
    """Write the trial ``number`` (from 0) and its arrays; the JSON file appears last.

    Raises:
        OSError: the disk is full, or the folder cannot be written to.
    """
    digest = ""
    if arrays:
        content = save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        digest = hashlib.sha256(content).hexdigest()
        write_atomically(_arrays_path(folder, number), content)
    text = documents.dump(replace(result, arrays_sha256=digest))
    write_atomically(trial_path(folder, number), text.encode())


def read_trial(folder: Path, number: int) -> TrialResult | None:
    """The trial ``number``, or None if it has not ended.

    Raises:
        StorageError: its file is damaged.
    """
    path = trial_path(folder, number)
    if not path.is_file():
        return None
    try:
        return documents.load(TrialResult, path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise StorageError(_UNREADABLE) from error


def read_arrays(folder: Path, number: int, result: TrialResult) -> dict[str, Array]:
    """The arrays of a trial, by name.

    Raises:
        StorageError: their file is missing or damaged.
    """
    if not result.arrays_sha256:
        return {}
    try:
        content = _arrays_path(folder, number).read_bytes()
        if hashlib.sha256(content).hexdigest() != result.arrays_sha256:
            raise StorageError(_UNREADABLE)
        arrays: dict[str, Array] = load_arrays(content)
        return arrays
    except (OSError, SafetensorError) as error:
        raise StorageError(_UNREADABLE) from error


def trial_path(folder: Path, number: int) -> Path:
    """The JSON file of the trial ``number``, from 0, in its arm's folder."""
    return folder / f"trial-{number + 1:02d}.json"


def _arrays_path(folder: Path, number: int) -> Path:
    return folder / f"trial-{number + 1:02d}.safetensors"
