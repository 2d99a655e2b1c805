"""The settings and the arms of the ansari2020 protocol."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ecgapp.errors import ConfigError
from ecgapp.experiments.experiment_config import ExperimentConfig, ProtocolConfig, Size
from ecgapp.experiments.study_protocol import Arm
from ecgapp.experiments.trials.conventional_learners import LEARNERS
from ecgapp.experiments.trials.pooled_features import CODE, LAYERS
from ecgapp.models.networks.pooled_classifier import POOLINGS

FEATURES, HEAD = "features", "head"
PRETRAINED, RANDOM = "cae", "random"
TARGET, ALL = "target", "all"
NETWORK = "cnn"  # the learner that is a network
ENCODER_TITLES = {PRETRAINED: "pretrained encoder", RANDOM: "random encoder"}
SCOPE_TITLES = {TARGET: "the first data set alone", ALL: "all data sets"}
FEATURE_TITLES = {
    "code": "code",
    "pooled": "pooled feature map",
    "map": "feature map",
    "layers": "pooled maps of all stages",
}


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
class AnsariConfig(ProtocolConfig):
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


def preset(size: Size) -> AnsariConfig:
    """The settings of a size: minutes, about an hour on two cores, or ten repeats of everything."""
    if size == Size.QUICK:
        return AnsariConfig(
            learners=("logistic",), network=None, repeats=1, random_encoders=1, n_bootstrap=200
        )
    if size == Size.FULL:
        return AnsariConfig(repeats=10, network_repeats=10, random_encoders=10, n_bootstrap=1000)
    return AnsariConfig()


@dataclass(frozen=True)
class LearnerArm(Arm):
    """One learner on one encoder's features, for one set of records."""

    encoder: str = PRETRAINED
    features: str = "pooled"  # "code", "pooled", "layers", or "map" for the network
    learner: str = "logistic"
    scope: str = ALL


@dataclass(frozen=True)
class PairArm(Arm):
    """The difference of the two encoders for one learner, one kind of features and one set of records."""

    features: str = "pooled"
    learner: str = "logistic"
    scope: str = ALL


def learner_title(learner: str) -> str:
    """The learner's name in tables."""
    return "CNN" if learner == NETWORK else LEARNERS[learner].title


def learner_key(encoder: str, features: str, learner: str, scope: str) -> str:
    """The key of a learner's arm."""
    return f"{encoder}-{features}-{learner}-{scope}"


def all_arms(config: ExperimentConfig, settings: AnsariConfig) -> tuple[Arm, ...]:
    """The features first, then every learner with both encoders, then what is made of them.

    Each pair of encoders has an arm for its difference, so that a learner that fails removes its own alone.
    """
    learners = tuple(_learner_arms(config, settings))
    scope = ALL if len(config.stores) > 1 else TARGET
    return (
        Arm(FEATURES, "Features of all encoders", 1 + settings.random_encoders),
        *learners,
        Arm(HEAD, f"Linear head as a model, learnt from {SCOPE_TITLES[scope]}", 1, (FEATURES,)),
        *(_pair_arm(arm) for arm in learners if arm.encoder == PRETRAINED),
    )


def scopes(config: ExperimentConfig) -> tuple[str, ...]:
    """The sets of records that learners learn from."""
    return (TARGET, ALL) if len(config.stores) > 1 else (TARGET,)


def _learner_arms(config: ExperimentConfig, settings: AnsariConfig) -> Iterator[LearnerArm]:
    for scope in scopes(config):
        for features, learner in settings.kinds:
            for encoder in (PRETRAINED, RANDOM):
                yield _learner_arm(settings, encoder, features, learner, scope)


def _learner_arm(settings: AnsariConfig, encoder: str, features: str, learner: str, scope: str) -> LearnerArm:
    by_network = learner == NETWORK
    name = f"{learner_title(learner)} on the {FEATURE_TITLES[features]}"
    title = f"{name}, {ENCODER_TITLES[encoder]}, {SCOPE_TITLES[scope]}"
    return LearnerArm(
        learner_key(encoder, features, learner, scope),
        title,
        settings.network_repeats if by_network else settings.repeats,
        () if by_network else (FEATURES,),
        encoder,
        features,
        learner,
        scope,
    )


def _pair_arm(arm: LearnerArm) -> PairArm:
    """The difference that a learner with the pretrained encoder has to that with the random one."""
    parts = (arm.features, arm.learner, arm.scope)
    title = f"{learner_title(arm.learner)} on the {FEATURE_TITLES[arm.features]}, {SCOPE_TITLES[arm.scope]}"
    needs = tuple(learner_key(encoder, *parts) for encoder in (PRETRAINED, RANDOM))
    return PairArm(
        f"difference-{'-'.join(parts)}", f"{title}: pretrained minus random encoder", 1, needs, *parts
    )
