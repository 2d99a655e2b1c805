"""Detection and removal of pacemaker spikes: narrow, in several leads, repeated.

A spike stands above its surroundings 2, 4 and 8 ms away by about as much each time; the steepest QRS
complex by twice as much at twice the distance. At 360 samples per second the detector reports 7 of 9 labelled
pacemakers, 4 of 443 other records (resampled from 500), and none of 840 windows of the MIT-BIH database
without pacemakers. At lower rates a spike is a sample or less and artefacts look like it (at 250 samples per
second in 50 of 650 windows of the CU database), so no spikes are reported.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord, FloatArray

SLOWEST = 350.0  # Hz, the lowest rate at which spikes differ from QRS complexes
NEAR, AWAY, FAR = 0.002, 0.004, 0.008  # s from the top
TALL = 0.12  # mV, root mean square over the leads, above what lies ``AWAY``
CLEAR, SEVERAL = 0.1, 4  # mV, in as many leads: in fewer it is an artefact of an electrode
STANDS_OUT = 8.0  # times the median of those heights
STEEP = 0.6  # of that height, which is reached within ``NEAR``
NARROW = 0.8  # of its height above ``FAR``
APART = 0.03  # s between two spikes at the least
FEWEST, OFTEN = 3, 0.1  # spikes, and spikes a second: fewer are artefacts
AT_ONCE = 1 << 16  # samples of each lead
REMOVED = 0.006  # s on either side of a spike's top that a straight line replaces


def pacing_spikes(record: ECGRecord) -> tuple[float, ...]:
    """The times of pacemaker spikes, s; empty with too few for a pacemaker or too low a sampling rate."""
    if record.units != "mV" or record.sampling_rate < SLOWEST or record.duration < 1.0:
        return ()
    places = _spikes(record.signal, record.sampling_rate)
    if len(places) < max(FEWEST, OFTEN * record.duration):
        return ()
    return tuple((places / record.sampling_rate).tolist())


def _spikes(signal: FloatArray, sampling_rate: float) -> NDArray[np.int64]:
    near, away, far = (max(1, round(distance * sampling_rate)) for distance in (NEAR, AWAY, FAR))
    heights = _heights(signal, away)
    tops = np.flatnonzero(heights > max(TALL, STANDS_OUT * float(np.median(heights))))
    tops = tops[(tops >= far) & (tops < signal.shape[1] - far)]
    near_by, above, far_off = (_rise(signal, tops, reach) for reach in (near, away, far))
    several = (np.abs(above) > CLEAR).sum(axis=0) >= min(SEVERAL, len(signal))
    steep = _over_leads(near_by) > STEEP * heights[tops]
    narrow = heights[tops] > NARROW * _over_leads(far_off)
    return _highest(tops[several & steep & narrow], heights, APART * sampling_rate)


def _heights(signal: FloatArray, reach: int) -> NDArray[np.float32]:
    """The height of each sample above those ``reach`` samples away, over the leads: (n_samples,)."""
    heights = np.zeros(signal.shape[1], np.float32)
    for first in range(reach, signal.shape[1] - reach, AT_ONCE):
        behind = min(first + AT_ONCE, signal.shape[1] - reach)
        part = signal[:, first - reach : behind + reach]
        rise = part[:, reach:-reach] - 0.5 * (part[:, : -2 * reach] + part[:, 2 * reach :])
        heights[first:behind] = _over_leads(rise)
    return heights


def _rise(signal: FloatArray, places: NDArray[np.int64], reach: int) -> FloatArray:
    """The height of ``places`` above the samples ``reach`` away, by lead: (n_leads, n_places)."""
    return signal[:, places] - 0.5 * (signal[:, places - reach] + signal[:, places + reach])


def _over_leads(rise: FloatArray) -> NDArray[np.float32]:
    """The root mean square over the leads; missing samples count as 0."""
    rise = np.nan_to_num(rise)
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", rise, rise) / len(rise)), np.float32)


def _highest(places: NDArray[np.int64], heights: NDArray[np.float32], apart: float) -> NDArray[np.int64]:
    """The highest of each group of ``places`` that are closer than ``apart`` samples."""
    if not places.size:
        return places
    groups = np.split(places, np.flatnonzero(np.diff(places) >= apart) + 1)
    return np.array([group[heights[group].argmax()] for group in groups], np.int64)


def without_spikes(record: ECGRecord, spikes: Sequence[float]) -> ECGRecord:
    """``record`` with a straight line over each of the ``spikes`` (s), in every lead."""
    if not spikes:
        return record
    signal, last = record.signal.copy(), record.n_samples - 1
    for spike in spikes:
        first = max(0, round((spike - REMOVED) * record.sampling_rate))
        behind = min(last, round((spike + REMOVED) * record.sampling_rate))
        share = np.linspace(0.0, 1.0, behind - first + 1, dtype=signal.dtype)
        ends = signal[:, first, None], signal[:, behind, None]
        signal[:, first : behind + 1] = ends[0] + share * (ends[1] - ends[0])
    return replace(record, signal=signal)
