"""Supraventricular rhythms: tachycardia, flutter, pre-excitation, aberrant conduction."""

from dataclasses import replace

import numpy as np

from ecgapp.records.synthetic.dipole import Bump, Vector
from ecgapp.records.synthetic.heart import Heart, SyntheticBeat, beat_at, p_at
from ecgapp.records.synthetic.oscillation import atrial_fibrillation, saw_tooth
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, sinus_rhythm, sinus_until
from ecgapp.records.synthetic.timing import focus_times, gain_at, irregular_interval
from ecgapp.records.synthetic.ventricles import LBBB, RBBB, Ventricles

RETROGRADE = (  # from the AV node upwards, both atria at once
    Bump(0.0, 0.011, 0.012, (0.02, -0.13, -0.06)),
)
FOCI: tuple[tuple[Vector, Vector], ...] = (  # right and left part of the P wave of an atrial focus
    ((0.035, -0.100, -0.020), (0.045, -0.075, -0.030)),  # low, near the coronary sinus
    ((-0.04, 0.10, -0.05), (-0.09, 0.08, -0.07)),  # left pulmonary veins
    ((0.08, 0.11, -0.03), (0.12, 0.10, 0.03)),  # high crista terminalis
)


def reentry(plan: RhythmPlan) -> Heart:
    """Supraventricular tachycardia: narrow, regular, P waves hidden or just behind the QRS complex."""
    onset, normal = plan.onset(0.3), plan.narrow()
    before: list[SyntheticBeat] = []
    first = BEFORE + plan.between(0, plan.mean)
    if onset:
        mean = 60 / plan.between(65, 95)
        before, first = sinus_until(plan, onset - plan.between(0.42, 0.5), mean, normal), onset
    shape = replace(normal, st_vector=(-0.05, -0.04, 0.02), longer_qt=_shorter(plan.mean))
    times = focus_times(first, plan.end, plan.mean, plan.rng, jitter=0.006)
    beats = [beat_at(time, plan.mean, shape, gain=gain_at(time)) for time in times]
    if plan.variant == "retrograde P":
        delay = plan.between(0.07, 0.10)
        beats += [p_at(time + delay, RETROGRADE) for time in times]
    return Heart([*before, *beats], rated=(max(0.0, first), plan.duration))


def atrial_tachycardia(plan: RhythmPlan) -> Heart:
    """A focus in the atria whose every P wave is conducted; its P waves have their own axis."""
    right, left = FOCI[int(plan.rng.integers(len(FOCI)))]
    atria = (Bump(-0.012, 0.014, 0.014, right), Bump(0.013, 0.014, 0.014, left))
    shape = replace(plan.narrow(), longer_qt=_shorter(plan.mean))
    pr = plan.between(0.11, 0.14)
    times = focus_times(BEFORE + plan.between(0, plan.mean), plan.end, plan.mean, plan.rng, jitter=0.008)
    return Heart([beat_at(time, plan.mean, shape, pr, atria, gain_at(time)) for time in times])


def flutter(plan: RhythmPlan) -> Heart:
    """Typical atrial flutter at 250 to 330/min, conducted 2:1, 3:1, 4:1 or in changing ratios."""
    if plan.variant == "variable":
        atrial = plan.between(250, 330)
    else:
        atrial = plan.rate * int(plan.variant[0])
    period = 60 / atrial
    phase = plan.between(0.25, 0.75)
    beats: list[SyntheticBeat] = []
    number = int(np.floor(BEFORE / period))
    shape = plan.narrow()
    while number * period < plan.end:
        ratio = _ratio(plan, atrial)
        time = (number + phase) * period
        rr = ratio * period
        beats.append(beat_at(time, rr, replace(shape, longer_qt=_shorter(rr)), gain=gain_at(time)))
        number += ratio
    waves = saw_tooth(plan.times, atrial / 60, plan.between(0.18, 0.32), plan.rng)
    return Heart(beats, waves)


def pre_excitation(plan: RhythmPlan) -> Heart:
    """Wolff-Parkinson-White pattern: short PR interval, delta wave, QRS complex of 120 ms and more."""
    left = plan.variant == "left pathway"
    delta = np.array((0.10, 0.25, -0.45) if left else (0.45, -0.25, 0.30)) * plan.between(0.8, 1.2)
    delta = delta + 0.06 * plan.rng.normal(size=3)
    early = plan.between(0.040, 0.050)
    qrs = (
        Bump(-early, 0.0125, 0.013, (float(delta[0]), float(delta[1]), float(delta[2])), hold=0.018),
        Bump(0.0, 0.0125, 0.0125, (1.05, 0.50, 0.10)),
        Bump(0.023, 0.0105, 0.0110, (-0.12, -0.08, 0.55)),
    )
    back = (0.30 - 0.7 * delta[0], 0.14 - 0.7 * delta[1], -0.10 - 0.7 * delta[2])
    shape = Ventricles(qrs, (float(back[0]), float(back[1]), float(back[2])), longer_qt=0.03)
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, shape, plan.between(0.100, 0.112))
    return Heart(beats)


def aberrant(plan: RhythmPlan) -> Heart:
    """Sinus tachycardia with bundle branch block: broad complexes with P waves, below or above 120/min."""
    shape = LBBB if plan.variant.startswith("LBBB") else RBBB
    shape = replace(shape, longer_qt=shape.longer_qt - plan.between(0.0, 0.02))
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, shape, plan.between(0.14, 0.17))
    return Heart(beats)


def aberrant_fibrillation(plan: RhythmPlan) -> Heart:
    """Atrial fibrillation with left bundle branch block."""
    beats: list[SyntheticBeat] = []
    time = BEFORE
    while time < plan.end:
        rr = irregular_interval(plan.mean, plan.rng)
        time += rr
        beats.append(beat_at(time, (rr + plan.mean) / 2, LBBB, gain=gain_at(time)))
    return Heart(beats, atrial_fibrillation(len(plan.times), plan.config.sampling_rate, plan.rng))


def _ratio(plan: RhythmPlan, atrial: float) -> int:
    """The number of flutter waves until the next beat: two to four, on average as the plan's rate needs."""
    if plan.variant != "variable":
        return int(plan.variant[0])
    wanted = float(np.clip(atrial / plan.rate, 2.2, 3.8))
    return int(np.clip(round(wanted + plan.between(-1.2, 1.2)), 2, 4))


def _shorter(rr: float) -> float:
    """The change of QT, s, that lets the T wave end before the next QRS complex at intervals of ``rr`` s."""
    return min(0.0, 0.86 * rr - 0.395 * float(np.cbrt(rr)))
