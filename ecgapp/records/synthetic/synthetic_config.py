"""The parameters of a synthetic ECG."""

from dataclasses import dataclass

from ecgapp.errors import ConfigError
from ecgapp.records.synthetic.catalogue import RARE_RHYTHMS, RHYTHMS

USUAL_RATE = 70.0  # per min
SHORTEST = 8.0  # s, of a record with a rare rhythm


@dataclass(frozen=True)
class SyntheticConfig:
    """The parameters of a synthetic ECG, in s, Hz and per min; disturbances in mV.

    ``rhythm`` is one of ``RHYTHMS`` or ``RARE_RHYTHMS``. Without ``heart_rate`` it is 70/min for
    ``RHYTHMS`` and drawn from the rhythm's range for ``RARE_RHYTHMS``. ``variant`` is a form of a rare
    rhythm, such as a block's ratio or an infarction's territory; by default it is drawn. ``onset`` is the
    time, in s, at which a rare rhythm begins after sinus rhythm, 0 for the start; by default it is drawn.

    Raises:
        ConfigError: there is no such rhythm or variant, or a number is out of its range.
    """

    rhythm: str = "sinus"
    heart_rate: float | None = None
    duration: float = 10.0
    sampling_rate: float = 500.0
    noise: float = 0.0  # standard deviation of muscle noise
    wander: float = 0.0  # amplitude of the baseline's wander with breathing
    mains: float = 0.0  # amplitude of the 50 Hz hum
    seed: int = 0
    variant: str = ""
    onset: float | None = None

    def __post_init__(self) -> None:
        if not (1 <= self.duration <= 3600 and 50 <= self.sampling_rate <= 10_000):
            raise ConfigError("A synthetic ECG lasts 1 s to one hour, at 50 to 10,000 samples per second.")
        if min(self.noise, self.wander, self.mains) < 0:
            raise ConfigError("Noise, wander and mains of a synthetic ECG cannot be negative.")
        if self.rhythm in RARE_RHYTHMS:
            self._check_rare()
        elif self.rhythm in RHYTHMS:
            self._check_everyday()
        else:
            names = ", ".join((*RHYTHMS, *RARE_RHYTHMS))
            raise ConfigError(f"There is no synthetic rhythm {self.rhythm}. Choose one of {names}.")

    def _check_everyday(self) -> None:
        if self.variant or self.onset is not None:
            raise ConfigError(f"The synthetic rhythm {self.rhythm} has neither variants nor an onset.")
        if self.heart_rate is not None and not 20 <= self.heart_rate <= 220:
            raise ConfigError("The synthetic heart rate must lie between 20 and 220 bpm.")

    def _check_rare(self) -> None:
        rare = RARE_RHYTHMS[self.rhythm]
        if self.variant and self.variant not in rare.variants:
            raise ConfigError(f"{self.rhythm} has no variant {self.variant}: {', '.join(rare.variants)}.")
        if not self.variants:
            raise ConfigError(f"The synthetic rhythm {self.rhythm} does not exist at this heart rate.")
        if self.duration < SHORTEST:
            raise ConfigError(f"A synthetic ECG of {self.rhythm} lasts at least {SHORTEST:g} s.")
        if self.onset is None:
            return
        if rare.tail is None or not 0 <= self.onset <= self.duration - rare.tail:
            raise ConfigError(f"The synthetic rhythm {self.rhythm} cannot begin at {self.onset:g} s.")

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants of a rare rhythm that this config allows."""
        fitting = RARE_RHYTHMS[self.rhythm].fitting(self.heart_rate)
        return fitting if not self.variant else tuple(name for name in fitting if name == self.variant)
