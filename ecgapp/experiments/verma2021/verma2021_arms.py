"""The arms of the protocol verma2021, and the trainings that they stand for."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ecgapp.experiments.study_protocol import Arm
from ecgapp.experiments.verma2021.verma2021_config import Verma2021Config
from ecgapp.experiments.verma2021.verma2021_keys import (
    benchmark_key,
    left_out_key,
    published_key,
    source_at,
    source_key,
    source_share_key,
    spectrum_key,
    target_key,
)
from ecgapp.experiments.verma2021.verma2021_networks import network_words
from ecgapp.models import ClassifierConfig, SpectralClassifierConfig
from ecgapp.models.registry import ClassifierShape
from ecgapp.signals import PreprocessingConfig
from ecgapp.tasks import task
from ecgapp.training import AugmentationConfig, Initialisation, Phase, TrainingConfig


class Mode(StrEnum):
    """The way an arm comes to its answers on the target."""

    SOURCE = "source"  # learns a PTB-XL task, and is the source of others
    SCRATCH = "scratch"
    FINETUNED = "finetuned"
    GRADED = "graded"
    FROZEN = "frozen"
    RANDOM = "frozenrandom"


MODE_TITLES = {
    Mode.SCRATCH: "From scratch",
    Mode.FINETUNED: "Fine-tuned",
    Mode.GRADED: "Fine-tuned, graded learning rates",
    Mode.FROZEN: "Frozen source, linear head",
    Mode.RANDOM: "Frozen random encoder, linear head",
}
CROPS_ONLY = AugmentationConfig(gain=0.0, wander=0.0, muscle=0.0, shift=0.0)  # as in the benchmark
NEEDS_SOURCE = (Mode.FINETUNED, Mode.GRADED, Mode.FROZEN)
TRAINED = (Mode.SCRATCH, Mode.FINETUNED, Mode.GRADED)


@dataclass(frozen=True)
class Verma2021Arm(Arm):
    """One arm: how it learns, from what share, at which rate, and with which defects of the publication.

    ``network`` is without its final shape. ``leave_out`` arms leave out each source of the target in turn,
    and test on it.
    """

    mode: Mode = Mode.SOURCE
    task: str = ""
    network: ClassifierConfig | None = None
    share: float = 1.0  # of the training patients of the task
    rate: float = 100.0  # Hz
    part: str = ""  # of the spectrum, if the input is one
    matched: bool = False  # source records drawn so that the target's label shares result
    leave_out: bool = False
    published: bool = False  # with the defects that the publication has

    @property
    def source(self) -> str | None:
        """The key of the arm whose model this one transfers."""
        return self.needs[0] if self.needs else None


def planned_arms(config: Verma2021Config) -> tuple[Verma2021Arm, ...]:
    """All arms, sources first."""
    return (
        *_benchmark_arms(config),
        *_source_variants(config),
        *_target_arms(config),
        *_variant_targets(config),
        *_leave_out_arms(config),
        *(_published_arms(config) if config.as_published else ()),
    )


def _benchmark_arms(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    tasks = dict.fromkeys((config.source_task, *config.benchmark_tasks))
    for name in tasks:
        title = f"PTB-XL {name}: {network_words(config.network)}"
        yield _source_arm(config, benchmark_key(name), title, task=name, rate=config.benchmark_rate)
    for network in config.other_networks:
        for name in config.compare_networks_on:
            title = f"PTB-XL {name}: {network_words(network)}"
            key = benchmark_key(name, network.architecture)
            yield _source_arm(config, key, title, task=name, network=network, rate=config.benchmark_rate)


def _source_variants(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    name = config.source_task
    for share in config.source_shares:
        percent = round(100 * share)
        yield _source_arm(config, source_share_key(share), f"Source: {percent} % of PTB-XL", share=share)
    yield _source_arm(config, "source-matched", "Source: label shares as in the target", matched=True)
    for rate in dict.fromkeys((config.sampling_rate, *config.other_rates)):
        if rate != config.benchmark_rate:
            yield _source_arm(config, source_at(config, rate), f"Source at {rate:g} Hz", rate=rate)
    for part in config.spectra:
        title = f"PTB-XL {name}: {part} of each crop's spectrum"
        yield _source_arm(config, spectrum_key(part), title, part=part)


def _target_arms(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    for share in config.target_shares:
        for mode in MODE_TITLES:
            yield _target_arm(config, mode, share)


def _variant_targets(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    variants = [(source_share_key(share), config.sampling_rate) for share in config.source_shares]
    variants.append(("source-matched", config.sampling_rate))
    variants += [(source_at(config, rate), rate) for rate in config.other_rates]
    for source, rate in variants:
        words = source.removeprefix("source-") if source.startswith("source-") else f"{rate:g}Hz"
        title = f"Frozen, linear head; source {words}"
        yield Verma2021Arm(
            f"frozen-from-source-{words}", title, config.draws, (source,), Mode.FROZEN, config.target_task,
            config.network, rate=rate,
        )  # fmt: skip
    for rate in config.other_rates:
        yield Verma2021Arm(
            f"frozenrandom-{rate:g}Hz", f"Frozen random encoder, linear head; {rate:g} Hz", config.draws, (),
            Mode.RANDOM, config.target_task, config.network, rate=rate,
        )  # fmt: skip


def _leave_out_arms(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    for mode in (Mode.FROZEN, Mode.RANDOM) if len(config.target_sources) != 1 else ():
        needs = (source_key(config),) if mode in NEEDS_SOURCE else ()
        yield Verma2021Arm(
            left_out_key(mode), f"{MODE_TITLES[mode]}; each source left out", 1, needs, mode,
            config.target_task, config.network, rate=config.sampling_rate, leave_out=True,
        )  # fmt: skip


def _published_arms(config: Verma2021Config) -> Iterator[Verma2021Arm]:
    for mode, words in ((Mode.SCRATCH, "scrambled leads"), (Mode.FINETUNED, "leads in order")):
        needs = (source_key(config),) if mode in NEEDS_SOURCE else ()
        title = f"As published: {MODE_TITLES[mode].lower()}, {words}, epoch chosen on the test fold"
        yield Verma2021Arm(
            published_key(mode), title, config.trained_draws, needs, mode, config.target_task, config.network,
            rate=config.sampling_rate, published=True,
        )  # fmt: skip
    for part in config.spectra:
        title = f"As published: crops out of the record's spectrum, {part}"
        yield _source_arm(config, spectrum_key(part, published=True), title, part=part, published=True)


def _source_arm(config: Verma2021Config, key: str, title: str, **fields: object) -> Verma2021Arm:
    settings: dict[str, object] = {
        "mode": Mode.SOURCE,
        "task": config.source_task,
        "network": config.network,
        "rate": config.sampling_rate,
    }
    return Verma2021Arm(key, title, 1, (), **{**settings, **fields})  # type: ignore[arg-type]


def _target_arm(config: Verma2021Config, mode: Mode, share: float) -> Verma2021Arm:
    percent = round(100 * share)
    trials = config.trained_draws if mode in TRAINED else config.draws
    needs = (source_key(config),) if mode in NEEDS_SOURCE else ()
    return Verma2021Arm(
        target_key(mode, share), f"{MODE_TITLES[mode]}; {percent} % of the target", trials, needs, mode,
        config.target_task, config.network, share=share, rate=config.sampling_rate,
    )  # fmt: skip


def training_config(
    config: Verma2021Config, arm: Verma2021Arm, stores: tuple[str, ...], seed: int
) -> TrainingConfig:
    """The training of an arm.

    Arms of one target differ in their initial weights and learning rates only. All have as many epochs; with
    graded rates the first of them train the head alone.
    """
    name = arm.task if arm.mode != Mode.SOURCE else f"ptbxl_{arm.task}"
    window = round(config.crop_seconds * arm.rate)
    preprocessing = PreprocessingConfig(
        sampling_rate=arm.rate, lowpass=0.45 * arm.rate, window=window, stride=window // 2
    )
    shape = ClassifierShape(len(preprocessing.leads), window, len(task(name).labels))
    is_source, transfers = arm.mode == Mode.SOURCE, arm.mode in (Mode.FINETUNED, Mode.GRADED)
    graded = arm.mode == Mode.GRADED
    target_epochs = config.target_epochs + (0 if graded else config.head_epochs)
    epochs = config.source_epochs if is_source else target_epochs
    return TrainingConfig(
        name=f"verma2021-{arm.key}",
        phase=Phase.FINETUNE,
        network=_network(config, arm).with_shape(shape),
        stores=stores,
        preprocessing=preprocessing,
        title=arm.title,
        task=name,
        initialisation=Initialisation.TRANSFER if transfers else Initialisation.RANDOM,
        pretrained=arm.source if transfers else None,
        head_epochs=config.head_epochs if graded else 0,
        graded_rates=graded,
        epochs=epochs,
        batch_size=config.batch_size if is_source else config.target_batch,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        ema_decay=0.0,
        augmentation=CROPS_ONLY,
        aggregation="max",
        seed=seed,
    )


def _network(config: Verma2021Config, arm: Verma2021Arm) -> ClassifierConfig:
    network = arm.network or config.network
    if not arm.part or arm.published:
        return network
    n_leads, n_samples, n_labels = network.shape
    inner = network.with_shape(ClassifierShape(n_leads, n_samples // 2 + 1, n_labels))
    return SpectralClassifierConfig(inner, n_samples, arm.part)
