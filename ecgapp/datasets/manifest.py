"""The manifest of a dataset store: the JSON document in its folder that describes it."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ecgapp.errors import ConfigError, DatasetError, DatasetLostError, DatasetNewerError
from ecgapp.storage import documents

MANIFEST = "manifest.json"
VERSION = 2
DAMAGED = "The data set is damaged or incomplete. Import it again."
_OLD = "The data set was written by an older version of the app. Delete it, and import it again."
_NEW = "The data set was written by a newer version of the app. Update the app."
_SHARD_NAME = re.compile(r"signals-\d{5,9}-\d{2,9}\.npy", re.ASCII)
_INDEX_NAME = re.compile(r"[a-z_]+\.(npy|parquet)", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """One file of signals: int16 (n, n_leads, n_samples)."""

    signals: str
    n: int
    n_samples: int
    sha256: str

    def __post_init__(self) -> None:
        if not _SHARD_NAME.fullmatch(self.signals):
            raise ConfigError("A data set's list of files names a file that is not its own.")
        if self.n < 1 or self.n_samples < 1:
            raise ConfigError("A data set's list of files holds an empty part.")


@dataclass(frozen=True)
class IndexFile:
    """One file of the index, with its size in bytes, by which truncation is noticed."""

    name: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        if not _INDEX_NAME.fullmatch(self.name):
            raise ConfigError("A data set's list of files names a file that is not its own.")


@dataclass(frozen=True)
class StoreManifest:
    """The description of a data set: units, origin, files, and refused records.

    ``sampling_rate`` is in Hz; ``units`` is "mV", or "z-score" if the voltages are unknown; ``refused``
    counts records by the sentence with the reason.
    """

    name: str
    layout: str
    sampling_rate: float
    leads: tuple[str, ...]
    units: str
    licence: str
    n_records: int = 0
    shards: tuple[Shard, ...] = ()
    index: tuple[IndexFile, ...] = ()
    created: str = ""  # ISO 8601, UTC
    refused: dict[str, int] = field(default_factory=dict)
    label_columns: tuple[str, ...] = ()  # the columns of the data set's own label file
    notes: tuple[str, ...] = ()  # remarks for users of these records
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.sampling_rate <= 0 or not self.leads or self.n_records != sum(part.n for part in self.shards):
            raise ConfigError("The data set's description contradicts itself.")

    def checksums(self) -> Iterator[tuple[str, str]]:
        """Yields each other file of the store with its sha256."""
        yield from ((file.name, file.sha256) for file in self.index)
        yield from ((shard.signals, shard.sha256) for shard in self.shards)

    @property
    def digest(self) -> str:
        """The sha256 over all files' checksums, which does not depend on the data set's name."""
        lines = "".join(f"{name} {sha256}\n" for name, sha256 in self.checksums())
        return hashlib.sha256(lines.encode()).hexdigest()


def read_manifest(text: str) -> StoreManifest:
    """The manifest in the JSON document ``text``.

    Raises:
        DatasetError: an older version of the app wrote it.
        DatasetNewerError: a newer version of the app wrote it.
        DatasetLostError: it is damaged.
    """
    try:
        version = json.loads(text)["version"]
        if version != VERSION:
            raise DatasetError(_OLD) if version in range(VERSION) else DatasetNewerError(_NEW)
        return documents.load(StoreManifest, text)
    except (ValueError, KeyError, TypeError) as error:  # a ConfigError is a ValueError
        raise DatasetLostError(DAMAGED) from error
