"""Delineation of a whole record: the waves of each lead, from overlapping windows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ecgapp.datasets.layouts.ludb_waves import MarkedRecord
from ecgapp.errors import ConfigError, ModelError, SignalError
from ecgapp.evaluate.detectors.delineation_metrics import LeadWaves
from ecgapp.models import DelineatorConfig, TrainedModel
from ecgapp.models.answers import run_network
from ecgapp.records import ECGRecord, Wave
from ecgapp.records.record import FloatArray
from ecgapp.records.waves import WAVES
from ecgapp.signals import PreprocessingConfig, cut_windows, lead_quality, preprocess
from ecgapp.signals.p_waves import has_p_waves
from ecgapp.signals.segments import waves_in

POOLED = 0.5  # weight of the mean of all leads beside a lead's own logits
NEVER = -1e4  # a logit with a probability of 0
RAMP = 256  # samples at a window's edge that count less, because the network sees only one side there


@dataclass(frozen=True, eq=False)
class Delineation:
    """The probabilities of waves in the usable ``leads``, at ``sampling_rate`` Hz.

    ``signal`` is (n_leads, n_samples) as the network read it, ``probabilities`` (n_leads, 4, n_samples)
    of background, P, QRS and T. ``doubted`` are the probabilities before doubted P waves were removed, None
    if there were none.
    """

    leads: tuple[str, ...]
    signal: FloatArray
    probabilities: FloatArray
    sampling_rate: float
    doubted: FloatArray | None = None

    def waves(self, lead: str) -> tuple[Wave, ...]:
        """The waves of ``lead``, in order of time."""
        row = self.leads.index(lead)
        return waves_in(self.probabilities[row], self.sampling_rate, self.signal[row])


def delineate(record: ECGRecord, model: TrainedModel, pooled: float = POOLED) -> Delineation:
    """The waves of every usable lead; the mean of all leads' logits is added to those of each.

    P waves are removed unless they come with nearly every beat or at a constant time before it.

    Raises:
        ModelError: the model is no delineator.
        SignalError: no lead is usable, or the record is too short.
    """
    if not isinstance(model.network.config, DelineatorConfig):
        raise ModelError(f"{model.card.name} does not find waves. Choose a delineator.")
    usable = tuple(lead.lead for lead in lead_quality(record) if lead.measurable)
    if not usable:
        raise SignalError(
            "No lead has a signal without gaps, from an electrode that sits, so nothing can be measured."
        )
    config = model.card.preprocessing
    signal = preprocess(record.select(usable)[:, None], record.sampling_rate, config)[:, 0]
    logits = np.stack([_logits(lead, model, config) for lead in signal])
    logits += pooled * logits.mean(axis=0, keepdims=True)
    result = Delineation(usable, signal, _softmax(logits), config.sampling_rate)
    if has_p_waves([result.waves(lead) for lead in usable]):
        return result
    logits[:, WAVES.index("P") + 1] = NEVER
    return replace(result, probabilities=_softmax(logits), doubted=result.probabilities)


def _logits(signal: FloatArray, model: TrainedModel, config: PreprocessingConfig) -> FloatArray:
    """The logits of one lead, (4, n_samples), averaged where windows overlap."""
    windows = cut_windows(signal[None], config)
    answers = run_network(model.network, windows.windows)
    places = np.arange(config.window)
    weights = np.minimum(1.0, (1 + np.minimum(places, places[::-1])) / RAMP)
    sums = np.zeros((answers.shape[1], max(signal.size, int(windows.starts[-1]) + config.window)))
    total = np.zeros(sums.shape[1])
    for start, answer in zip(windows.starts.tolist(), answers, strict=True):
        sums[:, start : start + config.window] += weights * answer
        total[start : start + config.window] += weights
    return np.asarray((sums / total)[:, : signal.size], np.float32)


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def judged_leads(model: TrainedModel, records: Sequence[MarkedRecord], first: int = 0) -> list[LeadWaves]:
    """The marked leads with the waves that the delineator detects; records are numbered from ``first``.

    Raises:
        ConfigError: there are no marked leads.
    """
    leads = []
    for number, marked in enumerate(records, start=first):
        detected = delineate(marked.record, model)
        leads += [
            LeadWaves(number, waves, detected.waves(lead) if lead in detected.leads else ())
            for lead, waves in zip(marked.record.leads, marked.waves, strict=True)
            if waves
        ]
    if not leads:
        raise ConfigError("There are no marked records in these folds. Choose other folds.")
    return leads
