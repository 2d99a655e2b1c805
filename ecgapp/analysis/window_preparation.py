"""A record as a model takes it: preprocessed, cut into windows, with what the reader must know."""

from dataclasses import dataclass, replace

from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import PreprocessingConfig, Step, Windows, cut_windows, lead_quality, steps


@dataclass(frozen=True, eq=False)
class Prepared:
    """Every preprocessing step of the model's leads, the windows, and sentences for the reader."""

    config: PreprocessingConfig
    steps: tuple[Step, ...]
    windows: Windows
    warnings: tuple[str, ...]

    def start(self, window: int) -> float:
        """Where this window begins, in seconds of the recording."""
        return float(self.windows.starts[window]) / self.config.sampling_rate

    def stop(self, window: int) -> float:
        """Where this window, or the record within it, ends, in seconds of the recording."""
        return min(self.start(window) + self.config.window_seconds, self.duration)

    @property
    def duration(self) -> float:
        """Length of the preprocessed signal in seconds."""
        return self.steps[-1].signal.shape[-1] / self.config.sampling_rate

    def recorded_samples(self, window: int) -> int:
        """How many samples of this window are recorded; those behind them are padding."""
        remaining = self.steps[-1].signal.shape[-1] - int(self.windows.starts[window])
        return min(self.config.window, remaining)


def prepare(record: ECGRecord, model: TrainedModel) -> Prepared:
    """Preprocess ``record`` as ``model`` was trained.

    Raises:
        LeadsMissingError: names the leads that the model needs and the record lacks.
        MissingSamplesError: the recorder marked samples as invalid.
        SignalError: the record is too short.
    """
    config = model.card.preprocessing
    stages = steps(record.select(config.leads), record.sampling_rate, config)
    windows = cut_windows(stages[-1].signal, config)
    warnings = (*_about_leads(record, config), *_about_windows(record, config, windows))
    return Prepared(config, stages, windows, warnings)


def as_preprocessed(record: ECGRecord, config: PreprocessingConfig) -> ECGRecord:
    """The model's leads of ``record`` at its rate and band, before each lead is brought to unit variance.

    Raises:
        LeadsMissingError: names the leads that the model needs and the record lacks.
        SignalError: the record cannot be preprocessed; says why.
    """
    stage = steps(record.select(config.leads), record.sampling_rate, config)[-2]
    derived = record.derived & set(config.leads)
    rate = stage.sampling_rate
    return replace(record, signal=stage.signal, leads=config.leads, sampling_rate=rate, derived=derived)


def _about_leads(record: ECGRecord, config: PreprocessingConfig) -> list[str]:
    flat = [quality.lead for quality in lead_quality(record) if quality.flat and quality.lead in config.leads]
    derived = [lead for lead in config.leads if lead in record.derived]
    sentences = []
    if flat:
        sentences.append(
            f"No signal in {_named(flat)}: the model saw a flat line there. Check the electrodes."
        )
    if derived:
        sentences.append(f"{_named(derived)} computed from I and II, not recorded.")
    return sentences


def _named(leads: list[str]) -> str:
    return f"lead {leads[0]}" if len(leads) == 1 else f"leads {', '.join(leads)}"


def _about_windows(record: ECGRecord, config: PreprocessingConfig, windows: Windows) -> list[str]:
    length = f"{config.window_seconds:g} s"
    if windows.padded:
        return [
            f"The record is {record.duration:.1f} s long, shorter than the model's window of {length}: "
            "zeros were put behind its end."
        ]
    if len(windows) == 1:
        return []
    overlap = (config.window - config.stride) / config.sampling_rate
    return [
        f"The record is {record.duration:.1f} s long and was scored in {len(windows)} windows of {length} "
        f"that overlap by {overlap:g} s or more."
    ]
