"""Ventricles that beat too slowly or not at all, without block in the AV node: sinus arrest, asystole."""

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.heart import Heart, beat_at, p_at
from ecgapp.records.synthetic.plan import BEFORE, Plan, sinus_rhythm
from ecgapp.records.synthetic.timing import gain_at, sinus_times

FLOOR = 0.004  # mV: the noise of a recorder


def bradycardia(plan: Plan) -> Heart:
    """Sinus rhythm below 40/min."""
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, plan.narrow(), plan.between(0.15, 0.19))
    return Heart([beat for _, beat in beats])


def pause(plan: Plan) -> Heart:
    """Sinus rhythm that stops for 3 to 6 s; a sinus beat or a junctional one ends the pause."""
    length, shape = plan.between(3.1, 5.8), plan.narrow()
    before = sinus_rhythm(plan, BEFORE, max(plan.onset(1.0), plan.mean), plan.mean, shape)
    last = before[-1][0]
    length = min(length, plan.duration - last - 0.5)
    resumed = last + length
    after = sinus_rhythm(plan, resumed + plan.mean, plan.end + 2 * plan.mean, plan.mean, shape)
    pr = None if plan.variant == "junctional escape" else 0.16
    first = beat_at(resumed, 1.2, shape, pr, gain=gain_at(resumed))
    return Heart([*(beat for _, beat in before), first, *(beat for _, beat in after)])


def asystole(plan: Plan) -> Heart:
    """No ventricular complex to the record's end; in half of the seeds none at all."""
    onset = plan.onset(0.5)
    beats = []
    last = BEFORE
    if onset:
        conducted = sinus_rhythm(plan, BEFORE, max(onset, plan.mean), plan.mean, plan.narrow())
        beats, last = [beat for _, beat in conducted], conducted[-1][0]
    if plan.variant == "with P waves":
        beats += [p_at(time) for time in sinus_times(last + 0.6 * plan.mean, plan.end, plan.mean, plan.rng)]
    background = _agonal(plan, last) if plan.variant == "agonal baseline" else None
    return Heart(beats, background, noise=FLOOR)


def _agonal(plan: Plan, last: float) -> NDArray[np.float64]:
    """A baseline that still undulates slowly and low, (3, n_samples) in mV."""
    size, pace = plan.between(0.02, 0.05), plan.between(0.3, 0.7)
    phases = plan.rng.uniform(0, 2 * np.pi, (3, 1))
    course = np.sin(2 * np.pi * pace * plan.times + phases) * plan.rng.uniform(0.4, 1.0, (3, 1))
    risen = np.clip(plan.times - last - 0.6, 0, 1)
    return np.asarray(size * course * risen)
