"""The parameters of preprocessing, shared by training, evaluation, the app and every model card."""

from dataclasses import dataclass, field, replace

from ecgapp.errors import ConfigError
from ecgapp.records.record import LEADS
from ecgapp.storage.documents import LATER, later


@dataclass(frozen=True)
class PreprocessingConfig:
    """Parameters of resampling, filtering, normalisation and cutting into windows, in this order.

    Frequencies in Hz, lengths in samples at ``sampling_rate``. The filter is a Butterworth run
    forwards and backwards (zero phase, twice the order). ``highpass`` or ``lowpass`` None leaves
    that edge out. Normalisation is zero mean and unit variance per lead over the record; or, if
    ``fixed_mean`` and ``fixed_deviation`` (mV) are given, one shift and one scale for all leads and records.

    ``leads`` are read from the record. ``stands_for`` names, for each of them, the lead on which the
    transferred encoder was pretrained; empty: the same leads.
    """

    leads: tuple[str, ...] = LEADS
    sampling_rate: float = 100.0
    highpass: float | None = 0.5
    lowpass: float | None = 40.0
    filter_order: int = 2
    window: int = 1000
    stride: int = 500
    stands_for: tuple[str, ...] = field(default=(), metadata={LATER: True})
    fixed_mean: float | None = later(None)
    fixed_deviation: float | None = later(None)

    def __post_init__(self) -> None:
        if not self.leads or len(set(self.leads)) != len(self.leads):
            raise ConfigError("Preprocessing needs at least one lead, each named once.")
        if self.sampling_rate <= 0 or not 0 < self.stride <= self.window:
            raise ConfigError("Sampling rate, window and stride must be positive, stride <= window.")
        low, high = self.highpass or 0.0, self.lowpass or self.sampling_rate / 2
        if not 0 <= low < high <= self.sampling_rate / 2:
            raise ConfigError("The pass band must lie between 0 and half the sampling rate.")
        if (self.fixed_mean is None) != (self.fixed_deviation is None):
            raise ConfigError("A fixed normalisation needs both a mean and a deviation.")
        if self.fixed_deviation is not None and not self.fixed_deviation > 0:
            raise ConfigError("The deviation of a fixed normalisation must be above 0 mV.")
        if self.stands_for and len(set(self.stands_for)) != len(self.leads):
            raise ConfigError("Each lead stands for exactly one lead of the pretrained encoder.")

    @property
    def encoder_leads(self) -> tuple[str, ...]:
        """The leads on which the encoder was pretrained, in the order of ``leads``."""
        return self.stands_for or self.leads

    def reading(self, lead: str) -> "PreprocessingConfig":
        """The preprocessing of a network of one lead, with ``lead`` read in place of its own.

        Raises:
            ConfigError: the network reads several leads.
        """
        if len(self.leads) != 1:
            raise ConfigError("This network reads several leads together, none of which another replaces.")
        own = self.encoder_leads
        return replace(self, leads=(lead,), stands_for=() if own == (lead,) else own)

    @property
    def substitutions(self) -> tuple[str, ...]:
        """Each lead that stands for another one, as ``I in place of II``."""
        pairs = zip(self.leads, self.encoder_leads, strict=True)
        return tuple(f"{lead} in place of {other}" for lead, other in pairs if lead != other)

    @property
    def window_seconds(self) -> float:
        return self.window / self.sampling_rate
