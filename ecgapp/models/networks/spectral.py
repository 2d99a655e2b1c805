"""A classifier of a window's spectrum: the Fourier transform's magnitude, real or imaginary part.

Verma, Dige and Gill 2021 feed spectra to XResNet1d. They take the crops of 2.5 s out of the spectrum of the
whole record, so that each crop holds a band of frequencies; here a crop of the signal is transformed whole.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import torch
from torch import Tensor, nn

from ecgapp.errors import ConfigError
from ecgapp.models.networks.xresnet import XResNetConfig
from ecgapp.models.registry import (
    ClassifierConfig,
    ClassifierShape,
    EncoderClassifier,
    architecture,
    build,
)

PARTS_OF_SPECTRUM = ("magnitude", "real", "imaginary")


@dataclass(frozen=True)
class SpectralClassifierConfig(ClassifierConfig):
    """The part of the spectrum, the window, and the classifier that reads the spectrum as if it were one."""

    network: ClassifierConfig = field(default_factory=lambda: XResNetConfig(n_samples=126))
    n_samples: int = 250
    part: str = "magnitude"

    def __post_init__(self) -> None:
        if self.part not in PARTS_OF_SPECTRUM:
            raise ConfigError("The part of a spectrum is its magnitude, real or imaginary part.")
        if self.network.shape.n_samples != self.n_samples // 2 + 1:
            raise ConfigError("The spectrum of a window has half as many values as samples, plus one.")

    @property
    def shape(self) -> ClassifierShape:
        return self.network.shape._replace(n_samples=self.n_samples)

    def with_shape(self, shape: ClassifierShape) -> Self:
        network = self.network.with_shape(shape._replace(n_samples=shape.n_samples // 2 + 1))
        return replace(self, network=network, n_samples=shape.n_samples)


class Spectrum(nn.Module):
    """(batch, n_leads, n_samples) -> (batch, n_leads, n_samples // 2 + 1): one part of the spectrum.

    It is divided by the square root of the number of samples, so that white noise keeps its variance.
    """

    def __init__(self, part: str) -> None:
        super().__init__()
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(x.float(), norm="ortho")
        if self.part == "magnitude":
            return spectrum.abs()
        return spectrum.real if self.part == "real" else spectrum.imag


@architecture("spectral_classifier")
class SpectralClassifier(EncoderClassifier):
    """(batch, n_leads, n_samples) -> logits (batch, n_labels), from the window's spectrum."""

    Config = SpectralClassifierConfig
    config: SpectralClassifierConfig
    stackable = False  # members of a stack would share one transform of different windows
    over_time = False  # the feature map's last axis is frequency

    def __init__(self, config: SpectralClassifierConfig) -> None:
        super().__init__()
        self.config = config
        inner = build(config.network)
        if not isinstance(inner, EncoderClassifier):
            raise ConfigError("A spectrum is read by a classifier with an encoder and a head.")
        self.n_labels = inner.n_labels
        self.encoder = nn.Sequential(Spectrum(config.part), inner.encoder)
        self.head = inner.head
