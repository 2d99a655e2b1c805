"""The arms of the protocol ansari2020."""

from collections.abc import Iterator
from dataclasses import dataclass

from ecgapp.experiments.ansari2020.ansari2020_config import NETWORK, Ansari2020Config
from ecgapp.experiments.experiment_config import ExperimentConfig
from ecgapp.experiments.study_protocol import Arm
from ecgapp.experiments.trials.conventional_learners import LEARNERS

FEATURES, HEAD = "features", "head"
PRETRAINED, RANDOM = "cae", "random"
TARGET, ALL = "target", "all"
ENCODER_TITLES = {PRETRAINED: "pretrained encoder", RANDOM: "random encoder"}
SCOPE_TITLES = {TARGET: "the first data set alone", ALL: "all data sets"}
FEATURE_TITLES = {
    "code": "code",
    "pooled": "pooled feature map",
    "map": "feature map",
    "layers": "pooled maps of all stages",
}


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


def planned_arms(config: ExperimentConfig, settings: Ansari2020Config) -> tuple[Arm, ...]:
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


def _learner_arms(config: ExperimentConfig, settings: Ansari2020Config) -> Iterator[LearnerArm]:
    for scope in scopes(config):
        for features, learner in settings.kinds:
            for encoder in (PRETRAINED, RANDOM):
                yield _learner_arm(settings, encoder, features, learner, scope)


def _learner_arm(
    settings: Ansari2020Config, encoder: str, features: str, learner: str, scope: str
) -> LearnerArm:
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
