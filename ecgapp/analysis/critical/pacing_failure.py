"""A critical finding: pacing without capture, spikes that no QRS complex follows.

A ventricular spike that captures is followed by its complex at once, an atrial one after the AV interval;
either delay is constant (Mulpuru et al. 2017, doi:10.1016/j.jacc.2016.10.061). Spikes without such a delay
are lost.
"""

import numpy as np
from numpy.typing import NDArray

from ecgapp.analysis.critical.facts import CriticalFacts
from ecgapp.analysis.critical.finding import CriticalFinding, CriticalKind

LONGEST_DELAY = 0.40  # s from an atrial spike to the R wave
AT_ONCE = 0.20  # s from a ventricular spike to the R wave of a broad complex
CONSTANT = 0.07  # s by which delays of captured spikes differ from their middle
FEWEST, SHARE = 3, 0.3  # spikes with one delay, at least, and their share of all
LOST = 2  # spikes, at least
SOURCE = "Mulpuru et al. 2017, doi:10.1016/j.jacc.2016.10.061"


def pacing_failure(facts: CriticalFacts) -> list[CriticalFinding]:
    """Spikes without capture, from the first to 0.2 s behind the last."""
    spikes = np.array(facts.quality.pacing)
    if spikes.size < LOST or facts.in_fibrillation(0.0, facts.record.duration):
        return []
    lost = spikes[~captured(spikes, facts.beats.times, facts.record.duration)]
    if lost.size < LOST:
        return []
    return [
        CriticalFinding(
            CriticalKind.PACING_FAILURE,
            f"pacing without capture, {lost.size} of {spikes.size} spikes",
            facts.leads,
            float(lost[0]),
            min(facts.record.duration, float(lost[-1]) + 0.2),
            f"No QRS complex follows {lost.size} of {spikes.size} pacing spikes at their usual delay.",
            "spikes of a nerve stimulator or an artefact, complexes too small to see, a spike in the "
            "refractory period of a beat of its own.",
            SOURCE,
        )
    ]


def captured(spikes: NDArray[np.float64], beats: NDArray[np.float64], duration: float) -> NDArray[np.bool_]:
    """Flags of the ``spikes`` (s) that a beat (s) follows at a delay that several spikes share.

    A spike too close to the record's end counts like the majority of the others.
    """
    following = np.searchsorted(beats, spikes)
    padded = np.append(beats, np.inf)
    delays = padded[following] - spikes
    has_capture = np.zeros(spikes.size, bool)
    for _ in range(2):  # atrial spikes have one delay, ventricular ones another
        open_delays = delays[~has_capture & (delays <= LONGEST_DELAY)]
        near = np.abs(open_delays[:, None] - open_delays[None]) <= CONSTANT
        if not near.size or near.sum(axis=0).max() < max(FEWEST, SHARE * spikes.size):
            break
        middle = float(open_delays[near.sum(axis=0).argmax()])
        has_capture |= np.abs(delays - middle) <= CONSTANT
    has_capture |= delays <= AT_ONCE / 2
    unjudged = (spikes > duration - AT_ONCE) & ~has_capture
    if unjudged.any() and (~unjudged).any():
        has_capture[unjudged] = has_capture[~unjudged].mean() > 0.5
    return has_capture
