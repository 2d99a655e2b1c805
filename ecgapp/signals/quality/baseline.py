"""Slow parts of a signal: the baseline's level, its wander, constant stretches, sudden jumps."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

POINT = 0.01  # s, over which samples are averaged first
LEVEL = 1.0  # s; the median over it is the baseline
HELD = 1.0  # s at one value, longer than in any ECG
STILL = 5e-6  # mV; smaller differences count as one value
SUDDEN = 0.06  # s, the longest duration of a jump
CLOSE, SETTLED = 0.1, 0.5  # s before and behind a jump whose medians are compared; twice the second too
APART = 0.2  # s between two jumps
AROUND, RECURS = (
    5.0,
    4,
)  # s on either side, in which so many jumps of half the size do not come from an electrode


def points(signal: FloatArray, sampling_rate: float) -> tuple[FloatArray, float]:
    """``signal`` (n_leads, n_samples) averaged over ``POINT`` s, and the resulting rate in Hz."""
    width = min(signal.shape[1], max(1, round(POINT * sampling_rate)))
    if width == 1:
        return signal, sampling_rate
    whole = signal[:, : signal.shape[1] // width * width].reshape(len(signal), -1, width)
    return np.asarray(whole @ np.full(width, 1 / width, np.float32)), sampling_rate / width


def seconds(slow: FloatArray, rate: float) -> FloatArray:
    """``slow`` (n_leads, n_points) cut into whole seconds: (n_leads, n_seconds, n_points)."""
    width = min(slow.shape[1], max(1, round(LEVEL * rate)))
    return slow[:, : slow.shape[1] // width * width].reshape(len(slow), -1, width)


def between(slow: FloatArray, rate: float) -> NDArray[np.floating]:
    """The baseline half a second later than those of ``seconds``: (n_leads, n_seconds - 1), or none.

    With it wander with a period of four seconds is measured at its full height.
    """
    shift = round(LEVEL / 2 * rate)
    if slow.shape[1] <= shift + round(LEVEL * rate):
        return np.zeros((len(slow), 0), np.float32)
    return np.asarray(np.median(seconds(slow[:, shift:], rate), axis=-1))


def held_halves(signal: FloatArray, sampling_rate: float) -> NDArray[np.bool_]:
    """Flags of the half seconds in which each lead is constant for a second or more: (n_leads, n_halves)."""
    width = max(2, round(HELD / 2 * sampling_rate))
    halves = signal[:, : signal.shape[1] // width * width].reshape(len(signal), -1, width)
    high, low = halves.max(axis=-1), halves.min(axis=-1)
    still = high - low < STILL
    with_next = still[:, :-1] & still[:, 1:] & (np.abs(high[:, :-1] - low[:, 1:]) < STILL)
    held = np.zeros(still.shape, bool)
    held[:, :-1] |= with_next
    held[:, 1:] |= with_next
    return held


def largest_jump(slow: FloatArray, rate: float, least: float) -> float:
    """The largest jump of the baseline of ``slow`` (n_points,) in mV; 0 if it is less than ``least``.

    An electrode that comes off moves the baseline at once, and it stays there. A steep QRS complex returns,
    wander is slow, and broad beats and pacing recur.
    """
    reach = max(1, round(SUDDEN / 2 * rate))
    step = np.abs(slow[2 * reach :] - slow[: -2 * reach])
    places = np.flatnonzero(step > least)[::reach]
    settled = max(1, round(SETTLED * rate))
    places = places[(places >= settled) & (places + 2 * reach + settled <= slow.size)]
    if not places.size:
        return 0.0
    shifts = _shifts(slow, places, 2 * reach, rate)
    there = np.abs(shifts) >= least
    places, shifts = places[there], np.abs(shifts[there])
    largest = 0.0
    for place, shift in zip(places.tolist(), shifts.tolist(), strict=True):
        near = np.abs(places - place) <= AROUND * rate
        similar = places[near & (shifts >= shift / 2)]
        events = 1 + int((np.diff(similar) > APART * rate).sum())  # groups that lie apart
        if shift > largest and events < RECURS:
            largest = shift
    return largest


def _shifts(slow: FloatArray, places: NDArray[np.int64], width: int, rate: float) -> NDArray[np.floating]:
    """The sudden change of the level at each of ``places``; 0 if it does not last or is a drift.

    It is the least of the differences between tenths of a second, half seconds and seconds on both sides,
    without the trend.
    """
    close, half, whole = (
        _level(slow, places + width, span * rate) - _level(slow, places, -span * rate)
        for span in (CLOSE, SETTLED, 2 * SETTLED)
    )
    trend = whole - half  # a ramp gives half as much again over twice the time, a step nothing
    steady = half - trend
    together = np.stack([close, steady, whole])
    same = (np.sign(together) == np.sign(steady)).all(axis=0)
    return np.where(same, np.sign(steady) * np.abs(together).min(axis=0), 0.0)


def _level(slow: FloatArray, places: NDArray[np.int64], span: float) -> NDArray[np.floating]:
    """The median over ``span`` points behind each place, or before it if ``span`` is negative."""
    length = max(1, round(abs(span)))
    around = np.arange(length) if span > 0 else -1 - np.arange(length)
    return np.asarray(np.median(slow[np.clip(places[:, None] + around, 0, slow.size - 1)], axis=1))
