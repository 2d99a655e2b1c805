"""Changes of the ST segment and the T wave: infarction, long QT interval, hyperkalaemia."""

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ecgapp.records.synthetic.dipole import Bump, Vector
from ecgapp.records.synthetic.heart import Heart, SyntheticBeat
from ecgapp.records.synthetic.rhythm_plan import BEFORE, RhythmPlan, sinus_rhythm
from ecgapp.records.synthetic.timing import focus_times, gain_at
from ecgapp.records.synthetic.ventricles import FRIDERICIA, Ventricles

LONG, LONGEST = 0.525, 0.615  # s, QTc
INJURY: MappingProxyType[str, Vector] = MappingProxyType(
    {  # mV: the ST segment points to the injured wall, away from the opposite one
        "anterior": (0.14, -0.10, -0.26),
        "inferior": (-0.01, 0.24, 0.06),
        "lateral": (0.30, -0.10, 0.03),
    }
)


def infarction(plan: RhythmPlan) -> Heart:
    """ST elevation of one territory with its mirror image, beyond the limits of the universal definition.

    Thygesen et al. (2018), doi:10.1161/CIR.0000000000000617: at the J point, in two contiguous leads,
    0.1 mV, in V2 and V3 0.25 mV (the limit of men below 40 years, the highest).
    """
    size, taller, normal = plan.between(1.05, 1.9), plan.between(0.6, 1.3), plan.narrow()
    injury = size * np.array(INJURY[plan.variant])
    t_vector = 0.6 * np.array(normal.t_vector) + taller * injury
    shape = Ventricles(normal.qrs, _scaled(t_vector, 1.0), (0.060, 0.042), _scaled(injury, 1.0))
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, shape)
    return Heart(beats, events=plan.whole("st_elevation"))


def long_qt(plan: RhythmPlan) -> Heart:
    """Sinus rhythm with a QTc (Fridericia) between 525 and 615 ms."""
    shape = slow_ventricles(plan, plan.variant, plan.mean)
    beats = sinus_rhythm(plan, BEFORE, plan.end, plan.mean, shape)
    return Heart(beats, events=plan.whole("long_qt"))


def slow_ventricles(plan: RhythmPlan, t_wave: str, rr: float) -> Ventricles:
    """Ventricles that repolarise late at an interval of ``rr`` s; ``t_wave`` is a variant of "long QT".

    The three forms are those of the long QT syndromes 1 to 3 (Moss et al. 1995, Circulation 92:2929).
    """
    longest = min(LONGEST, 0.80 * rr / float(np.cbrt(rr)))
    longer = (plan.between(LONG, longest) - FRIDERICIA) * float(np.cbrt(rr))
    normal, size = plan.narrow(), plan.between(0.7, 1.1)
    x, y, z = (size * part for part in normal.t_vector)
    widths = {"broad T": (0.090, 0.052), "late T": (0.045, 0.036), "notched T": (0.045, 0.045)}[t_wave]
    notch = (0.75 * x, 0.75 * y, 0.75 * z) if t_wave == "notched T" else None
    return Ventricles(normal.qrs, (x, y, z), widths, longer_qt=longer, t_notch=notch)


def sine_wave(plan: RhythmPlan) -> Heart:
    """Severe hyperkalaemia: no P wave, and the QRS complex merges with the T wave."""
    width = float(np.clip(plan.between(0.32, 0.40) * plan.mean, 0.20, 0.34))
    rng, size = plan.rng, plan.between(0.9, 1.6)
    direction = np.array((0.45, 0.60, 0.55)) * (1 if plan.chance(0.7) else -1)
    direction = direction + 0.15 * rng.normal(size=3).clip(-1.5, 1.5)
    main = size * direction / np.linalg.norm(direction)
    turned = main + 0.35 * size * rng.normal(size=3).clip(-1, 1)
    room = min(plan.mean - width, 0.95)  # s, of the T wave
    back = -plan.between(0.6, 0.9) * main
    beats = []
    for time in focus_times(BEFORE, plan.end, plan.mean, rng, jitter=0.015):
        qrs = [
            Bump(time - 0.1 * width, 0.16 * width, 0.18 * width, _scaled(main, gain_at(time))),
            Bump(time + 0.16 * width, 0.13 * width, 0.136 * width, _scaled(0.5 * turned, gain_at(time))),
        ]
        t_wave = Bump(time + 0.5 * width + 0.5 * room, 0.2 * room, 0.2 * room, _scaled(back, gain_at(time)))
        beats.append(SyntheticBeat({"QRS": qrs, "T": [t_wave]}))
    return Heart(beats, events=plan.whole("sine_wave"))


def _scaled(moment: NDArray[np.float64], gain: float) -> Vector:
    x, y, z = (gain * float(part) for part in moment)
    return x, y, z
