"""Images of spectrograms, as image networks take them.

Jang et al. (2021), doi:10.4258/hir.2021.27.1.19, publish neither window, overlap, size nor colours of their
spectrograms, so every number here is our own.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import spectrogram
from torch import Tensor
from torch.nn import functional as F

from ecgapp.errors import ConfigError
from ecgapp.records.record import FloatArray


@dataclass(frozen=True)
class SpectrogramConfig:
    """The settings of the images.

    ``segment`` and ``overlap`` in samples. Power is in decibels, of which the highest ``range_db`` are shown,
    from black to white; the three colours are equal.

    Raises:
        ConfigError: a setting makes no sense.
    """

    segment: int = 128  # 0.5 s at 250 Hz: about one beat
    overlap: int = 112
    highest_hz: float = 40.0  # the upper edge of the usual filter
    range_db: float = 60.0
    pixels: int = 224  # of each side, as the networks were trained

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.segment or min(self.highest_hz, self.range_db) <= 0:
            raise ConfigError("The segments of a spectrogram must be longer than their overlap.")
        if self.pixels < 32:
            raise ConfigError("The image networks need at least 32 pixels a side.")


def spectrogram_images(windows: FloatArray, sampling_rate: float, config: SpectrogramConfig) -> Tensor:
    """Images (n_windows, 3, pixels, pixels) from 0 to 1, of single-lead windows (n_windows, n_samples).

    Time runs to the right, frequency upwards.
    """
    frequencies, _, power = spectrogram(
        windows, sampling_rate, window="hann", nperseg=config.segment, noverlap=config.overlap
    )
    decibels = 10 * np.log10(power[:, frequencies <= config.highest_hz] + 1e-12)
    highest = decibels.max(axis=(1, 2), keepdims=True)
    brightness = np.clip(1 + (decibels - highest) / config.range_db, 0, 1)
    upright = torch.from_numpy(np.ascontiguousarray(brightness[:, None, ::-1], dtype=np.float32))
    size = (config.pixels, config.pixels)
    return F.interpolate(upright, size, mode="bilinear", align_corners=False).expand(-1, 3, -1, -1)
