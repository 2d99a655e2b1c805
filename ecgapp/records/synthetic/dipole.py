"""The heart as one moving dipole: waves are Gaussian bumps in space, leads are projections of it.

Axes are Frank's: x to the patient's left, y to the feet, z to the back; all in mV. The idea of one
Gaussian per wave is McSharry et al. (2003), doi:10.1109/TBME.2003.808805, in three dimensions as
in Sameni et al. (2007), doi:10.1155/2007/43407. Here bumps are placed in time instead of integrating
a limit cycle, so that onsets and offsets are known exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray

Vector = tuple[float, float, float]

EDGE = 2.5  # a bump begins and ends this many widths from its top, at 4 % of its height

# Dower, Machado and Osborne (1980), Clin Cardiol 3:87: I, II, V1-V6 from (x, y, z).
LEAD_VECTORS = np.array(
    [
        (0.632, -0.235, 0.059),  # I
        (0.235, 1.066, -0.132),  # II
        (-0.515, 0.157, -0.917),  # V1
        (0.044, 0.164, -1.387),  # V2
        (0.882, 0.098, -1.277),  # V3
        (1.213, 0.127, -0.601),  # V4
        (1.125, 0.127, -0.086),  # V5
        (0.831, 0.076, 0.230),  # V6
    ]
)


@dataclass(frozen=True)
class Bump:
    """A Gaussian in time along one direction; ``hold`` keeps its top for a while (an ST segment).

    Times in s: ``time`` is the top's beginning, ``before`` and ``after`` the widths (standard
    deviations) of its two flanks. ``vector`` is the dipole at the top, in mV.
    """

    time: float
    before: float
    after: float
    vector: Vector
    hold: float = 0.0

    @property
    def onset(self) -> float:
        return self.time - EDGE * self.before

    @property
    def offset(self) -> float:
        return self.time + self.hold + EDGE * self.after

    def moved(self, seconds: float, gain: float = 1.0) -> "Bump":
        """A copy of the bump, ``seconds`` later and ``gain`` times as high."""
        x, y, z = self.vector
        return replace(self, time=self.time + seconds, vector=(gain * x, gain * y, gain * z))

    def height(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """The bump's height at each of ``times`` (s), 0 to 1."""
        early = np.minimum(times - self.time, 0.0) / self.before
        late = np.maximum(times - self.time - self.hold, 0.0) / self.after
        return np.asarray(np.exp(-0.5 * (early**2 + late**2)))


def dipole(bumps: Iterable[Bump], n_samples: int, sampling_rate: float) -> NDArray[np.float64]:
    """The sum of ``bumps`` over time from 0 s: (3, n_samples), mV."""
    total = np.zeros((3, n_samples))
    for bump in bumps:
        first = max(0, int((bump.time - 5 * bump.before) * sampling_rate))
        behind = min(n_samples, int((bump.time + bump.hold + 5 * bump.after) * sampling_rate) + 2)
        if first < behind:
            times = np.arange(first, behind) / sampling_rate
            total[:, first:behind] += np.outer(bump.vector, bump.height(times))
    return total


def project(heart: NDArray[np.float64]) -> NDArray[np.float64]:
    """The leads I, II and V1 to V6, (8, n_samples) in mV, of a dipole (3, n_samples)."""
    return np.asarray(LEAD_VECTORS @ heart)


def twelve_leads(recorded: NDArray[np.float64]) -> FloatArray:
    """The twelve leads in the order of ``LEADS`` from I, II and V1-V6, (8, n_samples).

    The other limb leads follow from I and II, as in an electrocardiograph.
    """
    one, two = recorded[:2]
    limb = np.stack([one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2])
    return np.concatenate([limb, recorded[2:]]).astype(np.float32)
