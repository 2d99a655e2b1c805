"""Removes a pacemaker's spikes from a recording, so that none is taken for a wave of the heart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ecgapp.records.record import ECGRecord

REACH = 0.006  # s on either side of a spike's top that a straight line replaces


def without_spikes(record: ECGRecord, spikes: Sequence[float]) -> ECGRecord:
    """``record`` with a straight line over each of the ``spikes`` (s), in every lead."""
    if not spikes:
        return record
    signal, last = record.signal.copy(), record.n_samples - 1
    for spike in spikes:
        first = max(0, round((spike - REACH) * record.sampling_rate))
        behind = min(last, round((spike + REACH) * record.sampling_rate))
        share = np.linspace(0.0, 1.0, behind - first + 1, dtype=signal.dtype)
        ends = signal[:, first, None], signal[:, behind, None]
        signal[:, first : behind + 1] = ends[0] + share * (ends[1] - ends[0])
    return replace(record, signal=signal)
