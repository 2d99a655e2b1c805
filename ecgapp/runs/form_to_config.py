"""From what an administrator picks in a form to the one config of a training. No Streamlit here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ecgapp.errors import ConfigError
from ecgapp.models import (
    ArchitectureConfig,
    AutoencoderConfig,
    ECGClassifierConfig,
    FoldAutoencoderConfig,
    JangAutoencoderConfig,
    ModelCard,
    PatchAutoencoderConfig,
)
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import csv_task, task
from ecgapp.training import AugmentationConfig, Initialisation, Phase, Resampling, TrainingConfig
from ecgapp.training.data.sharding import fitting_batch, fitting_lanes
from ecgapp.training.devices import n_devices
from ecgapp.training.training_config import LANES

PATCH = "Fast autoencoder (patch stem), all leads, 100 Hz, 10 s"
FOLD_ONE_LEAD = "Fastest autoencoder (folded time), one lead, 250 Hz, 8.192 s"
JANG = "Jang 2021 as published, one lead, 250 Hz, 8.192 s"
NETWORKS = (PATCH, FOLD_ONE_LEAD, JANG)
PAPER_RATE, PAPER_WINDOW = 250.0, 2048  # Hz, samples: Jang et al. 2021, doi 10.4258/hir.2021.27.1.19

MOST_EPOCHS, LARGEST_BATCH, MOST_MEMBERS = 10_000, 65_536, 1000  # that the fields of the pages take
LOWEST_RATE, RATE_FORMAT = 1e-7, "%.6f"

PHASES = {Phase.PRETRAIN: "Pretraining (unlabelled ECGs)", Phase.FINETUNE: "Fine-tuning (labelled ECGs)"}
STARTS = {
    Initialisation.RANDOM: "Random weights",
    Initialisation.TRANSFER: "Transfer: start from a pretrained encoder",
    Initialisation.FROZEN: "Transfer, encoder frozen: only the head learns",
}
RESAMPLINGS = {
    Resampling.CROSS_FIT: "Cross-fitting: each without some folds",
    Resampling.BOOTSTRAP: "Bootstrap: each on its own draw",
}


@dataclass(frozen=True)
class Subject:
    """What is learnt, from which records, starting where.

    ``leads`` are those that all chosen data sets have. ``task`` None with ``label_columns`` means
    the data set's own labels. ``pretrained`` is the card to transfer from; then it decides on the
    network, and ``network`` and ``lead`` are not asked. ``reference`` is how a config names it, where
    that is not the card's name. ``control`` freezes a random encoder instead: what a linear head can
    do on features that nothing has taught.
    """

    phase: Phase
    start: Initialisation
    stores: tuple[str, ...]
    leads: tuple[str, ...]
    task: str | None = None
    label_columns: tuple[str, ...] = ()
    network: str = PATCH
    lead: str = "II"
    pretrained: ModelCard | None = None
    control: bool = False
    reference: str | None = None

    @property
    def how(self) -> str:
        """The start in one word."""
        return "frozen_random" if self.control else str(self.start)


@dataclass(frozen=True)
class Details:
    """What is usually left as it is; as ``TrainingConfig`` means it."""

    weight_decay: float = 0.01
    warmup: float = 0.25
    clip_gradient: float = 1.0
    ema_decay: float = 0.99
    precision: str = "auto"
    compiled: bool = False
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)


@dataclass(frozen=True)
class Schedule:
    """How long, how fast, on what, and under which name."""

    name: str
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 2e-3
    patience: int = 0
    seed: int = 0
    device: str = "cpu"
    members: int = 1
    resampling: str = Resampling.CROSS_FIT
    fraction: float = 1.0
    class_weighting: float = 0.0
    train_folds: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)
    validation_folds: tuple[int, ...] = (9,)
    details: Details = field(default_factory=Details)


def training_config(subject: Subject, schedule: Schedule) -> TrainingConfig:
    """The config that a run is started with.

    Its lanes, and its batch size where ``batch_words`` says so, are what the devices can share out.

    Raises:
        ConfigError: the choices do not go together; the sentence says which.
    """
    if not subject.stores:
        raise ConfigError("Choose at least one data set.")
    preprocessing, encoder = _input_and_encoder(subject)
    n = n_devices(schedule.device)
    chosen = vars(schedule) | {"batch_size": taken_batch(schedule.batch_size, n)}
    details: Details = chosen.pop("details")
    config = TrainingConfig(
        **vars(details),
        **chosen,
        lanes=fitting_lanes(LANES, n),
        phase=subject.phase,
        network=_network(subject, encoder),
        stores=subject.stores,
        preprocessing=preprocessing,
        title=suggested_title(subject),
        task=subject.task,
        label_columns=subject.label_columns,
        initialisation=subject.start,
        pretrained=(subject.reference or subject.pretrained.name) if subject.pretrained else None,
    )
    config.labels()  # refuses a task that does not exist
    return config


def suggested_name(subject: Subject) -> str:
    """A name such as ``ptbxl_superclass_transfer``; letters, digits and underscores only."""
    if subject.phase == Phase.PRETRAIN:
        network = "jang" if subject.network == JANG else "cae"
        return f"{network}_12lead" if subject.network == PATCH else f"{network}_{subject.lead}"
    return f"{subject.task or 'own_labels'}_{subject.how}"


def suggested_title(subject: Subject) -> str:
    """What the review page calls the model."""
    if subject.phase == Phase.PRETRAIN:
        return f"Autoencoder of {', '.join(subject.stores)}"
    asked = task(subject.task).title if subject.task else "Own labels"
    return f"{asked} ({subject.how})"


def device_words(device: str) -> str:
    """``cuda:0+cuda:1`` as ``all 2 GPUs together``; a single device by its name."""
    n = n_devices(device)
    return f"all {n} GPUs together" if n > 1 else device


def taken_batch(batch_size: int, n: int) -> int:
    """The nearest batch size that ``n`` devices can share, and that the fields of the pages take, too."""
    return min(fitting_batch(batch_size, n), max(LARGEST_BATCH, batch_size) // n * n)


def batch_words(device: str, batch_size: int) -> str:
    """Which batch size is taken instead of one that the device's processes cannot share; else empty."""
    n = n_devices(device)
    taken = taken_batch(batch_size, n)
    if taken == batch_size:
        return ""
    return f"The {n} devices share every batch equally: batch size {taken} is taken instead of {batch_size}."


def shared_leads(leads_of_stores: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The leads that every data set has, in the order of the first."""
    if not leads_of_stores:
        return ()
    first, *others = leads_of_stores
    return tuple(lead for lead in first if all(lead in leads for leads in others))


def transferable(cards: Mapping[str, ModelCard], phase: Phase, leads: Iterable[str]) -> dict[str, ModelCard]:
    """The installed models whose encoder this phase can start from, for records with these leads."""
    known = set(leads)
    kinds = AutoencoderConfig if phase == Phase.PRETRAIN else (AutoencoderConfig, ECGClassifierConfig)
    return {
        name: card
        for name, card in cards.items()
        if isinstance(card.network, kinds) and known.issuperset(card.preprocessing.leads)
    }


def _input_and_encoder(subject: Subject) -> tuple[PreprocessingConfig, AutoencoderConfig]:
    if subject.start != Initialisation.RANDOM and not subject.control:
        return _of_pretrained(subject.pretrained)
    if subject.network == PATCH:
        wide = PreprocessingConfig(leads=subject.leads)
        return wide, PatchAutoencoderConfig(n_leads=len(wide.leads), n_samples=wide.window)
    if subject.lead not in subject.leads:
        raise ConfigError(f"Not every chosen data set has the lead {subject.lead}. Choose another lead.")
    narrow = PreprocessingConfig(
        leads=(subject.lead,),
        sampling_rate=PAPER_RATE,
        window=PAPER_WINDOW,
        stride=PAPER_WINDOW // 2,
    )
    kind = JangAutoencoderConfig if subject.network == JANG else FoldAutoencoderConfig
    return narrow, kind(n_leads=1, n_samples=PAPER_WINDOW)


def _of_pretrained(card: ModelCard | None) -> tuple[PreprocessingConfig, AutoencoderConfig]:
    if card is None:
        raise ConfigError("Choose the pretrained model to transfer from, or start from random weights.")
    network = card.network
    encoder = network.encoder if isinstance(network, ECGClassifierConfig) else network
    if not isinstance(encoder, AutoencoderConfig):
        raise ConfigError("This model has no single encoder to transfer. Choose another one.")
    return card.preprocessing, encoder


def _network(subject: Subject, encoder: AutoencoderConfig) -> ArchitectureConfig:
    if subject.phase == Phase.PRETRAIN:
        return encoder
    asked = task(subject.task) if subject.task else csv_task(subject.label_columns)
    return ECGClassifierConfig(encoder, len(asked.labels))
