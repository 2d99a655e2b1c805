"""Variations of a batch of windows, drawn on its device; the window's start is varied in ``windows``.

Amplitudes are in normalised units (one standard deviation of a lead). Noise is added to what the
network sees only: an autoencoder still answers for the clean window.
"""

import math

import torch
from torch import Tensor

from ecgapp.training.augmentation_config import AugmentationConfig
from ecgapp.training.data.random_streams import Draws

_BATCHES_IN_BANK = 4  # how long the stretch of muscle noise is, in batches
_WANDER_HZ = (0.15, 0.5)  # breathing and movement
_MAINS_HZ = (50.0, 60.0)


class Augmentation:
    """Applies a config to windows (batch, members, n_leads, n_samples), with numbers from ``draws``.

    Muscle noise is cut out of a long stretch of it, drawn once from the draws' seed, since drawing is dear
    on a CPU; all members of a stack see the same cut.
    """

    def __init__(self, config: AugmentationConfig, sampling_rate: float, draws: Draws) -> None:
        self.config = config
        self.sampling_rate = sampling_rate
        self.draws = draws
        self._bank = torch.empty(0, device=draws.device)

    def __call__(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """The windows that the network sees, and the clean windows behind them; ``windows`` is left alone."""
        gain = self._gains(windows)
        clean = windows if gain is None else windows * gain
        seen = clean
        if self.config.lead_dropout:
            seen = seen * (self.draws.uniform(windows.shape[2], 1) >= self.config.lead_dropout)
        for strength, noise in self._noises(windows):
            seen = torch.addcmul(seen, strength, noise)
        return seen, clean

    def _gains(self, windows: Tensor) -> Tensor | None:
        """(batch, members, n_leads, 1): each lead's gain times each window's sign, or None for all ones."""
        if not self.config.gain and not self.config.polarity:
            return None
        gain = torch.exp(self.config.gain * self.draws.normal(windows.shape[2], 1))
        return gain * (1 - 2 * (self.draws.uniform(1, 1) < self.config.polarity).to(gain.dtype))

    def _noises(self, windows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Strength and waveform of every noise that is switched on; the two broadcast to ``windows``."""
        config, noises = self.config, []
        if config.wander:
            low, high = _WANDER_HZ
            frequency = low + (high - low) * self.draws.uniform(1)
            noises.append(self._sines(windows, config.wander, frequency))
        if config.mains and max(_MAINS_HZ) < self.sampling_rate / 2:
            low, high = _MAINS_HZ
            frequency = low + (high - low) * self.draws.uniform(1).round()
            noises.append(self._sines(windows, config.mains, frequency))
        if config.muscle:
            strength = config.muscle * self.draws.uniform(1, 1)
            noises.append((strength, self._muscle(windows)))
        return noises

    def _sines(self, windows: Tensor, amplitude: float, frequency: Tensor) -> tuple[Tensor, Tensor]:
        """One sine a window, at ``frequency`` (batch, members, 1) in Hz; each lead at its own strength."""
        time = torch.arange(windows.shape[-1], device=windows.device) / self.sampling_rate
        wave = torch.sin(2 * math.pi * (frequency * time + self.draws.uniform(1)))
        strength = amplitude * (2 * self.draws.uniform(windows.shape[2], 1) - 1)
        return strength, wave.unsqueeze(2)

    def _muscle(self, windows: Tensor) -> Tensor:
        """White noise of unit variance, (batch, 1, n_leads, n_samples): a random part of the bank."""
        example = windows.shape[2] * windows.shape[3]
        size = self.draws.batch * example
        if len(self._bank) < _BATCHES_IN_BANK * size:
            bank = torch.Generator(windows.device).manual_seed(self.draws.seed)
            self._bank = torch.randn(_BATCHES_IN_BANK * size, generator=bank, device=windows.device)
        start = self.draws.shared((_BATCHES_IN_BANK - 1) * size + 1) + self.draws.part.start * example
        return self._bank[start : start + len(windows) * example].view(len(windows), 1, *windows.shape[2:])
