"""What a gate's score is made of, measured on one record, and how well it tells good records from others."""

import numpy as np
import torch

from ecgapp.errors import MissingSamplesError, ModelError
from ecgapp.evaluate.arrays import Floats
from ecgapp.models import TrainedModel
from ecgapp.models.gate import Gate
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals import cut_windows, preprocess
from ecgapp.signals.legibility import contradiction, disagreement, evenness, roughness
from ecgapp.signals.normalise import FLAT

MOST_WINDOWS = 24  # of a long record, evenly spread: enough to tell what it is


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
    gate, config = gate_network(model), model.card.preprocessing
    leads = config.leads
    strips = _whole_leads(record)[:, None] if gate.config.lead_by_lead else record.select(leads)[None]
    alive = strips.std(axis=-1).max(axis=-1) > FLAT  # NaN is not above
    if np.isfinite(strips).all() and not alive.any():
        return np.full(len(gate.centre), np.nan)
    strips = preprocess(strips, record.sampling_rate, config)[alive]
    rows = [_strip_parts(strip, leads, model) for strip in strips]
    return np.asarray(np.median(rows, axis=0))


def _whole_leads(record: ECGRecord) -> FloatArray:
    whole = np.isfinite(record.signal).all(axis=-1)
    if not whole.any():
        raise MissingSamplesError(
            "Samples are missing in every lead, so whether this is an ECG is not judged."
        )
    return record.signal[whole]


def _strip_parts(strip: FloatArray, leads: tuple[str, ...], model: TrainedModel) -> Floats:
    """Means over the windows of ``strip`` (n_leads, n_samples), as the network sees it."""
    config = model.card.preprocessing
    windows = cut_windows(strip, config).windows
    if len(windows) > MOST_WINDOWS:
        windows = windows[np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(int)]
    with torch.inference_mode():
        of_network = gate_network(model)(torch.from_numpy(windows)).double().numpy()
    recorded = windows[..., : strip.shape[-1]]  # without the zeros behind a short record
    of_signal = [signal_parts(window, config.sampling_rate, leads) for window in recorded]
    return np.asarray(np.concatenate([of_network, of_signal], axis=1).mean(axis=0))


def signal_parts(window: FloatArray, sampling_rate: float, leads: tuple[str, ...]) -> tuple[float, ...]:
    """One window's parts in the order of ``SIGNAL_PARTS``."""
    return (
        roughness(window, sampling_rate),
        evenness(window),
        disagreement(window, sampling_rate),
        contradiction(window, leads),
    )
