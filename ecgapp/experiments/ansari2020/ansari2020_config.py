"""The settings of the protocol ansari2020, and its presets."""

from dataclasses import dataclass, field

from ecgapp.errors import ConfigError
from ecgapp.experiments.experiment_config import ProtocolConfig, Size
from ecgapp.experiments.trials.conventional_learners import LEARNERS
from ecgapp.experiments.trials.pooled_features import CODE, LAYERS
from ecgapp.models.networks.pooled_classifier import POOLINGS

NETWORK = "cnn"  # the learner that is a network


@dataclass(frozen=True)
class HeadNetworkSettings:
    """The convolutional network on the frozen encoder's feature map, and how it is trained. All is ours."""

    conv_widths: tuple[int, ...] = (64, 64)
    conv_kernel: int = 5
    dropout: float = 0.3
    epochs: int = 8
    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.01


@dataclass(frozen=True)
class Ansari2020Config(ProtocolConfig):
    """The settings of the ansari2020 protocol. The abstract gives none, so all of them are our choice.

    Raises:
        ConfigError: a number makes no sense, or there is no such learner.
    """

    autoencoder: str = "cae_12lead"  # an installed autoencoder
    task: str = "nine_class"
    learners: tuple[str, ...] = tuple(LEARNERS)  # each on the code and on the pooled map
    layer_learners: tuple[str, ...] = ("logistic",)  # each on the pooled maps of all stages
    poolings: tuple[str, ...] = POOLINGS  # of the feature map over time
    network: HeadNetworkSettings | None = field(default_factory=HeadNetworkSettings)  # None: without
    repeats: int = 3  # of the five-fold cross-validation, each with its own folds
    network_repeats: int = 1
    folds: int = 5
    inner_folds: int = 3  # of the search inside the training part
    random_encoders: int = 3  # repeat t uses the random encoder t modulo this number
    n_bootstrap: int = 500
    fewest_positives: int = 5  # of each class, in the first data set

    def __post_init__(self) -> None:
        counts = (self.repeats, self.network_repeats, self.random_encoders, self.n_bootstrap)
        if min(counts) < 1 or min(self.folds, self.inner_folds, self.fewest_positives) < 2:
            raise ConfigError("Folds and positives are at least two, all other numbers at least one.")
        if not self.learners or not {*self.learners, *self.layer_learners} <= set(LEARNERS):
            raise ConfigError(f"The learners are some of {', '.join(LEARNERS)}.")

    def parts(self, features: str) -> tuple[str, ...]:
        """The arrays that make up a set of features."""
        if features == "code":
            return (CODE,)
        return (*self.poolings, LAYERS) if features == "layers" else self.poolings

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Features and learner of every pair of arms."""
        kinds = [(features, learner) for features in ("pooled", "code") for learner in self.learners]
        kinds += [("layers", learner) for learner in self.layer_learners]
        return (*kinds, ("map", NETWORK)) if self.network is not None else tuple(kinds)


def preset(size: Size) -> Ansari2020Config:
    """The settings of a size: minutes, about an hour on two cores, or ten repeats of everything."""
    if size == Size.QUICK:
        return Ansari2020Config(
            learners=("logistic",), network=None, repeats=1, random_encoders=1, n_bootstrap=200
        )
    if size == Size.FULL:
        return Ansari2020Config(repeats=10, network_repeats=10, random_encoders=10, n_bootstrap=1000)
    return Ansari2020Config()
