"""The settings of the protocol verma2021, and its presets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ecgapp.datasets import DatasetStore
from ecgapp.errors import ConfigError
from ecgapp.experiments.experiment_config import ProtocolConfig, Size
from ecgapp.models import ClassifierConfig, InceptionConfig, ResNetWangConfig, XResNetConfig

TASKS = ("all", "diagnostic", "subdiagnostic", "superdiagnostic", "form", "rhythm")


@dataclass(frozen=True)
class Verma2021Config(ProtocolConfig):
    """Numbers of the protocol; where a comment names no source, the choice is ours.

    Raises:
        ConfigError: a share, a rate or a number of folds makes no sense.
    """

    network: ClassifierConfig = field(default_factory=XResNetConfig)
    other_networks: tuple[ClassifierConfig, ...] = (ResNetWangConfig(), InceptionConfig())
    benchmark_tasks: tuple[str, ...] = TASKS  # the six of Strodthoff et al.
    source_task: str = "diagnostic"  # Verma et al.
    target_task: str = "verma_18"
    target_sources: tuple[str, ...] = ("georgia",)  # empty: every source but PTB-XL
    sampling_rate: float = 500.0  # Hz, Verma et al.
    other_rates: tuple[float, ...] = (250.0, 100.0, 50.0)
    benchmark_rate: float = 100.0  # Hz, of the tasks that are compared with Strodthoff et al.
    benchmark_input: bool = True  # one mean and one deviation of all samples in mV, and no filter
    crop_seconds: float = 2.5  # Strodthoff et al.
    batch_size: int = 128  # Strodthoff et al.
    learning_rate: float = 1e-2  # Strodthoff et al.
    weight_decay: float = 1e-2  # Strodthoff et al.
    source_epochs: int = 50  # Strodthoff et al.
    target_epochs: int = 30  # Strodthoff et al.; Verma et al. fine-tune for 10
    head_epochs: int = (
        30  # Strodthoff et al., of the head alone; other arms train all layers for as many more
    )
    target_batch: int = 128
    target_shares: tuple[float, ...] = (1.0, 0.75, 0.5, 0.25, 0.1)
    source_shares: tuple[float, ...] = (0.75, 0.5, 0.25)
    n_folds: int = 10  # Verma et al. stratify Georgia in ten
    draws: int = 5  # repeats of the folds with another seed
    trained_draws: int = 3  # the same, of arms that train a whole network in each fold
    random_encoders: int = 3  # controls: each draw uses the next
    compare_networks_on: tuple[str, ...] = TASKS  # tasks that the other networks learn
    spectra: tuple[str, ...] = ("magnitude", "real", "imaginary")
    as_published: bool = True  # also the arms with the published defects

    def __post_init__(self) -> None:
        shares = (*self.target_shares, *self.source_shares)
        if not shares or not all(0 < share <= 1 for share in shares) or 1.0 not in self.target_shares:
            raise ConfigError("Shares lie above 0 and are at most 1, and the target needs the share 1.")
        if min((self.sampling_rate, self.benchmark_rate, *self.other_rates, self.crop_seconds)) <= 0:
            raise ConfigError("Sampling rates and the length of crops must be positive.")
        if self.n_folds < 2 or min(self.draws, self.trained_draws, self.random_encoders) < 1:
            raise ConfigError("Two folds or more are needed, and at least one repeat.")
        unknown = {*self.benchmark_tasks, *self.compare_networks_on, self.source_task} - set(TASKS)
        if unknown:
            raise ConfigError(f"There are no PTB-XL tasks named {', '.join(sorted(unknown))}.")


def reads_benchmark_input(config: Verma2021Config, stores: Sequence[DatasetStore]) -> bool:
    """Whether the networks read records as in the benchmark, which needs all of them in mV."""
    return config.benchmark_input and all(store.manifest.units == "mV" for store in stores)


def preset(size: Size) -> Verma2021Config:
    """The settings of this size."""
    if size == Size.FULL:
        return Verma2021Config()
    standard = Verma2021Config(
        source_task="superdiagnostic",
        target_task="nine_class",
        target_sources=(),
        sampling_rate=100.0,
        other_rates=(50.0,),
        source_epochs=15,
        target_epochs=20,
        head_epochs=10,
        target_batch=32,
        target_shares=(1.0, 0.5, 0.25, 0.1),
        n_folds=5,
        trained_draws=1,
        benchmark_input=False,
        compare_networks_on=("superdiagnostic",),
    )
    if size == Size.STANDARD:
        return standard
    return replace(
        standard,
        network=XResNetConfig(depths=(1, 1, 1, 1), width=16),
        other_networks=(),
        benchmark_tasks=("superdiagnostic",),
        compare_networks_on=(),
        source_epochs=4,
        target_epochs=6,
        head_epochs=2,
        target_shares=(1.0, 0.5),
        source_shares=(),
        other_rates=(),
        n_folds=3,
        draws=3,
        spectra=("magnitude",),
        as_published=False,
    )
