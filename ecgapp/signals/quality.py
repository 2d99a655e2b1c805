"""What is wrong with a lead before anyone reads it: flat, gaps, clipped."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import ECGRecord, FloatArray
from ecgapp.signals.normalise import FLAT

SHORTEST_RAIL = 0.02  # s at the same extreme value: less is the top of a wave
ABRUPT = 0.03  # of the lead's whole range, between two samples, into or out of the rail


@dataclass(frozen=True)
class LeadQuality:
    """Faults of one lead. Counts are samples of the record."""

    lead: str
    flat: bool  # no signal at all, as with an electrode that has come off
    missing_samples: int  # marked invalid by the recorder
    clipped: bool  # the amplifier's or the converter's limit cuts waves off

    @property
    def usable(self) -> bool:
        """Nothing found against this lead."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, in a word or two each, to stand beside its name."""
        gaps = bool(self.missing_samples) and not self.flat
        named = {"no signal": self.flat, "samples missing": gaps, "clipped": self.clipped}
        return tuple(name for name, found in named.items() if found)


def lead_quality(record: ECGRecord) -> tuple[LeadQuality, ...]:
    """The quality of each lead of ``record``, in its order."""
    return tuple(
        _judge(lead, signal, record.sampling_rate)
        for lead, signal in zip(record.leads, record.signal, strict=True)
    )


def _judge(lead: str, signal: FloatArray, sampling_rate: float) -> LeadQuality:
    finite = np.isfinite(signal)
    missing = int(signal.size - finite.sum())
    present = signal[finite]
    flat = present.size == 0 or float(present.std(dtype=np.float64)) < FLAT
    clipped = not flat and _is_clipped(present, sampling_rate)
    return LeadQuality(lead, bool(flat), missing, clipped)


def _is_clipped(signal: FloatArray, sampling_rate: float) -> bool:
    """Does the signal run into its highest or lowest value at speed, and stay there?

    The rounded top of a wave stays at one value too, but comes to it slowly.
    """
    shortest = max(3, round(SHORTEST_RAIL * sampling_rate))
    abrupt = ABRUPT * float(np.ptp(signal))
    return any(_has_rail(signal, extreme, shortest, abrupt) for extreme in (signal.max(), signal.min()))


def _has_rail(signal: FloatArray, extreme: np.float32, shortest: int, abrupt: float) -> bool:
    first, behind = _runs(signal == extreme)
    inside = (behind - first >= shortest) & (first > 0) & (behind < signal.size)  # ends are often held
    first, behind = first[inside], behind[inside]
    jump = np.maximum(np.abs(signal[first - 1] - extreme), np.abs(signal[behind] - extreme))
    return bool((jump > abrupt).any())


def _runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of True begins, and the sample behind its end."""
    changes = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    return np.flatnonzero(changes == 1), np.flatnonzero(changes == -1)
