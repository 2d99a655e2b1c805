"""The arms of the study of Jang et al. (2021)."""

from dataclasses import dataclass

from ecgapp.experiments.jang2021.jang2021_config import Jang2021Config, LabelShare
from ecgapp.experiments.study_protocol import Arm
from ecgapp.experiments.trials.image_network import GOOGLENET, LITE, RANDOM

PRETRAINING = "pretraining"
TRAINED = ("random", "transfer")  # arms whose network is trained, one arm for each share of the labels
FROZEN = ("frozen-random", "frozen-pretrained")  # controls with a linear head, all shares in one arm
IMAGE_TITLES = {
    GOOGLENET: "GoogLeNet of ImageNet",
    LITE: "EfficientNet-Lite0 of ImageNet (substitute)",
    RANDOM: "image network with random weights",
}
_IMAGE = "image-"  # begins the kind of an image arm
_TITLES = {
    "random": "Random initialisation",
    "transfer": "Transfer of the pretrained encoder",
    "frozen-random": "Frozen random encoder, linear head",
    "frozen-pretrained": "Frozen pretrained encoder, linear head",
}


@dataclass(frozen=True)
class Jang2021Arm(Arm):
    """One arm: its kind, and its share of the labels; controls and image arms have all shares in a trial."""

    kind: str = PRETRAINING
    share: LabelShare | None = None

    @property
    def image_network(self) -> str | None:
        """The network of an image arm, one of ``IMAGE_NETWORKS``; None for any other arm."""
        return self.kind.removeprefix(_IMAGE) if self.kind.startswith(_IMAGE) else None


def planned_arms(config: Jang2021Config) -> tuple[Jang2021Arm, ...]:
    """The pretraining, then random and transfer for each share, then controls and image arms."""
    title = "Pretrained autoencoder" if config.pretrained else "Pretraining of the autoencoder"
    arms = [Jang2021Arm(PRETRAINING, title)]
    needs = () if config.pretrained else (PRETRAINING,)
    for share in config.shares:
        for kind in TRAINED:
            name = f"{_TITLES[kind]}, {share.percent} % of the labels"
            own = needs if kind == "transfer" else ()
            arms.append(Jang2021Arm(arm_key(kind, share), name, config.repeats, own, kind, share))
    for kind in FROZEN:
        own = needs if kind == "frozen-pretrained" else ()
        arms.append(Jang2021Arm(kind, _TITLES[kind], config.repeats, own, kind))
    for network in config.images:
        name = f"Spectrogram images, frozen {IMAGE_TITLES[network]}, linear head"
        arms.append(Jang2021Arm(image_kind(network), name, config.repeats, (), image_kind(network)))
    return tuple(arms)


def image_kind(network: str) -> str:
    """The kind of the arm that reads spectrogram images with this network, one of ``IMAGE_NETWORKS``."""
    return f"{_IMAGE}{network}"


def arm_key(kind: str, share: LabelShare) -> str:
    """The key of the arm that holds this kind's trials with this share."""
    return f"{kind}-{share.percent}".replace(".", "-") if kind in TRAINED else kind
