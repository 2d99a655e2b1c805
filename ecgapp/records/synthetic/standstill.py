"""Slow or absent ventricular beats without AV block: sinus bradycardia, sinus arrest, asystole."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.heart import Heart, beat_at, p_at
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, sinus_rhythm, sinus_until
from ecgapp.records.synthetic.timing import gain_at, sinus_times

FLOOR = 0.004  # mV: the noise of a recorder


def bradycardia(plan: RhythmPlan) -> Heart:
    """Sinus rhythm below 40/min."""
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, plan.narrow(), plan.between(0.15, 0.19))
    return Heart(beats)


def pause(plan: RhythmPlan) -> Heart:
    """Sinus rhythm that stops for 3 to 6 s; a sinus beat or a junctional one ends the pause."""
    shape, last = plan.narrow(), plan.onset(1.0)
    resumed = last + min(plan.between(3.1, 5.8), plan.duration - last - 0.5)
    before = sinus_until(plan, last, plan.mean, shape)
    pr = None if plan.variant == "junctional escape" else 0.16
    first = beat_at(resumed, 1.2, shape, pr, gain=gain_at(resumed))
    after = sinus_rhythm(plan, resumed + plan.mean, plan.end + 2 * plan.mean, plan.mean, shape)
    return Heart([*before, first, *after])


def asystole(plan: RhythmPlan) -> Heart:
    """Asystole up to the record's end; in half of the seeds from its start."""
    last = plan.onset(0.5) or BEFORE
    beats = sinus_until(plan, last, plan.mean, plan.narrow())
    if plan.variant == "with P waves":
        atria = sinus_times(0.0, plan.end - last, plan.mean, plan.rng)
        beats += [p_at(last + 0.85 * plan.mean + time - atria[0]) for time in atria]
    background = _agonal(plan, last) if plan.variant == "agonal baseline" else None
    return Heart(beats, background, noise=FLOOR)


def _agonal(plan: RhythmPlan, last: float) -> NDArray[np.float64]:
    """A slowly undulating baseline of low amplitude, (3, n_samples) in mV."""
    size, pace = plan.between(0.02, 0.05), plan.between(0.3, 0.7)
    phases = plan.rng.uniform(0, 2 * np.pi, (3, 1))
    course = np.sin(2 * np.pi * pace * plan.times + phases) * plan.rng.uniform(0.4, 1.0, (3, 1))
    risen = np.clip(plan.times - last - 0.6, 0, 1)
    return np.asarray(size * course * risen)
