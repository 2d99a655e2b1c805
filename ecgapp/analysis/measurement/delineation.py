"""The waves of each lead: the delineator on a whole record, lead by lead, windows joined."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.datasets.layouts.ludb_waves import MarkedRecord
from ecgapp.errors import ConfigError, ModelError, SignalError
from ecgapp.evaluate.detectors.delineation_metrics import LeadWaves, delineation_metrics
from ecgapp.models import DelineationMetrics, DelineatorConfig, TrainedModel
from ecgapp.models.answers import run_network
from ecgapp.records import ECGRecord, Wave
from ecgapp.records.record import FloatArray
from ecgapp.records.waves import WAVES
from ecgapp.signals import PreprocessingConfig, cut_windows, lead_quality, preprocess
from ecgapp.signals.p_waves import has_p_waves
from ecgapp.signals.segments import waves_in

POOLED = 0.5  # how much the mean of all leads weighs beside a lead's own logits
NEVER = -1e4  # a logit whose probability is 0
RAMP = 256  # samples over which a window's edge counts less, for there it sees only one side


@dataclass(frozen=True, eq=False)
class Delineation:
    """Probabilities of waves in the usable ``leads``, at ``sampling_rate`` Hz.

    ``signal`` is (n_leads, n_samples) as the network saw it, ``probabilities`` (n_leads, 4, n_samples)
    of background, P, QRS and T. ``doubted`` are those before P waves were taken out that are not believed,
    None where none were.
    """

    leads: tuple[str, ...]
    signal: FloatArray
    probabilities: FloatArray
    sampling_rate: float
    doubted: FloatArray | None = None

    def waves(self, lead: str) -> tuple[Wave, ...]:
        """This lead's waves, in order of time."""
        row = self.leads.index(lead)
        return waves_in(self.probabilities[row], self.sampling_rate, self.signal[row])


def delineate(record: ECGRecord, model: TrainedModel, pooled: float = POOLED) -> Delineation:
    """The waves of every usable lead; each lead's logits are moved towards the mean of all of them.

    P waves that come neither with nearly every beat nor at a constant time before it are not believed.

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
    delineation = Delineation(usable, signal, _softmax(logits), config.sampling_rate)
    if has_p_waves([delineation.waves(lead) for lead in usable]):
        return delineation
    logits[:, WAVES.index("P") + 1] = NEVER
    return replace(delineation, probabilities=_softmax(logits), doubted=delineation.probabilities)


def _logits(signal: FloatArray, model: TrainedModel, config: PreprocessingConfig) -> FloatArray:
    """(4, n_samples): the windows' answers, averaged where windows overlap."""
    windows = cut_windows(signal[None], config)
    answers = run_network(model.network, windows.windows)
    weights = _window_weights(config.window)
    sums = np.zeros((answers.shape[1], max(signal.size, int(windows.starts[-1]) + config.window)))
    total = np.zeros(sums.shape[1])
    for start, answer in zip(windows.starts.tolist(), answers, strict=True):
        sums[:, start : start + config.window] += weights * answer
        total[start : start + config.window] += weights
    return np.asarray((sums / total)[:, : signal.size], np.float32)


def _window_weights(window: int) -> NDArray[np.float64]:
    places = np.arange(window)
    return np.asarray(np.minimum(1.0, (1 + np.minimum(places, places[::-1])) / RAMP))


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), np.float32)


def judge_delineator(
    model: TrainedModel, records: Sequence[MarkedRecord], dataset: str, n_bootstrap: int = 1000
) -> DelineationMetrics:
    """The delineator's figures on ``records``, every marked lead of each.

    Raises:
        ConfigError: there are none.
    """
    return delineation_metrics(judged_leads(model, records), dataset, n_bootstrap)


def judged_leads(model: TrainedModel, records: Sequence[MarkedRecord], first: int = 0) -> list[LeadWaves]:
    """Every marked lead with what the delineator finds in it; records are numbered from ``first``.

    Raises:
        ConfigError: there are none.
    """
    leads = []
    for number, marked in enumerate(records, start=first):
        delineation = delineate(marked.record, model)
        leads += [
            LeadWaves(number, waves, delineation.waves(lead) if lead in delineation.leads else ())
            for lead, waves in zip(marked.record.leads, marked.waves, strict=True)
            if waves
        ]
    if not leads:
        raise ConfigError("There are no marked records in these folds. Choose other folds.")
    return leads
