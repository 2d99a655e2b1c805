"""The config of an experiment: which protocol, on which data sets, how large, and from which seed."""

import hashlib
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError
from ecgapp.storage import documents
from ecgapp.storage.documents import fields_from_plain, fields_to_plain


class Size(StrEnum):
    """The size of an experiment: minutes, what two cores can do in hours, or all that was published."""

    QUICK = "quick"
    STANDARD = "standard"
    FULL = "full"


@dataclass(frozen=True)
class ProtocolConfig:
    """The settings of one protocol; each size is a preset of them. As a document it carries its protocol."""

    protocol: ClassVar[str] = ""

    def to_document(self) -> dict[str, Any]:
        """The settings in JSON's own types, with the protocol's name."""
        load_protocols()
        return {"protocol": self.protocol, **fields_to_plain(self)}

    @classmethod
    def from_document(cls, plain: Any) -> Self:
        """Read the settings of any registered protocol.

        Raises:
            ConfigError: the protocol is unknown, or a setting makes no sense.
        """
        if not isinstance(plain, Mapping):
            raise ConfigError("The settings of a protocol must be a JSON object.")
        fields = dict(plain)
        name = str(fields.pop("protocol", cls.protocol))
        load_protocols()
        if name not in _CONFIGS:
            raise ConfigError(f"There is no protocol {name}; there are {', '.join(sorted(_CONFIGS))}.")
        config: Self = fields_from_plain(_CONFIGS[name], fields)
        return config


_CONFIGS: dict[str, type[ProtocolConfig]] = {}
Config = TypeVar("Config", bound=ProtocolConfig)


def load_protocols() -> None:
    """Import all modules of protocols, which register themselves; pages that need none do not load them."""
    importlib.import_module("ecgapp.experiments.protocols")


def register_config(name: str, config: type[ProtocolConfig]) -> None:
    """List the settings class of the protocol ``name``, and give the class that name.

    Raises:
        ConfigError: there is such a protocol already.
    """
    if name in _CONFIGS:
        raise ConfigError(f"There are two protocols named {name}.")
    _CONFIGS[name] = config
    config.protocol = name


@dataclass(frozen=True)
class ExperimentConfig:
    """All that an experiment's results depend on, besides the data and the models that it reads.

    ``stores`` are names of imported data sets, or paths.

    Raises:
        ConfigError: there is no data set, or one is named twice.
    """

    settings: ProtocolConfig
    stores: tuple[str, ...]
    size: str = Size.STANDARD  # the preset that ``settings`` began from
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.stores or len(set(self.stores)) != len(self.stores):
            raise ConfigError("An experiment needs at least one data set, each named once.")
        if self.size not in tuple(Size) or self.seed < 0:
            raise ConfigError("The size is quick, standard or full, and the seed is not negative.")

    @property
    def protocol(self) -> str:
        """The name of the protocol."""
        load_protocols()  # which give each settings class the name of its protocol
        return self.settings.protocol

    def settings_as(self, kind: type[Config]) -> Config:
        """The settings, of the class of one protocol.

        Raises:
            TypeError: the experiment is of another protocol.
        """
        if not isinstance(self.settings, kind):
            raise TypeError("The experiment is of another protocol.")
        return self.settings

    @property
    def digest(self) -> str:
        """The sha256 of the config, in hex; paths of data sets do not count."""
        plain = documents.to_plain(self)
        del plain["stores"]
        return hashlib.sha256(documents.dump(plain).encode()).hexdigest()


def data_digest(stores: Sequence[DatasetStore], inputs: Sequence[str] = ()) -> str:
    """The sha256 of the data sets and of the digests ``inputs`` of other files that are read, in hex."""
    marks = [*(store.manifest.digest for store in stores), *inputs]
    return hashlib.sha256(" ".join(marks).encode()).hexdigest()
