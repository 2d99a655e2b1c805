"""The config of a training from the choices of its form, step by step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ecgapp.errors import ConfigError
from ecgapp.models import (
    AutoencoderConfig,
    ECGClassifierConfig,
    FoldAutoencoderConfig,
    JangAutoencoderConfig,
    ModelCard,
    PatchAutoencoderConfig,
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


def config_on_network(
    stores: tuple[str, ...], leads: tuple[str, ...], network: str, lead: str
) -> TrainingConfig:
    """The pretraining of one of ``NETWORKS`` from random weights.

    ``leads`` are those that all data sets have; a network of one lead learns ``lead``.

    Raises:
        ConfigError: no data set is chosen, or not all of them have the lead.
    """
    if not stores:
        raise ConfigError(NO_STORES)
    if network == PATCH:
        return pretraining_defaults(stores, PreprocessingConfig(leads=leads))
    if lead not in leads:
        raise ConfigError(f"Not every chosen data set has the lead {lead}. Choose another lead.")
    narrow = PreprocessingConfig(
        leads=(lead,), sampling_rate=PAPER_RATE, window=PAPER_WINDOW, stride=PAPER_WINDOW // 2
    )
    kind = JangAutoencoderConfig if network == JANG else FoldAutoencoderConfig
    encoder = kind(n_leads=1, n_samples=PAPER_WINDOW)
    return replace(pretraining_defaults(stores), network=encoder, preprocessing=narrow)


def config_on_pretrained(
    stores: tuple[str, ...], card: ModelCard | None, lead: str | None = None
) -> TrainingConfig:
    """The pretraining of the network of a pretrained model, with its preprocessing.

    ``lead`` is read in place of the only lead of the model; None: the model's own leads.

    Raises:
        ConfigError: no data set or no model is chosen, or the model has no encoder to transfer, or one that
            reads several leads while ``lead`` is given.
    """
    if not stores:
        raise ConfigError(NO_STORES)
    if card is None:
        raise ConfigError("Choose the pretrained model to transfer from, or start from random weights.")
    network = card.network
    encoder = network.encoder if isinstance(network, ECGClassifierConfig) else network
    if not isinstance(encoder, AutoencoderConfig):
        raise ConfigError("This model has no single encoder to transfer. Choose another one.")
    preprocessing = card.preprocessing if lead is None else card.preprocessing.reading(lead)
    return replace(pretraining_defaults(stores), network=encoder, preprocessing=preprocessing)


def with_labels(
    config: TrainingConfig, task_name: str | None, label_columns: tuple[str, ...]
) -> TrainingConfig:
    """The fine-tuning of a pretraining's encoder for a task, or for the data sets' own label columns.

    Raises:
        ConfigError: there is no such task, or neither a task nor a column is chosen.
    """
    labels = (task(task_name) if task_name else csv_task(label_columns)).labels
    encoder = config.encoder or PatchAutoencoderConfig()
    network = ECGClassifierConfig(encoder, len(labels))
    return replace(config, phase=Phase.FINETUNE, network=network, task=task_name, label_columns=label_columns)


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
    return f"{config.task or 'own_labels'}_{_start_word(config)}"


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
    usual = pretraining_defaults()
    if isinstance(config, ConfigError) or not config.preprocessing.substitutions:
        return usual
    return replace(usual, augmentation=replace(usual.augmentation, polarity=TURNED))


def transferable(cards: Mapping[str, ModelCard], phase: Phase, leads: Iterable[str]) -> dict[str, ModelCard]:
    """The installed models whose encoder this phase can start from, for records with these leads.

    An encoder of one lead can read any lead in place of its own.
    """
    known = set(leads)
    kinds = AutoencoderConfig if phase == Phase.PRETRAIN else (AutoencoderConfig, ECGClassifierConfig)
    return {
        name: card
        for name, card in cards.items()
        if isinstance(card.network, kinds)
        and (known.issuperset(card.preprocessing.leads) or (known and len(card.preprocessing.leads) == 1))
    }
