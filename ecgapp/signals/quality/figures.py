"""Each lead in figures, from which its faults follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.record import FloatArray
from ecgapp.signals.quality import baseline
from ecgapp.signals.quality.spectrum import MAINS, hum, noise, spectrum

STRETCH = 10.0  # s that are looked at together
SHARE = 0.8  # quantile over the stretches: what lasts for a fifth of a long recording counts
CLEAR_LINE = 4.0  # times as much power as beside the mains, at least, to call it hum
LEAST_JUMP = 1.0  # mV
HEIGHT = 0.001  # of the time above and below which a wave's top lies


@dataclass(frozen=True)
class LeadFigures:
    """One lead, in mV (or in the record's own units) and seconds."""

    noise: float  # between beats, root mean square above 20 Hz
    hum: float  # amplitude of the mains
    mains: int  # Hz of that hum, 50 or 60; 0 where there is none
    wander: float  # between highest and lowest baseline
    level: float  # median of all
    jump: float  # the largest of the baseline at once
    height: float  # between the highest and the lowest wave
    held: NDArray[np.bool_]  # half seconds in which the lead stands still

    @property
    def held_seconds(self) -> float:
        """How long the lead stands still."""
        return 0.5 * float(self.held.sum())


def figures(signal: FloatArray, sampling_rate: float) -> LeadFigures:
    """Of ``signal`` (n_samples,), all finite."""
    slow, rate = baseline.points(signal, sampling_rate)
    fast = _stretches(signal, sampling_rate)
    found, n_samples = spectrum(fast), fast.shape[1]
    mains, amplitude = _mains(found, n_samples, sampling_rate)
    parts = _stretches(slow, rate)
    level = [baseline.levels(part, rate) for part in parts]
    heights = [_height(part, own) for part, own in zip(parts, level, strict=True)]
    return LeadFigures(
        noise=_lasting(noise(found, n_samples, sampling_rate)),
        hum=amplitude,
        mains=mains,
        wander=_lasting(np.array([np.ptp(own) for own in level])),
        level=float(np.median(np.concatenate(level))),
        jump=baseline.largest_jump(slow, rate, LEAST_JUMP),
        height=float(np.median(heights)),
        held=baseline.held_seconds(signal, sampling_rate),
    )


def _stretches(signal: FloatArray, rate: float) -> FloatArray:
    """(n_stretches, n_samples): as many whole ones of ``STRETCH`` s as there are, or the one shorter one."""
    count = max(1, int(signal.size / rate / STRETCH + 1e-6))
    length = signal.size if count == 1 else round(STRETCH * rate)
    return signal[: min(signal.size, count * length)].reshape(-1, length)


def _lasting(values: NDArray[np.float64]) -> float:
    return float(np.quantile(values, SHARE))


def _mains(found: NDArray[np.complex64], n_samples: int, sampling_rate: float) -> tuple[int, float]:
    """The stronger of the two hums; (0, 0) where neither stands out."""
    strongest = (0, 0.0)
    for mains in MAINS:
        line = hum(found, n_samples, sampling_rate, mains)
        if line is not None and _lasting(line.ratio) >= CLEAR_LINE:
            strongest = max(strongest, (mains, _lasting(line.amplitude)), key=lambda one: one[1])
    return strongest


def _height(part: FloatArray, level: NDArray[np.float64]) -> float:
    """Over the baseline of each second, so that wander is no wave."""
    width = part.size // level.size
    waves = part[: width * level.size].reshape(level.size, width) - level[:, None]
    low, high = np.quantile(waves, [HEIGHT, 1 - HEIGHT])
    return float(high - low)
