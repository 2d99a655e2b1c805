"""The config of the variations of the windows that a network learns from."""

from dataclasses import dataclass

from ecgapp.errors import ConfigError


@dataclass(frozen=True)
class AugmentationConfig:
    """The amount of each variation; 0 leaves one out.

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
