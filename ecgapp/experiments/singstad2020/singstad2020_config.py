"""The settings of the protocol singstad2020, and its presets."""

from dataclasses import dataclass

from ecgapp.errors import ConfigError
from ecgapp.experiments.experiment_config import ProtocolConfig, Size
from ecgapp.models import CnnLstmConfig


@dataclass(frozen=True)
class Singstad2020Config(ProtocolConfig):
    """Numbers of the protocol; where a comment names no source, the choice is ours.

    Raises:
        ConfigError: the network cannot read such records, or a number makes no sense.
    """

    filters: int = 1024  # published code
    blocks: int = 7  # published code
    sampling_rate: float = 500.0  # Hz, published
    seconds: float = 20.0  # published: padded or cut to this
    n_folds: int = 10  # published
    fewest_folds: int = 5  # where a class has fewer positives than ``n_folds``
    epochs: int = 10  # published
    patience: int = (
        3  # epochs without a better validation loss; early stopping is published, not its patience
    )
    validation_share: float = 0.1  # of a fold's training patients, which stop and choose the epoch
    optimiser: str = "sgd"  # published code
    learning_rate: float = 0.01  # Keras's default for SGD
    schedule: str = "constant"
    batch_size: int = 32  # Keras's default
    sources: tuple[str, ...] = ("cpsc2018", "cpsc_2018", "cpsc_2018_extra")
    length_bins: int = 8  # of the control that sees the record's length only

    def __post_init__(self) -> None:
        if not 2 <= self.fewest_folds <= self.n_folds:
            raise ConfigError(
                "There are at least two folds, and the fewest are not more than the wanted ones."
            )
        if not 0 < self.validation_share < 0.5 or min(self.seconds, self.sampling_rate) <= 0:
            raise ConfigError("The share for validation lies between 0 and a half; times must be positive.")
        self.network(9)

    @property
    def window(self) -> int:
        """Samples of the padded or cut record."""
        return round(self.seconds * self.sampling_rate)

    def network(self, n_labels: int) -> CnnLstmConfig:
        """The network for so many labels.

        Raises:
            ConfigError: the blocks do not fit the window.
        """
        return CnnLstmConfig(
            n_samples=self.window, n_labels=n_labels, filters=self.filters, blocks=self.blocks
        )


def preset(size: Size) -> Singstad2020Config:
    """The settings of this size."""
    if size == Size.FULL:
        return Singstad2020Config()
    fast = {"optimiser": "adamw", "learning_rate": 1e-3, "schedule": "one-cycle", "batch_size": 8}
    if size == Size.STANDARD:
        return Singstad2020Config(filters=128, **fast)  # type: ignore[arg-type]
    return Singstad2020Config(filters=64, blocks=6, sampling_rate=250.0, n_folds=5, fewest_folds=3, **fast)  # type: ignore[arg-type]
