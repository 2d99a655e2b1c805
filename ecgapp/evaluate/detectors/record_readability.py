"""Whether a record can be read at all, judged by each of its leads alone."""

import numpy as np
import torch

from ecgapp.errors import MissingSamplesError, ModelError, SignalError
from ecgapp.evaluate.arrays import Floats
from ecgapp.models import TrainedModel
from ecgapp.models.networks.readability_network import Readability
from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals import cut_windows, preprocess
from ecgapp.signals.normalise import FLAT
from ecgapp.signals.quality.readability_features import NUMBERS, readability_numbers

SHORTEST = 5.0  # s: a shorter record has too few beats to compare
MOST_WINDOWS = 24  # of a long record, evenly spread
ENOUGH = 0.25  # of the windows of all leads: if these can be read, the record can


def readability_network(model: TrainedModel) -> Readability:
    """The readability network of ``model``.

    Raises:
        ModelError: the model does not judge whether a record can be read.
    """
    if not isinstance(model.network, Readability):
        raise ModelError(f"{model.card.name} does not judge whether a record can be read. Choose a gate.")
    return model.network


def record_numbers(record: ECGRecord, model: TrainedModel) -> Floats:
    """The ``NUMBERS`` of every window of every lead, (n_windows, n_numbers); none without any signal.

    Leads with gaps are left out.

    Raises:
        ModelError: the model does not judge whether a record can be read.
        MissingSamplesError: samples are missing in every lead.
        SignalError: the record is too short.
    """
    rate = readability_network(model).config.sampling_rate
    leads = readable_leads(record, model)
    if not leads:
        return np.zeros((0, len(NUMBERS)))
    return readability_numbers(np.concatenate(leads), rate)


def readable_leads(record: ECGRecord, model: TrainedModel) -> list[FloatArray]:
    """The windows (n_windows, n_samples) of each lead without gaps and with a signal, preprocessed.

    A record shorter than a window gives one, as long as the record. Raises as ``record_numbers``.
    """
    config = model.card.preprocessing
    if record.duration < SHORTEST:
        raise SignalError(f"The record is shorter than {SHORTEST:g} seconds, too short to be judged.")
    whole = record.signal[np.isfinite(record.signal).all(axis=-1)]
    if not len(whole):
        raise MissingSamplesError("Samples are missing in every lead.")
    alive = whole[whole.std(axis=-1, dtype=np.float64) > FLAT]
    if not len(alive):
        return []
    strips = preprocess(alive[:, None], record.sampling_rate, config)
    return [_windows(strip, model) for strip in strips]


def _windows(strip: FloatArray, model: TrainedModel) -> FloatArray:
    """The windows of a strip, evenly spread if there are many, without the zeros behind a short record."""
    windows = cut_windows(strip, model.card.preprocessing).windows[:, 0, : strip.shape[-1]]
    if len(windows) <= MOST_WINDOWS:
        return windows
    return windows[np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(int)]


def unreadable(numbers: Floats, network: Readability) -> float:
    """The score of unreadability, 0 to 1, from the numbers of a record's windows.

    It is the upper limit of the scores of the most readable quarter of the windows of all leads: one sound
    lead in four is enough, and so is a quarter of the time.
    """
    with torch.inference_mode():
        scores = network.judge(torch.from_numpy(numbers).float()).sigmoid().double().numpy()
    return float(np.quantile(scores, ENOUGH))
