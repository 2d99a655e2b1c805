"""A protocol: one published study as data, split, networks, arms, metrics and tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

from ecgapp.config import Settings
from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError, ExperimentError
from ecgapp.experiments.experiment_config import (
    ExperimentConfig,
    ProtocolConfig,
    Size,
    load_protocols,
    register_config,
)
from ecgapp.experiments.experiment_folder import ExperimentFolder
from ecgapp.experiments.report_parts import ExperimentReport
from ecgapp.experiments.trial_result import Array, TrialResult
from ecgapp.training import Reporter


@dataclass(frozen=True)
class Arm:
    """One arm of an experiment: its name in files, its title, its trials, and the arms it builds on.

    Protocols derive from it to carry their own settings. ``needs`` are keys of arms that must have finished,
    e.g. the pretraining whose model this one transfers.

    Raises:
        ConfigError: the key cannot be a file name, or there is no trial.
    """

    key: str
    title: str
    n_trials: int = 1
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.key or not all(c.isalnum() or c == "-" for c in self.key) or self.n_trials < 1:
            raise ConfigError("An arm has a key of letters, digits and dashes, and at least one trial.")


class ArmReporter(Reporter, Protocol):
    """Receives the reports of an arm: those of its trainings, and how many trials are done."""

    def progress(self, done: int, total: int) -> None:
        """``done`` of ``total`` trials are done."""


@dataclass(frozen=True, eq=False)
class ArmContext:
    """The surroundings of an arm while it runs: its experiment, the data, the device and the reporter."""

    config: ExperimentConfig
    stores: tuple[DatasetStore, ...]
    settings: Settings
    folder: ExperimentFolder
    device: str
    reporter: ArmReporter

    def product(self, key: str) -> Path:
        """The folder of files that the arm ``key`` has made for others, e.g. a pretrained model.

        Raises:
            ExperimentError: that arm has not finished.
        """
        if not self.folder.is_finished(key):
            raise ExperimentError("An arm that this one builds on has not finished. Run that one first.")
        return self.folder.product(key)


TrialFunction = Callable[[int, Path], tuple[TrialResult, Mapping[str, Array]]]
"""Runs the trial of a number, from 0; its folder is for checkpoints and disappears afterwards.

Raises ``training.Stopped`` if the reporter asked for it; called again it goes on.
"""


@dataclass(frozen=True, eq=False)
class ArmTrials:
    """The finished trials of one arm, in order, with a reader of their arrays.

    ``code_version`` is that of the app which finished the arm, "" before.
    """

    arm: Arm
    trials: tuple[TrialResult, ...]
    finished: bool
    arrays: Callable[[int], Mapping[str, Array]]
    code_version: str = ""

    def values(self, name: str) -> tuple[float | None, ...]:
        """One figure of all finished trials, None where it is undefined."""
        return tuple(trial.values.get(name) for trial in self.trials)

    def defined(self, name: str) -> tuple[float, ...]:
        """One figure of the finished trials that have it."""
        return tuple(value for value in self.values(name) if value is not None)


Results = Mapping[str, ArmTrials]  # by the arm's key; arms without a finished trial are absent


@dataclass(frozen=True)
class DataReport:
    """The data of an experiment: sentences on n and sources, and on what differs from the study."""

    data: tuple[str, ...]
    differences: tuple[str, ...]


class StudyProtocol(ABC):
    """A published study, run on any data sets that have its labels."""

    name: ClassVar[str] = ""
    title: ClassVar[str]
    citation: ClassVar[str]
    question: ClassVar[str]  # one sentence for the page
    Config: ClassVar[type[ProtocolConfig]]

    @abstractmethod
    def preset(self, size: Size) -> ProtocolConfig:
        """The settings of this size."""

    def inputs(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The digests of installed models and other files that the results depend on.

        Raises:
            ModelNotFoundError: a model is not installed.
        """
        return ()

    def leads(self, config: ExperimentConfig, settings: Settings) -> tuple[str, ...]:
        """The leads that every data set needs; none by default, e.g. if a protocol chooses the lead itself.

        Raises:
            ModelNotFoundError: the model that decides is not installed.
        """
        return ()

    @abstractmethod
    def data_report(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> DataReport:
        """The data that the stores offer, and what differs from the study. Reads columns, no signals.

        Raises:
            ExperimentError: labels or positives are too few; the sentence names class and count.
        """

    @abstractmethod
    def records(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> str:
        """A sentence on n and sources of the test records; it stands below each table that has none."""

    def fitted(self, config: ExperimentConfig, stores: Sequence[DatasetStore]) -> ExperimentConfig:
        """The config with the settings that follow from the data, e.g. fewer folds; the same by default."""
        return config

    @abstractmethod
    def arms(self, config: ExperimentConfig) -> tuple[Arm, ...]:
        """All arms, in the order in which they run; ``needs`` come earlier."""

    @abstractmethod
    def open_arm(self, arm: Arm, context: ArmContext) -> TrialFunction:
        """Load what the arm's trials share, and return the function that runs one of them."""

    @abstractmethod
    def estimate(self, arms: Sequence[Arm], context: ArmContext) -> dict[str, float]:
        """The seconds that each arm takes on the context's device, from measured probe steps."""

    @abstractmethod
    def report(
        self, config: ExperimentConfig, stores: Sequence[DatasetStore], results: Results
    ) -> ExperimentReport:
        """Tables, figures and conclusions from the results so far; the same results give the same report."""


P = TypeVar("P", bound=type[StudyProtocol])
_PROTOCOLS: dict[str, StudyProtocol] = {}


def study(name: str) -> Callable[[P], P]:
    """Register a protocol class under ``name``; a doubled name is an error."""

    def register(protocol: P) -> P:
        register_config(name, protocol.Config)
        protocol.name = name
        _PROTOCOLS[name] = protocol()
        return protocol

    return register


def protocol_named(name: str) -> StudyProtocol:
    """The protocol of this name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    load_protocols()
    if name not in _PROTOCOLS:
        raise ConfigError(f"There is no protocol {name}; there are {', '.join(sorted(_PROTOCOLS))}.")
    return _PROTOCOLS[name]


def protocol_names() -> tuple[str, ...]:
    """All registered protocols, in the order of the studies."""
    load_protocols()
    return tuple(_PROTOCOLS)
