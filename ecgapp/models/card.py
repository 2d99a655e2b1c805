"""The card beside each weights file: what it is, what it was trained on, how well it does, and for whom."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from ecgapp.errors import ConfigError
from ecgapp.models.networks.delineator import DelineatorConfig
from ecgapp.models.networks.gate_network import GateConfig
from ecgapp.models.networks.readability_network import ReadabilityConfig
from ecgapp.models.networks.ventricular_network import VentricularConfig
from ecgapp.models.registry import ArchitectureConfig, AutoencoderConfig
from ecgapp.models.validation_figures import (
    DelineationMetrics,
    Evaluation,
    GateMetrics,
    LabelMetrics,
    ReconstructionMetrics,
    VentricularMetrics,
)
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.storage import documents
from ecgapp.tasks.task import Task


@dataclass(frozen=True)
class Provenance:
    """The provenance of the weights; enough to train them again."""

    datasets: tuple[str, ...]
    train_folds: str
    validation_folds: str
    n_train: int
    n_validation: int
    seed: int
    epochs: int
    initialisation: str  # "random", "transfer" or "frozen"
    pretrained: str | None = None  # name and sha256 of the autoencoder
    command: str = ""  # reproduces the weights
    code_version: str = ""
    created: str = ""  # ISO 8601, UTC
    licence: str = "CC BY 4.0"
    note: str = ""


@dataclass(frozen=True)
class ModelCard:
    """All that is needed to use the weights, and to doubt them."""

    name: str
    title: str
    network: ArchitectureConfig
    preprocessing: PreprocessingConfig
    provenance: Provenance
    task: Task | None = None  # None: the network has no labels
    thresholds: tuple[float, ...] = ()  # one a label, on probabilities; a gate's one, on its score
    temperature: float = 1.0  # logits are divided by it before the sigmoid
    aggregation: str = "mean"  # how windows' probabilities become the record's: "mean" or "max"
    validation: Evaluation | None = None
    reconstruction: ReconstructionMetrics | None = None
    delineation: DelineationMetrics | None = None
    gate: GateMetrics | None = None
    ventricular: VentricularMetrics | None = None
    sha256: str = ""  # of the weights' safetensors file
    predictions_sha256: str = ""  # of the validation predictions' file; empty: they were not kept

    def __post_init__(self) -> None:
        if self.task is not None and len(self.thresholds) != len(self.task.labels):
            raise ConfigError("A classifier's card needs one threshold for each label.")
        if self.is_gate and len(self.thresholds) != 1:
            raise ConfigError("A gate's card needs one threshold.")
        if self.aggregation not in ("mean", "max"):
            raise ConfigError("Windows are aggregated by mean or max.")

    @cached_property
    def digest(self) -> str:
        """The sha256 of the whole card: other thresholds on the same weights are another model."""
        return hashlib.sha256(documents.dump(self).encode()).hexdigest()

    @property
    def is_cross_fitted(self) -> bool:
        """Whether each validation answer is that of the one member that had not learnt from the record."""
        return self.validation is not None and "out-of-fold" in self.validation.dataset

    @property
    def is_classifier(self) -> bool:
        return self.task is not None

    @property
    def is_autoencoder(self) -> bool:
        return isinstance(self.network, AutoencoderConfig)

    @property
    def is_gate(self) -> bool:
        """Whether it answers one of the two questions asked before any label is shown."""
        return self.asks_if_readable or self.asks_if_similar

    @property
    def asks_if_readable(self) -> bool:
        """Whether it judges that a record is a readable ECG at all."""
        return isinstance(self.network, ReadabilityConfig)

    @property
    def asks_if_similar(self) -> bool:
        """Whether it judges that a record is similar to the training data of the models."""
        return isinstance(self.network, GateConfig)

    @property
    def is_ventricular(self) -> bool:
        return isinstance(self.network, VentricularConfig)

    @property
    def is_delineator(self) -> bool:
        return isinstance(self.network, DelineatorConfig)

    def label_metrics(self, label: str) -> LabelMetrics | None:
        """The validation figures of one label; None if it was not validated."""
        per_label = self.validation.per_label if self.validation is not None else ()
        return next((metrics for metrics in per_label if metrics.label == label), None)

    @property
    def purpose(self) -> str:
        """The name of its task, or of what it does without one."""
        if self.task is not None:
            return self.task.name
        if self.is_gate:
            return "gate"
        if self.is_ventricular:
            return "ventricular rhythm"
        return "autoencoder" if self.is_autoencoder else "delineator"
