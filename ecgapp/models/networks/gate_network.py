"""Whether a signal is an ECG that the models can read: an autoencoder, and how usual its answers are.

Three things are combined, as Hendrycks' and Lee's families of detectors do (Lee et al. 2018, arXiv
1807.03888: Mahalanobis distance in a network's features; here of the latent), in a score that a reader
can follow: what the autoencoder fails to give back, how far the latent lies from those of known ECGs,
and a few plain numbers on the signal (``signals.legibility``). Each counts only as far as it is worse
than in the median good record, and never in a record's favour.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ecgapp.errors import ConfigError
from ecgapp.models.networks.patch_autoencoder import PatchAutoencoderConfig
from ecgapp.models.registry import (
    ArchitectureConfig,
    Autoencoder,
    AutoencoderConfig,
    Network,
    architecture,
    build,
)

NETWORK_PARTS = ("reconstruction", "distance")  # what ``forward`` gives, in logarithms
SIGNAL_PARTS = ("roughness", "evenness", "disagreement", "contradiction")
PARTS = (*NETWORK_PARTS, *SIGNAL_PARTS)  # the order of every row of parts
_SMALLEST = 1e-6


@dataclass(frozen=True)
class GateConfig(ArchitectureConfig):
    """The config of the autoencoder that judges; one of one lead reads a record lead by lead."""

    autoencoder: AutoencoderConfig = field(default_factory=PatchAutoencoderConfig)

    def __post_init__(self) -> None:
        if not hasattr(self.autoencoder, "latent"):
            raise ConfigError("A gate needs an autoencoder with a latent.")

    @property
    def latent(self) -> int:
        """Features of the latent."""
        return int(self.autoencoder.latent)  # type: ignore[attr-defined]

    @property
    def lead_by_lead(self) -> bool:
        """Whether each lead is judged by itself."""
        return self.autoencoder.n_leads == 1


@architecture("gate")
class Gate(Network):
    """(batch, n_leads, n_samples) -> (batch, 2): logarithms of the squared error and of the distance."""

    Config = GateConfig
    config: GateConfig
    latent_mean: Tensor
    whitening: Tensor
    centre: Tensor
    scale: Tensor
    weights: Tensor
    bias: Tensor

    def __init__(self, config: GateConfig) -> None:
        super().__init__()
        self.config = config
        autoencoder = build(config.autoencoder)
        if not isinstance(autoencoder, Autoencoder):
            raise ConfigError("A gate's network must be an autoencoder.")
        self.autoencoder = autoencoder
        n = len(PARTS)
        self.register_buffer("latent_mean", torch.zeros(config.latent))
        self.register_buffer("whitening", torch.eye(config.latent))
        self.register_buffer("centre", torch.zeros(n))
        self.register_buffer("scale", torch.ones(n))
        self.register_buffer("weights", torch.ones(n))
        self.register_buffer("bias", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        latent = self.autoencoder.encode(x)
        error = (self.autoencoder.rebuild(latent) - x).square().mean(dim=(1, 2))
        white = (latent - self.latent_mean) @ self.whitening
        return torch.stack([error, white.square().mean(dim=1)], dim=1).add(_SMALLEST).log()

    def contributions(self, parts: Tensor) -> Tensor:
        """The part of each number in the logit of the score, none below 0: (..., n_parts) to the same."""
        return self.weights * ((parts - self.centre) / self.scale).clamp(min=0)

    def score(self, parts: Tensor) -> Tensor:
        """The score from 0 to 1, the higher the less it should be read: (..., n_parts) to (...)."""
        return (self.contributions(parts).sum(dim=-1) + self.bias).sigmoid()
