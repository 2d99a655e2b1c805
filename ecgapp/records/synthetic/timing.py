"""Times of heartbeats: sinus rhythm with breathing, irregular conduction, regular foci."""

import numpy as np

BREATHING = 0.22  # Hz


def interval(mean: float, time: float, rng: np.random.Generator) -> float:
    """The next interval of sinus rhythm, s, which varies with breathing."""
    return mean * (1 + 0.025 * float(np.sin(2 * np.pi * BREATHING * time)) + 0.006 * float(rng.normal()))


def irregular_interval(mean: float, rng: np.random.Generator) -> float:
    """The next interval of atrial fibrillation, s: irregularly irregular."""
    floor = 0.65 * mean
    return floor + float(rng.gamma(2.2, (mean - floor) / 2.2))


def conducted(pr: float, rr: float) -> float:
    """The PR interval (s) at intervals of ``rr`` s: a fast heart conducts a little faster."""
    return pr * min(1.0, 0.6 + 0.5 * rr)


def gain_at(time: float) -> float:
    """The factor by which breathing, which turns the heart, changes the dipole at ``time`` (s)."""
    return 1 + 0.04 * float(np.sin(2 * np.pi * BREATHING * time))


def sinus_times(start: float, end: float, mean: float, rng: np.random.Generator) -> list[float]:
    """Times of a sinus rhythm, from up to ``mean`` s behind ``start`` to ``end`` (s)."""
    times, time = [], start + float(rng.uniform(0, mean))
    while time < end:
        times.append(time)
        time += interval(mean, time, rng)
    return times


def focus_times(
    start: float, end: float, mean: float, rng: np.random.Generator, jitter: float = 0.012
) -> list[float]:
    """Times from ``start`` to ``end`` (s) of a focus that fires every ``mean`` s, give or take ``jitter``."""
    times, time = [], start
    while time < end:
        times.append(time)
        time += mean * (1 + jitter * float(np.clip(rng.normal(), -2, 2)))
    return times
