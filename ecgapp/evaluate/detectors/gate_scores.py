"""The parts of a gate's score, measured on one record."""

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

MOST_WINDOWS = 24  # of a long record, evenly spread
SHORTEST = 5.0  # s: a shorter record has too few beats to compare


def gate_network(model: TrainedModel) -> Gate:
    """The gate network of ``model``.

    Raises:
        ModelError: the model is no gate.
    """
    if not isinstance(model.network, Gate):
        raise ModelError(f"{model.card.name} does not judge whether a record can be read. Choose a gate.")
    return model.network


def record_parts(record: ECGRecord, model: TrainedModel) -> Floats:
    """The parts of the record's score, (n_parts,) in the order of ``PARTS``; all NaN without any signal.

    They are means over the windows. A gate of one lead is applied to each lead that has a signal and no
    gaps; the result is the median over the leads.

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
    """The preprocessed strips that the gate scores one by one: (n_strips, n_leads, n_samples).

    A strip has all leads, or one lead with a signal; none if no lead has one. Raises as ``record_parts``.
    """
    gate, config = gate_network(model), model.card.preprocessing
    if record.duration < SHORTEST:
        raise SignalError(f"The record is shorter than {SHORTEST:g} seconds, too short to be judged.")
    together = not gate.config.lead_by_lead
    strips = record.select(config.leads)[None] if together else _whole_leads(record)[:, None]
    alive = ~(strips.std(axis=-1).max(axis=-1) <= FLAT)  # leads with gaps too, which ``preprocess`` refuses
    return preprocess(strips, record.sampling_rate, config)[alive]


def _whole_leads(record: ECGRecord) -> FloatArray:
    whole = np.isfinite(record.signal).all(axis=-1)
    if not whole.any():
        raise MissingSamplesError("Samples are missing in every lead.")
    return record.signal[whole]


def strip_windows(strip: FloatArray, model: TrainedModel) -> FloatArray:
    """The windows of a strip, evenly spread if there are more than ``MOST_WINDOWS``."""
    windows = cut_windows(strip, model.card.preprocessing).windows
    if len(windows) <= MOST_WINDOWS:
        return windows
    return windows[np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(int)]


def _strip_parts(strip: FloatArray, model: TrainedModel) -> Floats:
    """The parts of one strip's score, means over its windows."""
    windows, config = strip_windows(strip, model), model.card.preprocessing
    with torch.inference_mode():
        of_network = gate_network(model)(torch.from_numpy(windows)).double().numpy()
    recorded = windows[..., : strip.shape[-1]]  # without the zeros behind a short record
    of_signal = [signal_parts(window, config.sampling_rate, config.leads) for window in recorded]
    return np.asarray(np.concatenate([of_network, of_signal], axis=1).mean(axis=0))


def signal_parts(window: FloatArray, sampling_rate: float, leads: tuple[str, ...]) -> tuple[float, ...]:
    """The parts of one window's score in the order of ``SIGNAL_PARTS``."""
    return (
        roughness(window, sampling_rate),
        evenness(window),
        disagreement(window, sampling_rate),
        contradiction(window, leads),
    )
