"""Records as a model takes them: preprocessed, cut into windows, with sentences for the reader."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ecgapp.errors import SignalError
from ecgapp.models import TrainedModel
from ecgapp.records import ECGRecord
from ecgapp.signals import PreprocessingConfig, RecordWindows, Step, cut_windows, lead_quality, steps


@dataclass(frozen=True, eq=False)
class Prepared:
    """A record's preprocessing steps, of the model's leads, and its windows."""

    record: ECGRecord
    config: PreprocessingConfig
    steps: tuple[Step, ...]
    windows: RecordWindows

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the reader: flat and computed leads, padding, several windows."""
        return (
            *_about_leads(self.record, self.config),
            *_about_windows(self.record, self.config, self.windows),
        )

    def start(self, window: int) -> float:
        """The start of this window, in seconds of the recording."""
        return float(self.windows.starts[window]) / self.config.sampling_rate

    def stop(self, window: int) -> float:
        """The end of this window, or of the record within it, in seconds of the recording."""
        return min(self.start(window) + self.config.window_seconds, self.duration)

    @property
    def duration(self) -> float:
        """Length of the preprocessed signal in seconds."""
        return self.steps[-1].signal.shape[-1] / self.config.sampling_rate

    def recorded_samples(self, window: int) -> int:
        """The number of recorded samples in this window; those behind them are padding."""
        remaining = self.steps[-1].signal.shape[-1] - int(self.windows.starts[window])
        return min(self.config.window, remaining)


def prepare(record: ECGRecord, model: TrainedModel) -> Prepared:
    """Preprocess ``record`` as ``model`` was trained.

    Raises:
        LeadsMissingError: names the leads that the model needs and the record lacks.
        MissingSamplesError: the recorder marked samples as invalid.
        SignalError: the record is too short.
    """
    return prepare_for(record, model.card.preprocessing)


def prepare_for(record: ECGRecord, config: PreprocessingConfig) -> Prepared:
    """Preprocess ``record`` as ``config`` says.

    Raises:
        SignalError: as ``prepare``.
    """
    (prepared,) = prepare_many([record], config)
    if isinstance(prepared, SignalError):
        raise prepared
    return prepared


def prepare_many(records: Sequence[ECGRecord], config: PreprocessingConfig) -> list[Prepared | SignalError]:
    """Preprocess each record by itself; those of one length and rate go through the filters together.

    Returns:
        For each record what ``prepare`` returns, or the error that it raises.
    """
    groups: dict[tuple[int, float], list[int]] = {}
    for place, record in enumerate(records):
        groups.setdefault((record.n_samples, record.sampling_rate), []).append(place)
    prepared: dict[int, Prepared | SignalError] = {}
    for places in groups.values():
        together = _prepare_alike([records[place] for place in places], config)
        prepared.update(zip(places, together, strict=True))
    return [prepared[place] for place in range(len(records))]


def _prepare_alike(records: Sequence[ECGRecord], config: PreprocessingConfig) -> list[Prepared | SignalError]:
    """``prepare_many`` of records of one length and rate; one that cannot be used is found by itself."""
    try:
        signal = np.stack([record.select(config.leads) for record in records])
        stages = steps(signal, records[0].sampling_rate, config)
        return [
            Prepared(
                record,
                config,
                tuple(replace(stage, signal=stage.signal[place]) for stage in stages),
                cut_windows(stages[-1].signal[place], config),
            )
            for place, record in enumerate(records)
        ]
    except SignalError as error:
        if len(records) == 1:
            return [error]
    return [_prepare_alike([record], config)[0] for record in records]


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
    if config.substitutions:
        sentences.append(
            f"The model's encoder was pretrained on other leads: it reads {', '.join(config.substitutions)}."
        )
    return sentences


def _named(leads: list[str]) -> str:
    return f"lead {leads[0]}" if len(leads) == 1 else f"leads {', '.join(leads)}"


def _about_windows(record: ECGRecord, config: PreprocessingConfig, windows: RecordWindows) -> list[str]:
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
