"""The config of a training from the choices of its form, step by step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ecgapp.errors import ConfigError
from ecgapp.models import (
    AutoencoderConfig,
    ClassifierConfig,
    ClassifierShape,
    CnnLstmConfig,
    ECGClassifierConfig,
    FoldAutoencoderConfig,
    InceptionConfig,
    JangAutoencoderConfig,
    ModelCard,
    PatchAutoencoderConfig,
    PooledClassifierConfig,
    ResNetWangConfig,
    SpectralClassifierConfig,
    XResNetConfig,
)
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import csv_task, task
from ecgapp.training import Initialisation, Phase, Resampling, TrainingConfig, pretraining_defaults
from ecgapp.training.data.sharding import fitting_batch, fitting_lanes
from ecgapp.training.devices import n_devices

PATCH = "Fast autoencoder (patch stem), all leads, 100 Hz, 10 s"
FOLD_ONE_LEAD = "Fastest autoencoder (folded time), one lead, 250 Hz, 8.192 s"
JANG = "Jang 2021 as published, one lead, 250 Hz, 8.192 s"
NETWORKS = (PATCH, FOLD_ONE_LEAD, JANG)
"""Autoencoders, whose encoders also become classifiers."""


class OfferedClassifier(NamedTuple):
    """A network that learns from labels only, and the length of its windows in seconds."""

    network: ClassifierConfig
    seconds: float


CLASSIFIERS: dict[str, OfferedClassifier] = {
    "XResNet1d101 (PTB-XL benchmark), all leads, 100 Hz, 2.5 s": OfferedClassifier(XResNetConfig(), 2.5),
    "ResNet1d of Wang (PTB-XL benchmark), all leads, 100 Hz, 2.5 s": OfferedClassifier(
        ResNetWangConfig(), 2.5
    ),
    "Inception1d (PTB-XL benchmark), all leads, 100 Hz, 2.5 s": OfferedClassifier(InceptionConfig(), 2.5),
    "XResNet1d101 of the spectrum, all leads, 100 Hz, 2.5 s": OfferedClassifier(
        SpectralClassifierConfig(), 2.5
    ),
    "Fast autoencoder's encoder, convolutions behind it, all leads, 100 Hz, 10 s": OfferedClassifier(
        PooledClassifierConfig(conv_widths=(64, 64)), 10.0
    ),
    "Singstad 2020 as published, all leads, 500 Hz, 20 s": OfferedClassifier(CnnLstmConfig(), 20.0),
    "Singstad 2020 with 64 filters, all leads, 250 Hz, 20 s": OfferedClassifier(
        CnnLstmConfig(n_samples=5000, filters=64, blocks=6), 20.0
    ),
}
WHOLE_RECORD = 20.0  # s: windows of this length do not overlap, others do by half

PAPER_RATE, PAPER_WINDOW = 250.0, 2048  # Hz, samples: Jang et al. 2021, doi 10.4258/hir.2021.27.1.19

MOST_EPOCHS, LARGEST_BATCH, MOST_MEMBERS = 10_000, 65_536, 1000  # that the fields of the pages take
LOWEST_RATE, RATE_FORMAT = 1e-7, "%.6f"

PHASES = {Phase.PRETRAIN: "Pretraining (unlabelled ECGs)", Phase.FINETUNE: "Fine-tuning (labelled ECGs)"}
STARTS = {
    Initialisation.RANDOM: "Random weights",
    Initialisation.TRANSFER: "Transfer: start from a pretrained encoder",
    Initialisation.FROZEN: "Transfer, encoder frozen: only the head learns",
}
TURNED = 0.5  # share of the windows turned upside down where a lead stands for another one
NO_STORES = "Choose at least one data set."
RESAMPLINGS = {
    Resampling.CROSS_FIT: "Cross-fitting: each without some folds",
    Resampling.BOOTSTRAP: "Bootstrap: each on its own draw",
}


class Labels(NamedTuple):
    """The labels that a fine-tuning learns: a registered task, or the data sets' own label columns."""

    task: str | None
    columns: tuple[str, ...] = ()


def config_on_network(
    stores: tuple[str, ...], leads: tuple[str, ...], network: str, lead: str, labels: Labels | None = None
) -> TrainingConfig:
    """The training of one of ``NETWORKS`` or, where there are labels, ``CLASSIFIERS`` from random weights.

    ``leads`` are those that all data sets have; a network of one lead learns ``lead``. Without labels it is a
    pretraining.

    Raises:
        ConfigError: no data set is chosen, not all of them have the lead, or there are no labels to learn.
    """
    if not stores:
        raise ConfigError(NO_STORES)
    if network in CLASSIFIERS:
        if labels is None:
            raise ConfigError("This network learns from labels only. Choose another one for pretraining.")
        offered = CLASSIFIERS[network]
        tuned = _finetuning(stores, offered.network, _preprocessing_of(offered, leads), labels)
        return replace(tuned, aggregation="max")
    if network == PATCH:
        config = pretraining_defaults(stores, PreprocessingConfig(leads=leads))
        return _labelled(config, labels)
    if lead not in leads:
        raise ConfigError(f"Not every chosen data set has the lead {lead}. Choose another lead.")
    narrow = PreprocessingConfig(
        leads=(lead,), sampling_rate=PAPER_RATE, window=PAPER_WINDOW, stride=PAPER_WINDOW // 2
    )
    kind = JangAutoencoderConfig if network == JANG else FoldAutoencoderConfig
    encoder = kind(n_leads=1, n_samples=PAPER_WINDOW)
    return _labelled(replace(pretraining_defaults(stores), network=encoder, preprocessing=narrow), labels)


def config_on_pretrained(
    stores: tuple[str, ...], card: ModelCard | None, lead: str | None = None, labels: Labels | None = None
) -> TrainingConfig:
    """The training of a pretrained model's network, with its preprocessing; without labels a pretraining.

    ``lead`` is read in place of the only lead of the model; None: the model's own leads.

    Raises:
        ConfigError: no data set or no model is chosen, or the model has nothing to transfer, or reads several
            leads while ``lead`` is given.
    """
    if not stores:
        raise ConfigError(NO_STORES)
    if card is None:
        raise ConfigError("Choose the pretrained model to transfer from, or start from random weights.")
    network = card.network
    preprocessing = card.preprocessing if lead is None else card.preprocessing.reading(lead)
    if isinstance(network, ClassifierConfig) and labels is not None:
        tuned = _finetuning(stores, network, preprocessing, labels)
        return replace(tuned, aggregation=card.aggregation)
    if not isinstance(network, AutoencoderConfig):
        raise ConfigError("This model has no single encoder to transfer. Choose another one.")
    config = replace(pretraining_defaults(stores), network=network, preprocessing=preprocessing)
    return _labelled(config, labels)


def _preprocessing_of(offered: OfferedClassifier, leads: tuple[str, ...]) -> PreprocessingConfig:
    """The windows that the classifier reads, of these leads."""
    window = offered.network.shape.n_samples
    stride = window if offered.seconds >= WHOLE_RECORD else window // 2
    return PreprocessingConfig(leads, window / offered.seconds, window=window, stride=stride)


def _labelled(config: TrainingConfig, labels: Labels | None) -> TrainingConfig:
    """The config, or the fine-tuning of its encoder where there are labels."""
    if labels is None:
        return config
    return _finetuning(
        config.stores,
        ECGClassifierConfig(config.encoder or PatchAutoencoderConfig()),
        config.preprocessing,
        labels,
    )


def _finetuning(
    stores: tuple[str, ...], network: ClassifierConfig, preprocessing: PreprocessingConfig, labels: Labels
) -> TrainingConfig:
    """The training of a classifier of this kind for the labels.

    Raises:
        ConfigError: there is no such task, or neither a task nor a column is chosen.
    """
    n_labels = len((task(labels.task) if labels.task else csv_task(labels.columns)).labels)
    n_leads, n_samples = len(preprocessing.leads), preprocessing.window
    return replace(
        pretraining_defaults(stores),
        phase=Phase.FINETUNE,
        network=network.with_shape(ClassifierShape(n_leads, n_samples, n_labels)),
        preprocessing=preprocessing,
        task=labels.task,
        label_columns=labels.columns,
    )


def with_start(config: TrainingConfig, start: Initialisation, pretrained: str | None) -> TrainingConfig:
    """The config with its start, and with the name and the title that it suggests.

    ``pretrained`` names an installed model or a run; a frozen start without it is the control, in which a
    random encoder is frozen: what a linear head can do on features that nothing has taught.
    """
    started = replace(config, initialisation=start, pretrained=pretrained)
    return replace(started, name=suggested_name(started), title=suggested_title(started))


def suggested_name(config: TrainingConfig) -> str:
    """A name such as ``ptbxl_superclass_transfer``; letters, digits and underscores only."""
    if config.pretraining:
        network = "jang" if isinstance(config.network, JangAutoencoderConfig) else "cae"
        wide = isinstance(config.network, PatchAutoencoderConfig)
        return f"{network}_12lead" if wide else f"{network}_{config.preprocessing.leads[0]}"
    network = "" if isinstance(config.network, ECGClassifierConfig) else f"{config.network.architecture}_"
    return f"{config.task or 'own_labels'}_{network}{_start_word(config)}"


def suggested_title(config: TrainingConfig) -> str:
    """The model's name on the review page."""
    if config.pretraining:
        return f"Autoencoder of {', '.join(config.stores)}"
    labels = task(config.task).title if config.task else "Own labels"
    return f"{labels} ({_start_word(config)})"


def _start_word(config: TrainingConfig) -> str:
    control = config.initialisation == Initialisation.FROZEN and config.pretrained is None
    return "frozen_random" if control else str(config.initialisation)


def on_its_devices(config: TrainingConfig) -> TrainingConfig:
    """The config with lanes, and with the nearest batch size, that its devices can share out."""
    n = n_devices(config.device)
    lanes, batch_size = fitting_lanes(config.lanes, n), taken_batch(config.batch_size, n)
    return replace(config, lanes=lanes, batch_size=batch_size)


def device_words(device: str) -> str:
    """``cuda:0+cuda:1`` as ``all 2 GPUs together``; a single device by its name."""
    n = n_devices(device)
    return f"all {n} GPUs together" if n > 1 else device


def taken_batch(batch_size: int, n: int) -> int:
    """The nearest batch size that ``n`` devices can share, and that the fields of the pages take, too."""
    return min(fitting_batch(batch_size, n), max(LARGEST_BATCH, batch_size) // n * n)


def batch_words(device: str, batch_size: int) -> str:
    """A sentence with the batch size that is taken instead of one that the devices cannot share; or empty."""
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


def usual_settings(config: TrainingConfig | ConfigError) -> TrainingConfig:
    """The settings that the form begins with: windows are turned if a lead stands for another one.

    Lead I of a hand-held recorder is often upside down, and aVR is so by its definition.
    """
    if isinstance(config, ConfigError):
        return pretraining_defaults()
    if not config.preprocessing.substitutions:
        return config
    return replace(config, augmentation=replace(config.augmentation, polarity=TURNED))


def transferable(cards: Mapping[str, ModelCard], phase: Phase, leads: Iterable[str]) -> dict[str, ModelCard]:
    """The installed models that this phase can start from, for records with these leads.

    An encoder of one lead can read any lead in place of its own.
    """
    known = set(leads)
    kinds = AutoencoderConfig if phase == Phase.PRETRAIN else (AutoencoderConfig, ClassifierConfig)
    return {
        name: card
        for name, card in cards.items()
        if isinstance(card.network, kinds)
        and (known.issuperset(card.preprocessing.leads) or (known and len(card.preprocessing.leads) == 1))
    }
