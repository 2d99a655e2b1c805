"""The settings of the study of Jang et al. (2021), and its presets."""

from dataclasses import dataclass, field

from ecgapp.errors import ConfigError
from ecgapp.experiments.experiment_config import ProtocolConfig, Size
from ecgapp.experiments.trials.image_network import IMAGE_NETWORKS
from ecgapp.experiments.trials.spectrogram_images import SpectrogramConfig
from ecgapp.models import AutoencoderConfig, FoldAutoencoderConfig, JangAutoencoderConfig
from ecgapp.signals import PreprocessingConfig

_PUBLISHED_INPUT = PreprocessingConfig(("II",), 250.0, 0.5, 40.0, 2, window=2048, stride=2048)


@dataclass(frozen=True)
class PretrainingSettings:
    """The training of the autoencoder: squared error, and an end when validation no longer improves.

    The paper names neither batch size nor learning rate; 512 and 0.001 are those of the group's earlier code.
    """

    epochs: int = 100
    patience: int = 10
    batch_size: int = 512
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class LabelShare:
    """One share of the training labels, and how long the classifiers learn from it.

    An epoch is ``passes`` over the drawn records, so that curves of small shares are not mostly validation.
    """

    fraction: float
    epochs: int
    passes: int = 1

    @property
    def percent(self) -> str:
        """The share in percent, as it stands in names and tables: "25"."""
        return f"{100 * self.fraction:g}"


@dataclass(frozen=True)
class Jang2021Config(ProtocolConfig):
    """The settings of the study; what the paper leaves open is our own choice.

    Raises:
        ConfigError: a setting makes no sense.
    """

    task: str | None = None  # None: Shaoxing's rhythms or CinC 2017's, whichever has more usable labels
    network: AutoencoderConfig = field(default_factory=lambda: FoldAutoencoderConfig(1, 2048))
    preprocessing: PreprocessingConfig = _PUBLISHED_INPUT  # ours: the paper names neither cut-off nor order
    pretrained: str | None = "cae_lead2"  # an installed autoencoder; None: pretrained on the training records
    pretraining: PretrainingSettings = PretrainingSettings()
    shares: tuple[LabelShare, ...] = ()
    repeats: int = 10
    batch_size: int = 32
    learning_rate: float = 2e-3
    as_published: bool = False  # both phases with Adam at one rate, and without averaged weights
    dropout: float = 0.3  # before the head
    polarity: float = 0.5  # how often a window is turned: electrodes may be swapped in one lead
    judged_windows: int = 2  # the first ones of a record that are judged; 0: all
    inverse_penalties: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0)  # C of the linear heads, searched
    images: tuple[str, ...] = IMAGE_NETWORKS
    spectrogram: SpectrogramConfig = field(default_factory=SpectrogramConfig)
    fewest_positives: int = 10  # training records of a label that takes part; and one for validation and test

    def __post_init__(self) -> None:
        if not self.shares or self.repeats < 2 or len({s.percent for s in self.shares}) < len(self.shares):
            raise ConfigError("The study needs shares of the labels, each once, and at least two repeats.")
        if any(not 0 < s.fraction <= 1 or min(s.epochs, s.passes) < 1 for s in self.shares):
            raise ConfigError("A share lies above 0 and is at most 1; epochs and passes are positive.")
        if not set(self.images) <= set(IMAGE_NETWORKS) or not self.inverse_penalties:
            raise ConfigError(f"The image networks are {', '.join(IMAGE_NETWORKS)}.")
        if self.network.n_leads != 1 or self.network.n_samples != self.preprocessing.window:
            raise ConfigError("The study's network reads one lead, in windows of the preprocessing's length.")
        if self.judged_windows < 0 or self.fewest_positives < 1:
            raise ConfigError("Judged windows cannot be negative, and each label needs a record.")


def preset(size: Size) -> Jang2021Config:
    """The settings of a size: a small network in minutes, the shipped encoder in an hour, or as published."""
    if size == Size.QUICK:
        small = FoldAutoencoderConfig(1, 2048, widths=(48, 64))
        return Jang2021Config(
            network=small,
            pretrained=None,
            pretraining=PretrainingSettings(4, 4, 64, 2e-3),
            shares=(LabelShare(0.1, 4), LabelShare(0.05, 4, 2)),
            repeats=3,
            judged_windows=1,
            spectrogram=SpectrogramConfig(pixels=64),
        )
    if size == Size.STANDARD:
        return Jang2021Config(shares=_STANDARD, spectrogram=SpectrogramConfig(pixels=112))
    return Jang2021Config(
        network=JangAutoencoderConfig(),
        pretrained=None,
        shares=tuple(LabelShare(fraction, 150) for fraction in (1.0, 0.5, 0.25, 0.1, 0.05, 0.02)),
        batch_size=64,
        learning_rate=0.005,
        as_published=True,
        judged_windows=0,
        polarity=0.0,
    )


_STANDARD = (
    LabelShare(1.0, 3),
    LabelShare(0.5, 4),
    LabelShare(0.25, 6),
    LabelShare(0.1, 6, 3),
    LabelShare(0.05, 6, 4),
    LabelShare(0.02, 6, 6),
)
"""Epochs by share: about as many windows as two cores can learn from in an hour, with ten repeats."""
