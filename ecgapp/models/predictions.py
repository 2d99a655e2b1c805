"""A classifier's answers on its validation records, and which records of which data sets those are."""

from dataclasses import dataclass

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save as save_arrays

from ecgapp.errors import ConfigError
from ecgapp.storage import documents

_ORIGIN_OF, _NAMES = "origin_of", "names"  # arrays of a file that names its records
_MEMBERS = "members"  # array of a file that names the members of an ensemble


@dataclass(frozen=True)
class Origin:
    """Records of one source within one data set: its name here, and the digest of its manifest then."""

    store: str
    digest: str
    source: str  # as the layout names it, e.g. one hospital of several


@dataclass(frozen=True, eq=False)
class RecordNames:
    """Each record's own id in its data set, which is no patient's, and where it comes from.

    Record i is ``ids[i]`` of ``origins[origin_of[i]]``; ``origin_of`` is int64 (n_records,).
    """

    ids: tuple[str, ...]
    origins: tuple[Origin, ...]
    origin_of: NDArray[np.int64]

    def __post_init__(self) -> None:
        places = self.origin_of
        if places.shape != (len(self.ids),) or places.dtype != np.int64:
            raise ConfigError("Each record needs its id and its origin.")
        if len(places) and not 0 <= places.min() <= places.max() < len(self.origins):
            raise ConfigError("A record's origin is none of those named.")

    def origin(self, row: int) -> Origin:
        """The origin of record ``row``."""
        return self.origins[int(self.origin_of[row])]


@dataclass(frozen=True, eq=False)
class Predictions:
    """A classifier's answers on its validation records, kept for the performance page.

    ``probabilities`` and ``targets`` are float32 (n_records, n_labels); targets are 1, 0, or NaN where
    unknown. ``folds`` is int64 (n_records,). ``members`` is int64 (n_records,): which member of a
    cross-fitted ensemble answered, from 0, as it had not learnt from the record; None if the whole model did.
    ``members`` and ``names`` are None in files of versions that did not keep them.

    Raises:
        ConfigError: there is not one member for each record.
    """

    probabilities: NDArray[np.float32]
    targets: NDArray[np.float32]
    folds: NDArray[np.int64]
    names: RecordNames | None = None
    members: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        members = self.members
        if members is None:
            return
        if members.shape != self.folds.shape or members.dtype != np.int64 or (members < 0).any():
            raise ConfigError("Each record needs the number of the member that answered.")


@dataclass(frozen=True)
class _Words:
    """The text of ``RecordNames``, as it lies in the file."""

    ids: tuple[str, ...]
    origins: tuple[Origin, ...]


def to_bytes(predictions: Predictions) -> bytes:
    """The content of a safetensors file, which holds numbers only: names are bytes of UTF-8."""
    arrays: dict[str, NDArray[np.generic]] = {
        "probabilities": predictions.probabilities,
        "targets": predictions.targets,
        "folds": predictions.folds,
    }
    if predictions.members is not None:
        arrays[_MEMBERS] = predictions.members
    if (names := predictions.names) is not None:
        text = documents.dump(_Words(names.ids, names.origins))
        arrays |= {_ORIGIN_OF: names.origin_of, _NAMES: np.frombuffer(text.encode(), np.uint8)}
    # safetensors reads an array's memory as it lies, so it must lie in order
    return save_arrays({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def from_bytes(content: bytes) -> Predictions:
    """The predictions in a safetensors file's ``content``.

    Raises:
        ConfigError: it is no such file, or its parts do not fit together.
    """
    try:
        arrays = load_arrays(content)
        places, text = arrays.pop(_ORIGIN_OF, None), arrays.pop(_NAMES, None)
        names = None
        if places is not None and text is not None:
            words = documents.load(_Words, text.tobytes().decode())
            names = RecordNames(words.ids, words.origins, places)
        predictions = Predictions(**arrays, names=names)
    except (TypeError, UnicodeDecodeError, safetensors.SafetensorError) as error:
        raise ConfigError("These are no predictions.") from error
    if names is not None and len(names.ids) != len(np.atleast_1d(predictions.folds)):
        raise ConfigError("The predictions name more records than they answer, or fewer.")
    return predictions
