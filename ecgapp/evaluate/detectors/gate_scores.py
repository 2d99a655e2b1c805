"""What a gate's score is made of, measured on one record, and how well it tells good records from others."""

import numpy as np
import torch

from ecgapp.errors import MissingSamplesError, ModelError, SignalError
from ecgapp.evaluate.arrays import Floats
from ecgapp.models import TrainedModel
from ecgapp.models.networks.gate_network import PARTS, Gate
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals import cut_windows, preprocess
from ecgapp.signals.normalise import FLAT
from ecgapp.signals.quality.legibility import contradiction, disagreement, evenness, roughness

MOST_WINDOWS = 24  # of a long record, evenly spread: enough to tell what it is
SHORTEST = 5.0  # s: less holds too few beats to compare


def gate_network(model: TrainedModel) -> Gate:
    """The model's network.

    Raises:
        ModelError: it is no gate.
    """
    if not isinstance(model.network, Gate):
        raise ModelError(f"{model.card.name} does not judge whether a record can be read. Choose a gate.")
    return model.network


def record_parts(record: ECGRecord, model: TrainedModel) -> Floats:
    """The parts of the record's score, (n_parts,) in the order of ``PARTS``; all NaN without any signal.

    Means over the windows. A gate of one lead judges the leads one by one, without gaps and with a
    signal; theirs is the median.

    Raises:
        ModelError: the model is no gate.
        LeadsMissingError: the gate needs leads that the record lacks.
        MissingSamplesError: samples are missing, in every lead for a gate of one lead.
        SignalError: the record is too short.
    """
    strips = gate_strips(record, model)
    if not len(strips):
        return np.full(len(PARTS), np.nan)
    return np.asarray(np.median([_strip_parts(strip, model) for strip in strips], axis=0))


def gate_strips(record: ECGRecord, model: TrainedModel) -> FloatArray:
    """What the gate judges one by one, preprocessed: (n_strips, n_leads, n_samples).

    All leads together, or each lead with a signal; none where no lead has one. Raises as ``record_parts``.
    """
    gate, config = gate_network(model), model.card.preprocessing
    if record.duration < SHORTEST:
        raise SignalError(f"The record is shorter than {SHORTEST:g} seconds, too short to tell.")
    together = not gate.config.lead_by_lead
    strips = record.select(config.leads)[None] if together else _whole_leads(record)[:, None]
    alive = ~(strips.std(axis=-1).max(axis=-1) <= FLAT)  # those with gaps too: the next line refuses them
    return preprocess(strips, record.sampling_rate, config)[alive]


def _whole_leads(record: ECGRecord) -> FloatArray:
    whole = np.isfinite(record.signal).all(axis=-1)
    if not whole.any():
        raise MissingSamplesError("Samples are missing in every lead.")
    return record.signal[whole]


def strip_windows(strip: FloatArray, model: TrainedModel) -> FloatArray:
    """Windows of a strip as the network sees them, evenly spread where there are many."""
    windows = cut_windows(strip, model.card.preprocessing).windows
    if len(windows) <= MOST_WINDOWS:
        return windows
    return windows[np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(int)]


def _strip_parts(strip: FloatArray, model: TrainedModel) -> Floats:
    """Means over the windows."""
    windows, config = strip_windows(strip, model), model.card.preprocessing
    with torch.inference_mode():
        of_network = gate_network(model)(torch.from_numpy(windows)).double().numpy()
    recorded = windows[..., : strip.shape[-1]]  # without the zeros behind a short record
    of_signal = [signal_parts(window, config.sampling_rate, config.leads) for window in recorded]
    return np.asarray(np.concatenate([of_network, of_signal], axis=1).mean(axis=0))


def signal_parts(window: FloatArray, sampling_rate: float, leads: tuple[str, ...]) -> tuple[float, ...]:
    """One window's parts in the order of ``SIGNAL_PARTS``."""
    return (
        roughness(window, sampling_rate),
        evenness(window),
        disagreement(window, sampling_rate),
        contradiction(window, leads),
    )
