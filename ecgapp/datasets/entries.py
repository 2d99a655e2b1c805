"""The records that a layout names, kept small until they are read.

A layout names them one after another. They are packed part by part, so that of each record some tens
of bytes stay instead of a thousand; a packed part also travels to another process as it is.
"""

import hashlib
import json
import pickle
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.columns import patient_key
from ecgapp.datasets.layout import Entry


@dataclass(frozen=True, slots=True)
class Pack:
    """The ``n`` entries of one part; ``key`` is another one where any of them, or of their files, changed."""

    n: int
    key: str
    content: bytes

    def entries(self) -> list[Entry]:
        """The entries themselves, made anew at each call."""
        found: list[Entry] = pickle.loads(zlib.decompress(self.content))  # noqa: S301 - of our own making
        return found


@dataclass(frozen=True)
class PackedEntries:
    """All entries of a source by parts, with each one's patient (``patient_key``) and fold."""

    packs: tuple[Pack, ...]
    patients: NDArray[np.uint64]
    folds: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.folds)

    @property
    def key(self) -> str:
        """Another one where any entry changed."""
        return hashlib.sha256(" ".join(pack.key for pack in self.packs).encode()).hexdigest()


def packed(entries: Iterable[Entry], size: int) -> PackedEntries:
    """``entries`` in parts of ``size``; no more of them than one part's are there at a time."""
    packs, patients, folds = [], array("Q"), array("h")
    rest = iter(entries)
    while part := list(islice(rest, size)):
        packs.append(_pack(part))
        patients.extend(patient_key(entry.patient_id) for entry in part)
        folds.extend(entry.fold for entry in part)
    return PackedEntries(tuple(packs), np.array(patients, np.uint64), np.array(folds, np.int16))


def _pack(entries: list[Entry]) -> Pack:
    digest = hashlib.sha256()
    for entry in entries:
        said = (entry.record_id, entry.patient_id, entry.fold, entry.source, entry.codes, entry.state)
        digest.update(json.dumps(said).encode())
    content = zlib.compress(pickle.dumps(entries), level=1)
    return Pack(len(entries), digest.hexdigest(), content)
