"""The sine-wave pattern of severe hyperkalaemia: complexes so broad that they run into the T wave.

The pattern is that of the textbooks (Mattu et al. 2000, doi:10.1053/ajem.2000.7344; Surawicz et al. 2009,
doi:10.1016/j.jacc.2008.12.014): no P waves, QRS and T one wave. The slopes show it: a pure sine's steepest
slope is pi times its rate times its height, that of a normal complex more than eight times as much. The
limits were chosen on synthetic ECGs and on real ones without the pattern, because no available data set
has it.
"""

import numpy as np

from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind

RATES = (30.0, 120.0)  # per minute; faster, broad complexes without the pattern look the same
STEEPEST = 3.1  # times the slope of a sine of the same rate and height
STILL = 0.42  # of the time in which the slope is less than a tenth of the steepest
REGULAR = 0.10  # median distance of RR from its median, as a share of that
FEWEST = 4  # beats
LONGEST = 15.0  # s that are used
SMALLEST = 0.3  # mV from top to bottom
SOURCE = "Surawicz et al. 2009, doi:10.1016/j.jacc.2008.12.014; limits chosen on synthetic ECGs"


def sine_wave(facts: CriticalFacts) -> list[CriticalFinding]:
    """The sine-wave pattern, if the whole record shows it."""
    rate, intervals = facts.beats.rate, facts.beats.intervals
    if facts.record.units != "mV" or facts.is_noise or rate is None:
        return []
    if facts.in_fibrillation(0.0, facts.record.duration):
        return []
    if not RATES[0] <= rate <= RATES[1] or len(facts.beats) < FEWEST:
        return []
    usual = float(np.median(intervals))
    if float(np.median(np.abs(intervals - usual))) > REGULAR * usual:
        return []
    steepness, still, height = _shape(facts, rate / 60)
    if steepness > STEEPEST or still > STILL or height < SMALLEST:
        return []
    return [
        CriticalFinding(
            CriticalKind.SINE_WAVE,
            f"sine-wave pattern, {rate:.0f}/min",
            facts.leads,
            0.0,
            facts.record.duration,
            f"QRS and T are one wave: its steepest slope is {steepness:.1f} times that of a sine "
            "(a normal ECG: more than 8).",
            "severe hyperkalaemia, poisoning by a sodium channel blocker, slow ventricular tachycardia, "
            "artefact.",
            SOURCE,
        )
    ]


def _shape(facts: CriticalFacts, frequency: float) -> tuple[float, float, float]:
    """The steepness relative to a sine, the share of time at rest, and the height in mV, over leads."""
    signal = facts.between(0.0, min(facts.record.duration, LONGEST))
    slopes = np.abs(np.gradient(signal, axis=-1)) * facts.record.sampling_rate
    low, high = np.quantile(signal, [0.005, 0.995], axis=-1)
    steepest = np.quantile(slopes, 0.995, axis=-1)
    height = np.maximum(high - low, 1e-6)
    against = steepest / (np.pi * frequency * height)
    still = (slopes < 0.1 * steepest[:, None]).mean(axis=-1)
    return float(np.median(against)), float(np.median(still)), float(height.max())
