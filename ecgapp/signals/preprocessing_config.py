"""The parameters of preprocessing, shared by training, evaluation, the app and every model card."""

from dataclasses import dataclass

from ecgapp.errors import ConfigError
from ecgapp.records.record import LEADS


@dataclass(frozen=True)
class PreprocessingConfig:
    """Parameters of resampling, filtering, normalisation and cutting into windows, in this order.

    Frequencies in Hz, lengths in samples at ``sampling_rate``. The filter is a Butterworth run
    forwards and backwards (zero phase, twice the order). ``highpass`` or ``lowpass`` None leaves
    that edge out. Normalisation is zero mean and unit variance per lead over the record.
    """

    leads: tuple[str, ...] = LEADS
    sampling_rate: float = 100.0
    highpass: float | None = 0.5
    lowpass: float | None = 40.0
    filter_order: int = 2
    window: int = 1000
    stride: int = 500

    def __post_init__(self) -> None:
        if not self.leads or len(set(self.leads)) != len(self.leads):
            raise ConfigError("Preprocessing needs at least one lead, each named once.")
        if self.sampling_rate <= 0 or not 0 < self.stride <= self.window:
            raise ConfigError("Sampling rate, window and stride must be positive, stride <= window.")
        low, high = self.highpass or 0.0, self.lowpass or self.sampling_rate / 2
        if not 0 <= low < high <= self.sampling_rate / 2:
            raise ConfigError("The pass band must lie between 0 and half the sampling rate.")

    @property
    def window_seconds(self) -> float:
        return self.window / self.sampling_rate
