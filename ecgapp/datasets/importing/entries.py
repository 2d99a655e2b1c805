"""The records that a layout names, kept small until they are read.

A layout names them one after another. They are packed part by part, so that of each record some tens
of bytes stay instead of a thousand; a packed part also travels to another process as it is.
"""

import hashlib
import json
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.columns import patient_key
from ecgapp.datasets.layouts.layout import Entry


@dataclass(frozen=True, slots=True)
class Pack:
    """The ``n`` entries of one part; ``key`` is another one where any of them, or of their files, changed."""

    n: int
    key: str
    content: bytes

    def entries(self) -> list[Entry]:
        """The entries themselves, made anew at each call."""
        return [_entry(line) for line in json.loads(zlib.decompress(self.content))]


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
        """A digest of the entries; it changes if any entry changes."""
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
    content = json.dumps([astuple(entry) for entry in entries]).encode()
    return Pack(len(entries), hashlib.sha256(content).hexdigest(), zlib.compress(content, level=1))


def _entry(line: list[Any]) -> Entry:
    """JSON gives lists for tuples."""
    entry = Entry(*line)
    return entry if entry.codes is None else replace(entry, codes=tuple(entry.codes))
