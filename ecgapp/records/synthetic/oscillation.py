"""Electrical activity without beats: fibrillation and flutter of atria and ventricles, as dipoles.

Ventricular fibrillation has its main frequency between 3 and 9 Hz (Clayton, Murray and Campbell 1995,
Eur Heart J 16:1115): several oscillators whose frequency, size and direction vary
independently, so that it is neither one sine nor noise.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ecgapp.records.synthetic.dipole import project

SLOWEST, FASTEST = 3.0, 9.0  # Hz
OSCILLATORS = 6

Floats = NDArray[np.float64]


def atrial_fibrillation(n_samples: int, sampling_rate: float, rng: np.random.Generator) -> Floats:
    """Fibrillatory waves (3, n_samples), mV: 5 to 7 Hz, unsteady, largest in V1."""
    times = np.arange(n_samples) / sampling_rate
    total = np.zeros((3, n_samples))
    for direction in ((-0.030, 0.020, -0.055), (0.010, 0.045, -0.020)):
        slow = [rng.uniform(0.1, 0.6, 3), rng.uniform(0, 2 * np.pi, 3)]
        drift = np.sin(2 * np.pi * np.outer(slow[0], times) + slow[1][:, None])
        phase = 2 * np.pi * rng.uniform(5.2, 6.8) * times + 2.2 * drift[0] + 1.5 * drift[1]
        shape = np.sin(phase) + 0.35 * np.sin(2 * phase + 0.8)
        total += np.outer(direction, (1 + 0.45 * drift[2]) * shape)
    return total


def saw_tooth(times: Floats, frequency: float, size: float, rng: np.random.Generator) -> Floats:
    """Flutter waves of the atria (3, n_samples), about ``size`` mV from top to bottom in lead II.

    Counterclockwise around the tricuspid valve: teeth that fall slowly and rise steeply, negative in
    II, III and aVF and positive in V1. Phase 0 is at 0 s.
    """
    phase = 2 * np.pi * frequency * times
    tooth = sum(np.sin(k * phase) / k * np.exp(-0.12 * k * k) for k in range(1, 6)) / 2.2
    knock = sum(np.cos(k * (phase - 0.9)) * np.exp(-0.25 * k * k) for k in range(1, 5))
    up = float(rng.uniform(0.85, 1.0))
    return size * (np.outer((-0.12, -up, 0.10), tooth) + np.outer((-0.05, -0.05, -0.30), knock))


def ventricular_flutter(times: Floats, frequency: float, size: float, rng: np.random.Generator) -> Floats:
    """Ventricular flutter (3, n_samples), up to ``size`` mV: a sine without QRS complex or T wave."""
    wobble = _wandering(times, 1.2, rng)
    phase = 2 * np.pi * frequency * times + 0.25 * wobble(times) + float(rng.uniform(0, 2 * np.pi))
    main, side = (rng.normal(size=3) for _ in range(2))
    main /= np.linalg.norm(main)
    side = 0.35 * side / np.linalg.norm(side)
    lean = float(rng.uniform(0.1, 0.5))  # asymmetry of the sine
    swell = 1 + 0.06 * _wandering(times, 1.0, rng)(times)
    whole = np.outer(main, np.sin(phase + lean * np.sin(phase))) + np.outer(side, np.cos(phase))
    return _sized(swell * whole, size)


def ventricular_fibrillation(
    times: Floats, frequency: float, size: float, rng: np.random.Generator
) -> Floats:
    """Ventricular fibrillation (3, n_samples), up to about ``size`` mV, around ``frequency`` Hz."""
    total = np.zeros((3, len(times)))
    for number in range(OSCILLATORS):
        centre = float(np.clip(rng.normal(frequency, 1.2), SLOWEST + 0.6, FASTEST - 1.0))
        pace, loud = _wandering(times, 0.45, rng), _wandering(times, 0.4, rng)
        wandering = pace.antiderivative()
        phase = 2 * np.pi * (centre * times + 0.8 * wandering(times)) + float(rng.uniform(0, 2 * np.pi))
        turn = np.stack([_wandering(times, 0.9, rng)(times) for _ in range(3)])
        direction = rng.normal(size=(3, 1)) + 0.6 * turn
        sharp = np.sin(phase) + 0.25 * np.sin(2 * phase + float(rng.uniform(0, 2 * np.pi)))
        total += direction * np.exp(0.4 * loud(times)) * sharp / (1 + 0.12 * number)
    return _sized(total, size)


def _wandering(times: Floats, every: float, rng: np.random.Generator) -> CubicSpline:
    """A smooth random curve with a new value each ``every`` s, of standard deviation about 1."""
    first, last = float(times[0]) - 2 * every, float(times[-1]) + 2 * every
    knots = np.arange(first, last + every, every)
    return CubicSpline(knots, np.clip(rng.normal(size=len(knots)), -2, 2))


def _sized(dipole: Floats, size: float) -> Floats:
    """``dipole`` scaled so that its 99th centile in its largest lead is ``size`` mV."""
    largest = np.quantile(np.abs(project(dipole)), 0.99, axis=1).max()
    return np.asarray(dipole * (size / largest))
