"""Several classifiers of one kind that answer together."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.networks.classifier import ECGClassifierConfig
from ecgapp.models.registry import ArchitectureConfig, Classifier, ClassifierConfig, architecture, build


@dataclass(frozen=True)
class EnsembleConfig(ArchitectureConfig):
    """One kind of member, so many times."""

    member: ClassifierConfig = field(default_factory=ECGClassifierConfig)
    n_members: int = 4

    def __post_init__(self) -> None:
        if self.n_members < 1:
            raise ConfigError("An ensemble needs at least one member.")


@architecture("ensemble")
class Ensemble(Classifier):
    """The mean of the members' logits, (batch, n_labels): attributions stay additive over members."""

    Config = EnsembleConfig
    config: EnsembleConfig

    def __init__(self, config: EnsembleConfig) -> None:
        super().__init__()
        self.config = config
        self.n_labels = config.member.shape.n_labels
        self.members = nn.ModuleList(build(config.member) for _ in range(config.n_members))

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([member(x) for member in self.members]).mean(0)
