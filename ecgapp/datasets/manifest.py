"""What a dataset store says about itself: the one JSON document in its folder."""

import re
from dataclasses import dataclass, field

from ecgapp.errors import ConfigError

MANIFEST = "manifest.json"
INDEX = "index.parquet"
_PLAIN_NAME = re.compile(r"(signals|scales)-\d{5,9}\.npy", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """One pair of files: int16 (n, n_leads, n_samples), and the float32 (n, n_leads) that scale them."""

    signals: str
    scales: str
    n: int
    n_samples: int
    signals_sha256: str
    scales_sha256: str

    def __post_init__(self) -> None:
        if not all(_PLAIN_NAME.fullmatch(name) for name in (self.signals, self.scales)):
            raise ConfigError("A data set's list of files names a file that is not its own.")
        if self.n < 1 or self.n_samples < 1:
            raise ConfigError("A data set's list of files holds an empty part.")


@dataclass(frozen=True)
class StoreManifest:
    """A data set in the store: what its numbers mean, where they come from, and what was refused.

    ``sampling_rate`` in Hz; ``units`` is "mV", or "z-score" where the volts are lost; ``refused``
    counts records by reason, in plain words.
    """

    name: str
    layout: str
    sampling_rate: float
    leads: tuple[str, ...]
    units: str
    licence: str
    n_records: int = 0
    shards: tuple[Shard, ...] = ()
    index_sha256: str = ""
    created: str = ""  # ISO 8601, UTC
    refused: dict[str, int] = field(default_factory=dict)
    label_columns: tuple[str, ...] = ()  # of the data set's own label file
    notes: tuple[str, ...] = ()  # what a user of these records should know
    version: int = 1

    def __post_init__(self) -> None:
        if self.version != 1:
            raise ConfigError("The data set was written by a newer version of the app; update the app.")
        if self.sampling_rate <= 0 or not self.leads or self.n_records != sum(part.n for part in self.shards):
            raise ConfigError("The data set's description contradicts itself.")
