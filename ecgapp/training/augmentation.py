"""Variations of a batch of windows, drawn on its device; the window's start is varied in ``windows``.

Amplitudes are in normalised units (one standard deviation of a lead). Noise is added to what the
network sees only: an autoencoder still answers for the clean window.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ecgapp.errors import ConfigError

_BANK = 1 << 18  # samples of muscle noise, drawn once; windows of it are cut anywhere
_WANDER_HZ = (0.15, 0.5)  # breathing and movement
_MAINS_HZ = (50.0, 60.0)


@dataclass(frozen=True)
class AugmentationConfig:
    """How much of each variation; 0 leaves one out.

    ``polarity`` and ``lead_dropout`` are probabilities, of a window's sign being turned and of a
    lead being flat. ``gain`` is the standard deviation of the logarithm of each lead's gain.
    ``wander``, ``muscle`` and ``mains`` are the largest amplitudes. ``shift`` is in seconds.
    """

    polarity: float = 0.0
    gain: float = 0.1
    lead_dropout: float = 0.0
    wander: float = 0.1
    muscle: float = 0.1
    mains: float = 0.0
    shift: float = 0.25

    def __post_init__(self) -> None:
        if not (0 <= self.polarity <= 1 and 0 <= self.lead_dropout < 1):
            raise ConfigError("Polarity and lead dropout are probabilities, the latter below 1.")
        if min(self.gain, self.wander, self.muscle, self.mains, self.shift) < 0:
            raise ConfigError("Amplitudes and shifts of the augmentation cannot be negative.")


class Augmentation:
    """Applies a config to batches (batch, n_leads, n_samples) on one device.

    Every draw comes from ``generator``, whose state belongs in a checkpoint.
    """

    def __init__(self, config: AugmentationConfig, sampling_rate: float, generator: torch.Generator) -> None:
        self.config = config
        self.sampling_rate = sampling_rate
        self.generator = generator
        bank = torch.Generator(generator.device).manual_seed(generator.initial_seed() % (1 << 63))
        self._bank = torch.randn(_BANK, generator=bank, device=generator.device)

    def __call__(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """What the network sees, and the clean window that it shows; ``windows`` is left alone."""
        gain = self._gains(windows)
        clean = windows if gain is None else windows * gain
        noisy = clean
        if self.config.lead_dropout:
            noisy = noisy * (self._uniform(*windows.shape[:2], 1) >= self.config.lead_dropout)
        for noise in self._noises(windows):
            noisy = noisy + noise
        return noisy, clean

    def _gains(self, windows: Tensor) -> Tensor | None:
        """(batch, n_leads, 1): each lead's gain times each window's sign, or None for all ones."""
        if not self.config.gain and not self.config.polarity:
            return None
        gain = torch.exp(self.config.gain * self._normal(*windows.shape[:2], 1))
        return gain * (1 - 2 * (self._uniform(len(windows), 1, 1) < self.config.polarity).to(gain.dtype))

    def _noises(self, windows: Tensor) -> list[Tensor]:
        """Every noise that is switched on, each broadcastable to ``windows``."""
        config, noises = self.config, []
        if config.wander:
            noises.append(self._sines(windows, config.wander, _WANDER_HZ, between=True))
        if config.mains and max(_MAINS_HZ) < self.sampling_rate / 2:
            noises.append(self._sines(windows, config.mains, _MAINS_HZ, between=False))
        if config.muscle:
            noises.append(self._muscle(windows))
        return noises

    def _sines(
        self, windows: Tensor, amplitude: float, hertz: tuple[float, float], *, between: bool
    ) -> Tensor:
        """One sine a window, as strong in each lead as chance has it; ``hertz`` at random."""
        low, high = hertz
        pick = self._uniform(len(windows), 1)
        frequency = low + (high - low) * (pick if between else pick.round())
        time = torch.arange(windows.shape[-1], device=windows.device) / self.sampling_rate
        wave = torch.sin(2 * math.pi * (frequency * time + self._uniform(len(windows), 1)))
        strength = amplitude * (2 * self._uniform(*windows.shape[:2], 1) - 1)
        return strength * wave[:, None]

    def _muscle(self, windows: Tensor) -> Tensor:
        """White noise from the bank, as strong as chance has it in each window."""
        n, n_leads, n_samples = windows.shape
        views = self._bank.unfold(0, n_samples, 1)
        starts = (self._uniform(n * n_leads) * len(views)).long().clamp_(max=len(views) - 1)
        noise = views.index_select(0, starts).view(n, n_leads, n_samples)
        return noise.mul_(self.config.muscle * self._uniform(n, 1, 1))

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self.generator, device=self.generator.device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self.generator, device=self.generator.device)
