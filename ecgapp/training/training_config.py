"""The config of a training: what is learnt, from which records, how, and for how long."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from ecgapp.errors import ConfigError
from ecgapp.models import (
    ArchitectureConfig,
    AutoencoderConfig,
    ClassifierConfig,
    ECGClassifierConfig,
    PatchAutoencoderConfig,
)
from ecgapp.signals.preprocessing_config import PreprocessingConfig
from ecgapp.storage import documents
from ecgapp.storage.documents import later
from ecgapp.tasks import Task, csv_task, task
from ecgapp.training.augmentation_config import AugmentationConfig
from ecgapp.training.optimisation import KeptBy, Loss, Optimiser, Schedule


class Phase(StrEnum):
    """An autoencoder learns from unlabelled windows, or a classifier from labelled ones."""

    PRETRAIN = "pretrain"
    FINETUNE = "finetune"


class Initialisation(StrEnum):
    """The start of the weights: at random, at a pretrained encoder, or at one that stays as it is.

    A frozen encoder without a pretrained model is the control: random, and never trained.
    """

    RANDOM = "random"
    TRANSFER = "transfer"
    FROZEN = "frozen"


class Resampling(StrEnum):
    """The records that the members of an ensemble learn from, which make them differ.

    Cross-fitting leaves one group of folds out for each. A bootstrap draws as many records as there
    are, with replacement: the repeats of Jang et al. 2021 (doi 10.4258/hir.2021.27.1.19).
    """

    CROSS_FIT = "cross-fit"
    BOOTSTRAP = "bootstrap"


LANES = 8  # that records usually lie in
LARGEST_SEED = 2**53 - 1  # the largest that a browser shows and any reader of JSON keeps exactly
RESULT = "result"  # the folder in a training's own that holds its model
PRECISIONS = ("auto", "fp32", "bf16")
_FREE = (  # what may change on the way
    "device",
    "checkpoint_seconds",
    "further_epochs",
    "members_at_once",
    "title",
    "licence",
)


@dataclass(frozen=True)
class TrainingConfig:
    """All that a training depends on; the same config and the same data give the same weights.

    Stores are names of imported stores, or paths. ``members`` above 1 makes an ensemble: by
    cross-fitting the folds of training and validation together are dealt into as many groups, and
    each member is trained without one of them; by bootstrap each learns from its own sample of the
    training records. ``pretrained`` names an installed model, or a finished run as ``run:ID``.
    The records lie in ``lanes``, of which every batch takes equally many windows: any number of
    processes that divides both it and ``batch_size`` trains together, to the same weights as one.

    Raises:
        ConfigError: a setting makes no sense, or two of them do not go together.
    """

    name: str
    phase: str
    network: ArchitectureConfig
    stores: tuple[str, ...]
    preprocessing: PreprocessingConfig = field(default_factory=PreprocessingConfig)
    title: str = ""
    task: str | None = None  # a registered task; None: the CSV's own ``label_columns``
    label_columns: tuple[str, ...] = ()
    store_weights: tuple[float, ...] = ()  # how often a record of each store is drawn; empty: all alike
    train_folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    validation_folds: tuple[int, ...] = (9,)
    initialisation: str = Initialisation.RANDOM
    pretrained: str | None = None  # the model whose weights are transferred
    head_epochs: int = later(0)  # before the others, in which only the head learns, in a cycle of its own
    graded_rates: bool = later(
        False
    )  # then: head a tenth, encoder a hundredth, its stem a thousandth of the rate
    epochs: int = 20
    further_epochs: tuple[int, ...] = ()  # each one more cycle of the learning rate, when all went well
    fraction: float = 1.0  # of the training records, drawn at random
    batch_size: int = 64  # of all processes together
    lanes: int = LANES  # fewer where there are few records, or where batches cannot be dealt so
    optimiser: str = later(Optimiser.ADAMW)
    schedule: str = later(Schedule.ONE_CYCLE)
    learning_rate: float = 2e-3  # at the top of the one cycle
    encoder_rate: float = 1.0  # a transferred encoder's share of the learning rate
    weight_decay: float = 0.01
    warmup: float = 0.25  # share of the steps before the top
    clip_gradient: float = 1.0  # largest norm of the gradient; 0: not clipped
    ema_decay: float = 0.99  # of the averaged weights that are evaluated and kept; 0: no average
    loss: str = later(Loss.BINARY)
    keep_best_by: str = later(KeptBy.SCORE)
    patience: int = 0  # epochs without a better validation before it ends; 0: never
    class_weighting: float = 0.0  # 0: every answer weighs the same; 1: both answers of a label do
    precision: str = "auto"
    device: str = "auto"
    seed: int = 0
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    checkpoint_seconds: float = 30.0
    members: int = 1
    resampling: str = Resampling.CROSS_FIT
    members_at_once: int = 0  # as one batched network; 0: as many as pay on the device
    compiled: bool = False  # torch.compile: minutes to warm up, and it needs a C++ compiler on CPUs
    threshold_beta: float = 1.0  # thresholds are those of the best F-beta
    aggregation: str = "mean"  # how windows' probabilities become the record's
    licence: str = "CC BY 4.0"  # of the weights

    def __post_init__(self) -> None:
        checks = (
            self._name_faults,
            self._choice_faults,
            self._phase_faults,
            self._window_faults,
            self._fold_faults,
            self._number_faults,
        )
        for check in checks:
            faults = check()
            if faults:
                raise ConfigError(faults[0])

    def _name_faults(self) -> list[str]:
        faults = []
        if not self.name or not all(c.isalnum() or c in "-_." for c in self.name) or self.name[0] == ".":
            faults.append("A model's name consists of letters, digits, points, dashes and underscores.")
        if self.phase not in tuple(Phase) or self.initialisation not in tuple(Initialisation):
            faults.append("A training is pretrain or finetune, and starts random, transfer or frozen.")
        if (self.initialisation, self.pretrained) == (Initialisation.TRANSFER, None):
            faults.append("Transfer needs the name of a pretrained model.")
        if self.initialisation == Initialisation.RANDOM and self.pretrained is not None:
            faults.append("A random start needs no pretrained model.")
        return faults

    def _phase_faults(self) -> list[str]:
        faults = []
        if self.pretraining and self.initialisation == Initialisation.FROZEN:
            faults.append("An autoencoder cannot be trained with a frozen encoder.")
        if not isinstance(self.network, AutoencoderConfig if self.pretraining else ClassifierConfig):
            faults.append("Pretraining needs an autoencoder, and fine-tuning a classifier.")
        if not self.pretraining and (self.task is None) == (not self.label_columns):
            faults.append("Fine-tuning needs either a task or the label columns of a CSV.")
        if self.members > 1 and self.pretraining:
            faults.append("Only classifiers made of an encoder and a head are trained as ensembles.")
        if self.resampling not in tuple(Resampling) or self.members_at_once < 0:
            faults.append("Members are made by cross-fit or bootstrap, and none or more learn at once.")
        return faults

    def _choice_faults(self) -> list[str]:
        faults = []
        if self.optimiser not in tuple(Optimiser) or self.schedule not in tuple(Schedule):
            faults.append("The optimiser is adamw, adam or sgd, and the schedule one-cycle or constant.")
        if self.loss not in tuple(Loss) or self.keep_best_by not in tuple(KeptBy):
            faults.append("The loss is binary or categorical, and the best epoch is kept by score or loss.")
        graded = self.head_epochs > 0 or self.graded_rates
        if self.head_epochs < 0 or (graded and self.initialisation != Initialisation.TRANSFER):
            faults.append("Epochs of the head alone and graded rates are for a transferred network.")
        if graded and self.pretraining:
            faults.append("Epochs of the head alone and graded rates are for a classifier.")
        return faults

    def _window_faults(self) -> list[str]:
        n_leads, n_samples = self.input_shape
        if n_leads != len(self.preprocessing.leads):
            return ["The network's number of leads is not the preprocessing's."]
        if n_samples != self.preprocessing.window:
            return ["The network's window is not the preprocessing's."]
        return []

    def _fold_faults(self) -> list[str]:
        folds = (*self.train_folds, *self.validation_folds)
        faults = []
        if not self.train_folds or not self.validation_folds or min(folds) < 1:
            faults.append("Training and validation need at least one fold each, numbered from 1.")
        if len(set(folds)) != len(folds):
            faults.append("A fold is for training or for validation, not for both.")
        most = len(folds) if self.resampling == Resampling.CROSS_FIT else 1000
        if not 1 <= self.members <= most:
            faults.append("An ensemble has at least one member, and at most one for each fold to leave out.")
        if not self.stores:
            faults.append("A training needs at least one data set.")
        if self.store_weights and (
            len(self.store_weights) != len(self.stores) or min(self.store_weights) <= 0
        ):
            faults.append("Give each data set one weight above 0, or none at all.")
        return faults

    def _number_faults(self) -> list[str]:
        faults = []
        counts = (self.epochs, self.batch_size, self.lanes, *self.further_epochs)
        if min(counts) < 1 or self.learning_rate <= 0:
            faults.append("Epochs, batch size, lanes and learning rate must be positive.")
        if self.patience < 0 or not 0 <= self.seed <= LARGEST_SEED:
            faults.append(f"Patience and seed cannot be negative, and a seed is at most {LARGEST_SEED}.")
        if not (0 <= self.warmup < 1 and 0 <= self.ema_decay < 1 and 0 <= self.class_weighting <= 1):
            faults.append("Warm-up, average and class weighting lie between 0 and 1.")
        if not 0 < self.fraction <= 1:
            faults.append("The share of the training records lies above 0, and is at most 1.")
        if min(self.weight_decay, self.clip_gradient, self.encoder_rate, self.checkpoint_seconds) < 0:
            faults.append("Weight decay, clipping, encoder rate and checkpoint time cannot be negative.")
        if self.precision not in PRECISIONS or self.aggregation not in ("mean", "max"):
            faults.append("Precision is auto, fp32 or bf16, and windows are aggregated by mean or max.")
        if self.threshold_beta <= 0:
            faults.append("Beta of the thresholds' F-beta must be positive.")
        return faults

    @property
    def pretraining(self) -> bool:
        return self.phase == Phase.PRETRAIN

    @property
    def encoder(self) -> AutoencoderConfig | None:
        """The config of the encoder's autoencoder, where the network has one."""
        if isinstance(self.network, AutoencoderConfig):
            return self.network
        return self.network.encoder if isinstance(self.network, ECGClassifierConfig) else None

    @property
    def input_shape(self) -> tuple[int, int]:
        """The leads and the samples of a window that the network reads."""
        if isinstance(self.network, ClassifierConfig):
            return self.network.shape[:2]
        encoder = self.encoder
        return (encoder.n_leads, encoder.n_samples) if encoder is not None else (0, 0)

    @property
    def cycles(self) -> tuple[int, ...]:
        """The epochs of each cycle of the learning rate: of the head alone if any, as planned, added."""
        head = (self.head_epochs,) if self.head_epochs else ()
        return (*head, self.epochs, *self.further_epochs)

    @property
    def all_epochs(self) -> int:
        """The number of epochs planned at first, and of those added since."""
        return sum(self.cycles)

    @property
    def digest(self) -> str:
        """The sha256 of all that the weights depend on so far: a run goes on only with the very same.

        More epochs may be added, and the device may be another.
        """
        plain = documents.fields_to_plain(self)
        fixed = {name: value for name, value in plain.items() if name not in _FREE}
        return hashlib.sha256(documents.dump(fixed).encode()).hexdigest()

    def labels(self) -> Task | None:
        """The task that is asked, or None in pretraining.

        Raises:
            ConfigError: there is no such task, or the network answers another number of labels.
        """
        if self.pretraining:
            return None
        labelled = task(self.task) if self.task else csv_task(self.label_columns)
        if isinstance(self.network, ClassifierConfig) and self.network.shape.n_labels != len(labelled.labels):
            raise ConfigError(
                f"The task {labelled.name} has {len(labelled.labels)} labels, the network another number."
            )
        return labelled


def pretraining_defaults(
    stores: tuple[str, ...] = ("ptb-xl",), preprocessing: PreprocessingConfig | None = None
) -> TrainingConfig:
    """The usual pretraining: a patch autoencoder that fits the preprocessing."""
    chosen = preprocessing or PreprocessingConfig()
    network = PatchAutoencoderConfig(n_leads=len(chosen.leads), n_samples=chosen.window)
    return TrainingConfig("autoencoder", Phase.PRETRAIN, network, stores, chosen)
