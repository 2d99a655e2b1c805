"""The card beside each weights file: what it is, what it was trained on, how well it does, and for whom."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from ecgapp import documents
from ecgapp.errors import ConfigError
from ecgapp.models.delineator import DelineatorConfig
from ecgapp.models.gate import GateConfig
from ecgapp.models.readability import ReadabilityConfig
from ecgapp.models.registry import ArchitectureConfig, AutoencoderConfig
from ecgapp.models.ventricular import VentricularConfig
from ecgapp.signals.config import PreprocessingConfig
from ecgapp.tasks.task import Task

ENOUGH_POSITIVES = 30  # fewer validation positives than this, and a class's figures are not shown


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LabelMetrics:
    """One label's figures at its threshold; None where a figure is undefined (no positives, say)."""

    label: str
    n: int
    n_positive: int
    threshold: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    precision: Interval | None = None
    recall: Interval | None = None
    specificity: Interval | None = None
    f1: Interval | None = None
    auroc: Interval | None = None
    auprc: Interval | None = None

    @property
    def sufficient(self) -> bool:
        """Whether there are enough positives to show a percentage."""
        return self.n_positive >= ENOUGH_POSITIVES


@dataclass(frozen=True)
class Evaluation:
    """A classifier on one set of records; macro figures are unweighted means over labels."""

    dataset: str  # which records, which folds, e.g. "PTB-XL, fold 9"
    n: int
    per_label: tuple[LabelMetrics, ...]
    macro_auroc: Interval | None = None
    macro_auprc: Interval | None = None
    macro_f1: Interval | None = None
    f2: Interval | None = None  # CinC 2020's, see evaluate.challenge
    g2: Interval | None = None


@dataclass(frozen=True)
class ReconstructionMetrics:
    """An autoencoder on one set of windows, in normalised units squared."""

    dataset: str
    n: int  # records
    n_windows: int
    mse_per_sample: Interval
    mse_summed: Interval  # over a window's samples, mean over leads, as Jang et al. 2021 report it


@dataclass(frozen=True)
class BoundaryFigures:
    """How one edge of one wave is found; ``n_found`` are those that stand where marks could be.

    Sensitivity and precision count what lies within 150 ms; errors are found minus marked, in ms.
    """

    wave: str  # P, QRS or T
    edge: str  # onset or offset
    n_marked: int
    n_found: int
    sensitivity: Interval | None = None
    precision: Interval | None = None
    mean_error: Interval | None = None
    deviation: Interval | None = None


@dataclass(frozen=True)
class DelineationMetrics:
    """A delineator on one set of records that were marked by hand, lead by lead."""

    dataset: str
    n: int  # records
    n_leads: int
    boundaries: tuple[BoundaryFigures, ...]


@dataclass(frozen=True)
class RocCurve:
    """Some kinds of records that should be refused against good ones; the points run from strict to lax.

    Each point is (threshold, share of the good ones refused, share of the others refused).
    """

    name: str
    n_good: int
    n_bad: int
    auroc: Interval | None
    points: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class KindFigures:
    """How many records of one kind a gate refuses, or finds unlike the training data.

    ``role``: "good" ones should pass; "class" are those of them with one label; "bad" ones should not;
    "graded" ones lie in between, or belong to the other question, and were fitted as neither. ``without`` is
    the share refused by a gate that was fitted without this kind and has its own threshold.
    """

    kind: str
    role: str
    n: int
    refused: int
    share: Interval | None = None
    auroc: Interval | None = None  # against the good records
    without: Interval | None = None


@dataclass(frozen=True)
class GateMetrics:
    """A gate on records that it was neither fitted nor given its threshold on."""

    dataset: str
    n: int  # good records
    auroc: Interval | None  # of all kinds together
    false_refusals: Interval | None  # share of good records refused
    kinds: tuple[KindFigures, ...]
    curves: tuple[RocCurve, ...]


@dataclass(frozen=True)
class VentricularFigures:
    """How many records or windows of one kind are called ventricular, of patients not trained on.

    ``ventricular``: they are; the others should not be called so. Noise without a heart has no patients.
    """

    kind: str
    ventricular: bool
    n_patients: int
    n: int
    called: int
    share: Interval | None = None


@dataclass(frozen=True)
class VentricularMetrics:
    """A ventricular network, each record judged by a member that was trained without its patient."""

    dataset: str
    n: int  # records and windows
    sensitivity: Interval | None  # of windows that are ventricular for most of the time
    false_alarms: Interval | None  # of all others
    kinds: tuple[VentricularFigures, ...]

    def kinds_that_are(self, ventricular: bool) -> tuple[VentricularFigures, ...]:
        """The kinds that are ventricular, or those that are not."""
        return tuple(kind for kind in self.kinds if kind.ventricular is ventricular)

    @property
    def n_ventricular_patients(self) -> int:
        """How many patients the sensitivity rests on; each kind has its own."""
        return sum(kind.n_patients for kind in self.kinds_that_are(True))


@dataclass(frozen=True)
class Provenance:
    """Where the weights come from; enough to train them again."""

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
        """sha256 of the whole card: other thresholds on the same weights are another model."""
        return hashlib.sha256(documents.dump(self).encode()).hexdigest()

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

    @property
    def purpose(self) -> str:
        """Its task's name, or what it does instead of answering one."""
        if self.task is not None:
            return self.task.name
        if self.is_gate:
            return "gate"
        if self.is_ventricular:
            return "ventricular rhythm"
        return "autoencoder" if self.is_autoencoder else "delineator"
